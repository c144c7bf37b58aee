import { setSizes } from '../graph/inputs.js';
import { known } from '../plan/known.js';
import { Run, stateOffsets } from '../plan/runner.js';
import { stepsBefore } from '../plan/growth.js';
import { batch, evaluate, type Sizes } from '../plan/size.js';
import type { Workspace } from '../plan/workspace.js';
import type { Numbers } from '../tensors/tensor.js';
import { copyValues, KeptView } from './copy-values.js';
import { foldSteps } from './phase.js';
import type { StreamOutput, StreamPlan } from './stream-plan.js';

/** Steps that run at once; longer pushes run in blocks of so many. */
const blockSteps = 64;

/** Sequences side by side, all at the same place of their streams: their states, and how they go on. */
export class StreamRun {
  readonly plan: StreamPlan;
  readonly batch: number;
  readonly run = new Run();
  /** What matters of the steps since the start: a small integer, however long the stream is. */
  before = 0;
  /** Where each of the plan's states lies, for life. */
  readonly addresses: readonly number[];
  readonly stateBytes: number;
  readonly #workspace: Workspace;
  /** The sizes of a whole push, which may run in several blocks. */
  readonly #sizes: Sizes = new Map();
  /** Rows that a push has given so far, of each output. */
  readonly #given: number[] = [];
  /** The newest row of each output, sequence by sequence: what a forecast begins with. */
  readonly #last: Float32Array;
  readonly #lastWidth: number;
  /** Where inputs and outputs lie, in floats, and in which layout of the plan. */
  readonly #inputsAt: number[] = [];
  readonly #outputsAt: number[] = [];
  #found = -1;
  /** Of each output: its rows in the memory, and the newest of them. */
  readonly #out: readonly KeptView[];
  readonly #newest: readonly KeptView[];
  /** Whether a sequence has had one: 1. */
  readonly #hasLast: Uint8Array;

  constructor(plan: StreamPlan, workspace: Workspace, sequences: number) {
    this.plan = plan;
    this.batch = sequences;
    this.#workspace = workspace;
    this.run.set(batch, sequences);
    for (const { steps } of plan.inputs) this.run.set(steps, 1);
    this.run.set(stepsBefore, 0);
    this.stateBytes = stateOffsets(plan.runner.plan, this.run.sizes);
    this.run.stateAddress = workspace.allocate(this.stateBytes);
    this.addresses = plan.states.map(({ tensor }) => plan.runner.address(tensor, this.run));
    this.#lastWidth = plan.outputs.reduce((sum, { width }) => sum + width, 0);
    this.#last = new Float32Array(sequences * this.#lastWidth);
    this.#hasLast = new Uint8Array(sequences);
    this.#out = plan.outputs.map(() => new KeptView());
    this.#newest = plan.outputs.map(() => new KeptView());
  }

  /** Back to the start: zeros, and what the fixed inputs decide, which runs once. */
  start(fixed: readonly Numbers[]): void {
    const { start, runner } = this.plan;
    const { kernels } = this.#workspace;
    kernels.zero(this.run.stateAddress, this.stateBytes);
    this.before = 0;
    this.#hasLast.fill(0);
    if (start === null) return;
    const run = new Run();
    setSizes(run, start.inputs, fixed, this.batch);
    start.runner.prepare(run);
    // Only now: the memory may have grown.
    const { floats } = this.#workspace;
    start.inputs.forEach((symbolic, i) => {
      const staging = known(start.compiled.staging.get(symbolic), symbolic.node.layer.title);
      floats.set(fixed[i]?.data ?? [], start.runner.address(staging, run) / 4);
    });
    start.runner.execute(run);
    for (const { from, to } of start.states) {
      const [source, target] = [start.runner.address(from, run), runner.address(to, this.run)];
      // A copy of a state through importRows flushes what is below 2^-100, as whole runs do (layers/recurrent.ts).
      if (to.rowBytes > 0) kernels.importRows(source, target, this.batch, 1, to.rowBytes / 4);
      else kernels.copy(target, source, evaluate(to.bytes, run.sizes));
    }
  }

  /** Goes on from where another run of the same plan and batch is. */
  copyFrom(other: StreamRun): void {
    this.#workspace.kernels.copy(this.run.stateAddress, other.run.stateAddress, this.stateBytes);
    this.before = other.before;
    this.#last.set(other.#last);
    this.#hasLast.set(other.#hasLast);
  }

  /** The newest rows of one sequence, of all outputs, one behind the other; empty before the first. */
  lastOutputs(sequence: number): Float32Array {
    const from = sequence * this.#lastWidth;
    return this.#hasLast[sequence] === 1 ? this.#last.slice(from, from + this.#lastWidth) : new Float32Array();
  }

  setLastOutputs(sequence: number, values: Float32Array): void {
    this.#last.set(values, sequence * this.#lastWidth);
    this.#hasLast[sequence] = values.length > 0 ? 1 : 0;
  }

  /** Gives its memory back. */
  release(): void {
    this.#workspace.release(this.run.stateAddress);
    this.plan.runner.release(this.run);
  }

