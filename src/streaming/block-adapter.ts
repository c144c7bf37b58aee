import { fields, mismatch, optional, positiveInteger } from '../options/options.js';
import type { Session } from './session.js';

export interface BlockOptions {
  /** Steps that the model gets at once. */
  frame: number;
  /** Values of a sample. Default: those of a step. A model whose steps are frames of audio takes 1: then a step has many samples. */
  channels?: number;
}

/**
 * Blocks of any size in, frames of one size to the model, and as many samples out as came in, `delay` samples later: for audio
 * callbacks, whose blocks have the size that the host likes. Allocates nothing where `out` is given.
 */
export class BlockAdapter {
  /** Samples that the output lags behind: one less than a frame has. Zeros come first. */
  readonly delay: number;
  readonly #session: Session;
  readonly #where: string;
  /** Values of a sample, in and out. */
  readonly #channels: number;
  readonly #outChannels: number;
  readonly #input: Float32Array;
  readonly #output: Float32Array;
  /** Samples that wait for their frame to be full, and those that wait to go out: a ring. */
  #filled = 0;
  readonly #queue: Float32Array;
  #first = 0;
  #waiting = 0;

  /**
   * @param session of one sequence, of a model with one input and one output that has a row for each step
   * @throws TypeError for another one, or for an option out of range.
   */
  constructor(session: Session, options: BlockOptions) {
    const where = 'BlockAdapter';
    const read = fields(options, where, { frame: positiveInteger, channels: optional(positiveInteger, undefined) });
    const { inputs, outputs, isEven } = session.run.plan;
    const [input, output] = [inputs[0], outputs[0]];
    if (
      input === undefined ||
      output === undefined ||
      inputs.length + outputs.length > 2 ||
      !isEven ||
      session.batch > 1
    ) {
      throw new TypeError(
        `${where}: wants one sequence, of a model with one input and one output, a row for each step`,
      );
    }
    const { frame, channels = input.width } = read;
    const outChannels = (output.width * channels) / input.width;
    if (input.width % channels !== 0 || !Number.isInteger(outChannels) || output.rows === null) {
      mismatch(
        `${where}: channels`,
        `steps of ${input.width} and ${output.width} values to be whole samples`,
        channels,
      );
    }
    this.#session = session;
    this.#where = `${where}: push`;
    this.#channels = channels;
    this.#outChannels = outChannels;
    this.#input = new Float32Array(frame * input.width);
    this.#output = new Float32Array(frame * output.width);
    this.delay = this.#input.length / channels - 1;
    this.#queue = new Float32Array((this.delay + 1) * outChannels);
    this.reset();
  }

  /** Samples in, as many out. @throws TypeError for half a sample, or an `out` that is too small. */
  push(
    block: Float32Array,
    out: Float32Array = new Float32Array((block.length / this.#channels) * this.#outChannels),
  ): Float32Array {
    const samples = block.length / this.#channels;
    if (!Number.isInteger(samples)) mismatch(this.#where, `whole samples of ${this.#channels} values`, block.length);
    const wanted = samples * this.#outChannels;
    if (out.length < wanted) mismatch(this.#where, `out to have ${wanted} values`, out.length);
    for (let sample = 0; sample < samples; sample++) {
      this.#take(block, sample);
      this.#give(out, sample);
    }
    return out;
  }

  /** The samples that are still to come out, `delay` of them; the next push begins with zeros again. */
  flush(): Float32Array {
    const out = new Float32Array(this.delay * this.#outChannels);
    const due = this.#filled;
    // The model gets a whole frame, as always; what stands behind the last sample is silence.
    this.#input.fill(0, due * this.#channels);
    if (due > 0) this.#run(due);
    for (let sample = 0; sample < this.delay; sample++) this.#give(out, sample);
    this.reset();
    return out;
  }

  /** Forgets what waits, and begins with zeros; the session stays where it is. */
  reset(): void {
    this.#filled = 0;
    this.#first = 0;
    this.#queue.fill(0);
    this.#waiting = this.delay;
  }

  #take(block: Float32Array, sample: number): void {
    const channels = this.#channels;
    for (let c = 0; c < channels; c++) {
      this.#input[this.#filled * channels + c] = block[sample * channels + c] ?? 0;
    }
    this.#filled++;
    if (this.#filled * channels === this.#input.length) this.#run(this.#filled);
  }

  /** Runs the frame; the first `samples` of what comes of it go out. */
  #run(samples: number): void {
    this.#session.push(this.#input, this.#output);
    const room = this.delay + 1;
    const width = this.#outChannels;
    for (let sample = 0; sample < samples; sample++) {
      const place = (this.#first + this.#waiting) % room;
      for (let c = 0; c < width; c++) this.#queue[place * width + c] = this.#output[sample * width + c] ?? 0;
      this.#waiting++;
    }
    this.#filled = 0;
  }

  #give(out: Float32Array, sample: number): void {
    const width = this.#outChannels;
    for (let c = 0; c < width; c++) out[sample * width + c] = this.#queue[this.#first * width + c] ?? 0;
    this.#first = (this.#first + 1) % (this.delay + 1);
    this.#waiting--;
  }
}
