import { checksOf, namesOf, pick, type ValueCheck } from '../graph/inputs.js';
import { mismatch } from '../options/options.js';
import { readNumbers } from '../tensors/tensor.js';
import type { Streamed, StreamInput } from './stream-plan.js';

/** Reads what is pushed, to one session or to many, and checks it against what the model's inputs want. */
export class PushReader {
  /** How errors call a push. */
  readonly where: string;
  readonly #inputs: readonly StreamInput[];
  readonly #names: readonly string[];
  /** What layers want of the values beside their shape, by input. */
  readonly #checks: readonly (readonly ValueCheck[])[];

  constructor({ name, graph, plan }: Streamed) {
    this.where = `${name}: push`;
    this.#inputs = plan.inputs;
    this.#names = [...namesOf(plan.inputs.map(({ symbolic }) => symbolic)).values()];
    this.#checks = plan.inputs.map(({ symbolic }) => checksOf(this.where, graph, symbolic));
  }

  /**
   * The values of each input, which must have equal numbers of steps.
   * @param stepsOf how many steps a shape has; it refuses one that does not fit
   */
  read(
    x: unknown,
    stepsOf: (where: string, input: StreamInput, shape: readonly number[]) => number,
  ): { readonly data: readonly Float32Array[]; readonly steps: number } {
    const where = this.#names.map((name) => (this.#names.length === 1 ? this.where : `${this.where}: "${name}"`));
    const given = pick(this.where, this.#names, x).map((value, i) => readNumbers(value, where[i] ?? ''));
    const steps = this.#inputs.map((input, i) => stepsOf(where[i] ?? '', input, given[i]?.shape ?? []));
    const [first = 0] = steps;
    if (steps.some((count) => count !== first)) {
      mismatch(this.where, 'as many steps of each input', steps.join(' and '));
    }
    given.forEach(({ data, shape }, i) => {
      this.check(i, data, shape);
    });
    return { data: given.map(({ data }) => data), steps: first };
  }

  /** Without `shape` of flat values. In the hot path. */
  check(input: number, data: Float32Array, shape?: readonly number[]): void {
    const checks = this.#checks[input] ?? [];
    if (checks.length > 0) for (const check of checks) check(data, shape);
  }

  /** Throws unless so many values have room in what the user gave for them. */
  checkOut(out: unknown, wanted: number): void {
    if (out instanceof Float32Array && out.length >= wanted) return;
    const came = out instanceof Float32Array ? out.length : typeof out;
    mismatch(this.where, `out to be a Float32Array of at least ${wanted} values`, came);
  }
}