  /** Takes over the newest rows of a sequence that ran elsewhere: row `row` of `rows` in results [rows, steps, …]. */
  takeOutputs(sequence: number, results: readonly Float32Array[], row: number, rows: number): void {
    let at = sequence * this.#lastWidth;
    for (let i = 0; i < results.length; i++) {
      const values = results[i];
      const width = this.plan.outputs[i]?.width ?? 0;
      if (values !== undefined && values.length > 0) {
        copyValues(values, ((row + 1) * values.length) / rows - width, this.#last, at, width);
        this.#hasLast[sequence] = 1;
      }
      at += width;
    }
  }

  /** Says how many steps the next `push` has, for `rowsOf`. */
  setSteps(steps: number): void {
    if (this.plan.isEven) return;
    this.#sizes.set(batch, this.batch);
    this.#sizes.set(stepsBefore, this.before);
    for (const input of this.plan.inputs) this.#sizes.set(input.steps, steps);
  }

  /** Rows of an output that the next push gives. */
  rowsOf(output: StreamOutput, steps: number): number {
    return this.#rowsOf(output, steps, this.#sizes);
  }

  /** Makes room for so many steps at once, 64 at most. */
  prepare(steps: number): void {
    for (const input of this.plan.inputs) this.run.set(input.steps, steps);
    if (!this.plan.isEven) this.run.set(stepsBefore, this.before);
    this.plan.runner.prepare(this.run);
  }

  /** Runs so many steps: `data` [batch, steps, …] for each input, `results` [batch, rows, …] for each output. */
  push(data: readonly Float32Array[], steps: number, results: readonly Float32Array[]): void {
    for (let i = 0; i < results.length; i++) this.#given[i] = 0;
    for (let done = 0; done < steps; done += blockSteps) {
      this.#runBlock(data, steps, done, Math.min(blockSteps, steps - done), results);
    }
  }

  /** Looks up where inputs and outputs lie, if the plan was laid out anew: to do so at each push takes longer than a small layer. */
  #find(): void {
    const { runner, inputs, outputs } = this.plan;
    if (this.run.version === this.#found) return;
    for (let i = 0; i < inputs.length; i++) {
      const input = inputs[i];
      if (input !== undefined) this.#inputsAt[i] = runner.address(input.staging, this.run) / 4;
    }
    for (let i = 0; i < outputs.length; i++) {
      const output = outputs[i];
      if (output !== undefined) this.#outputsAt[i] = runner.address(output.dense, this.run) / 4;
    }
    this.#found = this.run.version;
  }

  #rowsOf(output: StreamOutput, steps: number, sizes: Sizes): number {
    if (steps === 0) return 0;
    if (output.rows === null) return 1;
    // Looking sizes up takes as long as a small layer (measured: 60 ns a push).
    if (this.plan.isEven) return steps;
    return evaluate(output.rows, sizes);
  }

  /**
   * Runs steps `from` … `from + count − 1` of a push. In the hot path: a view, an array or a destructured one would be an
   * allocation (tests/memory/memory.test.ts), so it copies in loops, and through views that are kept.
   */
  #runBlock(
    data: readonly Float32Array[],
    steps: number,
    from: number,
    count: number,
    results: readonly Float32Array[],
  ): void {
    const { runner, inputs, outputs, phase, isEven } = this.plan;
    const { run } = this;
    this.prepare(count);
    this.#find();
    const { floats } = this.#workspace;
    for (let i = 0; i < inputs.length; i++) {
      const input = inputs[i];
      const values = data[i];
      if (input === undefined || values === undefined) continue;
      const { width } = input;
      const target = this.#inputsAt[i] ?? 0;
      for (let b = 0; b < this.batch; b++) {
        copyValues(values, (b * steps + from) * width, floats, target + b * count * width, count * width);
      }
    }
    runner.execute(run);
    if (!isEven) this.before = foldSteps(phase, this.before + count);
    let at = 0;
    for (let i = 0; i < outputs.length; i++) {
      const output = outputs[i];
      const result = results[i];
      if (output === undefined || result === undefined) continue;
      const { width } = output;
      const rows = this.#rowsOf(output, count, run.sizes);
      const total = this.#rowsOf(output, steps, this.#sizes);
      // What has no steps of its own, or as many in each run, is there as of the last block.
      const first = output.rows === null || typeof output.rows === 'number' ? 0 : (this.#given[i] ?? 0);
      this.#given[i] = first + rows;
      const source = this.#outputsAt[i] ?? 0;
      if (rows === total) this.#out[i]?.copy(floats, source, result, 0, this.batch * rows * width);
      for (let b = 0; b < this.batch; b++) {
        if (rows < total) {
          copyValues(floats, source + b * rows * width, result, (b * total + first) * width, rows * width);
        }
        if (rows > 0) {
          const newest = source + (b * rows + rows - 1) * width;
          const place = b * this.#lastWidth + at;
          // A view that is kept serves one place.
          if (this.batch === 1) this.#newest[i]?.copy(floats, newest, this.#last, place, width);
          else copyValues(floats, newest, this.#last, place, width);
          this.#hasLast[b] = 1;
        }
      }
      at += width;
    }
  }
}
