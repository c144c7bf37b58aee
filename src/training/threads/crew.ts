import type { KernelBuild } from '../../kernels/build.js';
import type { BatchParts, Part, PartResult, SharedWeights } from '../parts.js';
import { Line } from './line.js';
import type { Port } from './port.js';

/** A model for threads that run parts of its batches. Plain data, and a compiled module. */
export interface SharedModel {
  readonly module: WebAssembly.Module;
  readonly arithmetic: KernelBuild['arithmetic'];
  /** As a .safetensors file. */
  readonly file: Uint8Array;
  /** What it was compiled with, as text. */
  readonly compile: string;
}

/** What a crew asks of its threads. */
export type CrewQuestion =
  | { readonly kind: 'build'; readonly model: SharedModel }
  | { readonly kind: 'run'; readonly where: string; readonly shared: SharedWeights; readonly parts: readonly Part[] };

/** Threads that run parts of batches; the thread that asks them runs some too. */
export class Crew {
  readonly #lines: readonly Line[];

  private constructor(lines: readonly Line[]) {
    this.#lines = lines;
  }

  /**
   * Lets each thread build the model.
   * @param ports to the threads beside this one; without any, all runs here
   * @param paths the weights that are trained
   * @throws Error when a thread cannot, or trains other weights
   */
  static async open(
    where: string,
    ports: readonly Port[],
    describe: () => SharedModel,
    paths: readonly string[],
  ): Promise<Crew> {
    const crew = new Crew(ports.map((port) => new Line(port, refuse)));
    try {
      const model = ports.length === 0 ? null : describe();
      const built = crew.#lines.map((line) => line.ask({ kind: 'build', model }));
      for (const own of (await Promise.all(built)) as string[][]) {
        if (own.join() === paths.join()) continue;
        throw new Error(`${where}: workers: trainable was set since the model was compiled; compile it again`);
      }
    } catch (error) {
      await crew.close();
      throw error;
    }
    return crew;
  }

  /** Runs the parts of a batch. @param own runs those that fall to this thread */
  async run(where: string, parts: readonly Part[], own: BatchParts): Promise<PartResult[]> {
    const results = new Map<Part, PartResult>();
    // The others first, and one more of the parts where they cannot be shared out evenly: this thread adds all up in the end.
    const share = (hand: number): Part[] => parts.filter((_, i) => i % (this.#lines.length + 1) === hand);
    const asked = this.#lines.flatMap(async (line, hand) => {
      const theirs = share(hand);
      if (theirs.length === 0) return;
      const question: CrewQuestion = { kind: 'run', where, shared: own.shared, parts: theirs };
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
    await all;
    return parts.flatMap((part) => results.get(part) ?? []);
  }

  async close(): Promise<void> {
    await Promise.all(this.#lines.map((line) => line.close()));
  }
}

function refuse(): never {
  throw new Error('threads of a crew ask nothing');
}
