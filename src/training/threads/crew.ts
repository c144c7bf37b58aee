import type { KernelBuild, KernelModule } from '../../kernels/build.js';
import type { Tensor } from '../../tensors/tensor.js';
import type { BatchParts, Part, PartResult, SharedWeights } from '../parts.js';
import { Line } from './line.js';
import type { Port } from './port.js';

/** A model for threads that run parts of its batches. Plain data, and a compiled module. */
export interface SharedModel {
  readonly module: KernelModule;
  readonly arithmetic: KernelBuild['arithmetic'];
  /** As a .safetensors file. */
  readonly file: Uint8Array;
  /** What it was compiled with, as text. */
  readonly compile: string;
}

/** What a crew asks of its threads. */
export type CrewQuestion =
  | { readonly kind: 'build'; readonly model: SharedModel }
  | { readonly kind: 'weights'; readonly weights: readonly Float32Array[] }
  | { readonly kind: 'run'; readonly where: string; readonly shared: SharedWeights; readonly parts: readonly Part[] };

/** Threads that run parts of batches; the thread that asks them runs some too. */
export class Crew {
  readonly #lines: readonly Line[];
  /** All that the threads were told between batches. */
  #told: Promise<unknown> = Promise.resolve();

  private constructor(lines: readonly Line[]) {
    this.#lines = lines;
  }

  /**
   * Lets each thread build the model, while this one goes on: the first batch waits for them.
   * @param ports to the threads beside this one; without any, all runs here
   */
  static open(ports: readonly Port[], describe: () => SharedModel): Crew {
    const crew = new Crew(ports.map((port) => new Line(port, refuse)));
    if (ports.length > 0) crew.#tell({ kind: 'build', model: describe() });
    return crew;
  }

  /** Runs the parts of a batch. @param own runs those that fall to this thread */
  async run(where: string, parts: readonly Part[], own: BatchParts): Promise<PartResult[]> {
    const results = new Map<Part, PartResult>();
    const shared = this.#lines.length === 0 ? null : own.shared;
    // The others first, and one more of the parts where they cannot be shared out evenly: this thread adds all up in the end.
    const share = (hand: number): Part[] => parts.filter((_, i) => i % (this.#lines.length + 1) === hand);
    const asked = this.#lines.map(async (line, hand) => {
      const theirs = share(hand);
      if (theirs.length === 0 || shared === null) return;
      const question: CrewQuestion = { kind: 'run', where, shared, parts: theirs };
      const came = (await line.ask(question)) as PartResult[];
      came.forEach((result, i) => {
        const part = theirs[i];
        if (part !== undefined) results.set(part, result);
      });
    });
    const all = Promise.all(asked);
    // If this thread fails first, nobody waits for the others.
    all.catch(() => undefined);
    for (const part of share(this.#lines.length)) results.set(part, own.run(where, part));
    // What they were told before came before these questions; where that failed, it says why.
    await this.#told;
    await all;
    return parts.flatMap((part) => results.get(part) ?? []);
  }

  /**
   * Weights were set from outside, also some that are not trained: the threads get all of them, while a batch brings them only what
   * training changes.
   */
  setWeights(read: () => readonly Tensor[]): void {
    if (this.#lines.length === 0) return;
    this.#tell({ kind: 'weights', weights: read().map(({ data }) => data) });
  }

  async close(): Promise<void> {
    await Promise.all(this.#lines.map((line) => line.close()));
  }

  #tell(question: CrewQuestion): void {
    this.#told = Promise.all([this.#told, ...this.#lines.map((line) => line.ask(question))]);
    // The next batch waits for it.
    this.#told.catch(() => undefined);
  }
}

function refuse(): never {
  throw new Error('threads of a crew ask nothing');
}
