import { storedSize, storeValues, withoutPadding } from '../../graph/weights.js';
import { sizeOf } from '../../tensors/tensor.js';
import { mismatch } from '../../options/options.js';
import { known } from '../../plan/known.js';
import { trainingKernels } from '../../plan/training-kernels.js';
import type { Workspace } from '../../plan/workspace.js';
import type { Parameter, Parameters } from '../parameters.js';
import type { Block } from './backup.js';
import type { Slot } from './rule.js';

/** Values of slots as plain data, by weight and slot: lstm/kernel/mean. */
export type SavedSlots = Readonly<Record<string, { readonly data: Float32Array; readonly shape: readonly number[] }>>;

/** Blocks of floats beside every weight, in one block of memory: the first slot of all weights, then the second of all … */
export class Slots {
  readonly #workspace: Workspace;
  readonly #parameters: Parameters;
  readonly #slots: readonly Slot[];
  readonly #address: number;
  /** In bytes: where each weight's floats are in those of a slot. */
  readonly #offsets: readonly number[];

  constructor(workspace: Workspace, parameters: Parameters, slots: readonly Slot[]) {
    this.#workspace = workspace;
    this.#parameters = parameters;
    this.#slots = slots;
    const bytes = 4 * slots.length * parameters.count;
    this.#address = bytes === 0 ? 0 : parameters.allocateFor(this, bytes);
    let end = 0;
    this.#offsets = parameters.list.map(({ count }) => (end += 4 * count) - 4 * count);
    slots.forEach(({ initialValue = 0 }, slot) => {
      const { address, count } = this.block(slot);
      if (initialValue !== 0) trainingKernels(workspace).fill(address, count, initialValue);
    });
  }

  /** A slot of all weights, or several from it on. */
  block(slot: number, slots = 1): Block {
    const { count } = this.#parameters;
    return { address: this.#address + 4 * slot * count, count: slots * count };
  }

  /** A slot of one weight, by the weight's index. */
  address(slot: number, weight: number): number {
    return this.block(slot).address + known(this.#offsets[weight], 'a weight');
  }

  /** √ Σ x² over a slot of all weights. */
  norm(slot: number): number {
    const { address, count } = this.block(slot);
    return Math.sqrt(trainingKernels(this.#workspace).sumOfSquares(address, count));
  }

  save(): SavedSlots {
    const { floats } = this.#workspace;
    const entries = this.#entries().map(({ name, parameter: { spec }, address }) => {
      const data = withoutPadding(spec, floats.subarray(address / 4, address / 4 + storedSize(spec)));
      return [name, { data, shape: spec.shape }] as const;
    });
    return Object.fromEntries(entries);
  }

  /** @throws TypeError, naming the tensor, for what `restore` could not go on with. */
  check(where: string, saved: SavedSlots): void {
    const entries = this.#entries();
    const names = new Set(entries.map(({ name }) => name));
    for (const name of Object.keys(saved)) {
      if (!names.has(name)) mismatch(where, `tensors of this optimizer and these weights`, `"${name}"`);
    }
    for (const { name, slot, parameter } of entries) {
      const { data } = (Object.hasOwn(saved, name) ? saved[name] : undefined) ?? mismatch(where, `"${name}"`, 'none');
      const length = sizeOf(parameter.spec.shape);
      if (data.length !== length) mismatch(`${where}: ${name}`, `${length} values`, data.length);
      const bad = data.find((value) => !Number.isFinite(value) || (slot.isSquare === true && value < 0));
      const expected = slot.isSquare === true ? 'finite values, none negative' : 'finite values';
      if (bad !== undefined) mismatch(`${where}: ${name}`, expected, bad);
    }
  }

  /** Takes back what `check` has seen. */
  restore(saved: SavedSlots): void {
    const { floats } = this.#workspace;
    for (const { name, parameter, address } of this.#entries()) {
      const { spec, count } = parameter;
      storeValues(spec, known(saved[name], name).data, floats.subarray(address / 4, address / 4 + count));
    }
  }

  /** Gives its memory back; where nobody calls it, that comes when it is garbage. */
  release(): void {
    if (this.#address > 0) this.#parameters.releaseOf(this, this.#address);
  }

  #entries(): { name: string; slot: Slot; parameter: Parameter; address: number }[] {
    return this.#slots.flatMap((slot, s) =>
      this.#parameters.list.map((parameter, weight) => {
        return { name: `${parameter.path}/${slot.name}`, slot, parameter, address: this.address(s, weight) };
      }),
    );
  }
}
