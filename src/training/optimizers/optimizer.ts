import type { TrainingKernels } from '../../kernels/generated/kernels.js';
import { fields, mismatch, oneOf, optional, refuse, type Reader } from '../../options/options.js';
import { trainingKernels } from '../../plan/training-kernels.js';
import type { Workspace } from '../../plan/workspace.js';
import type { Parameters } from '../parameters.js';
import { AdagradRule, adagradFields, type AdagradOptions } from './adagrad.js';
import { AdamRule, adamFields, type AdamOptions } from './adam.js';
import { Backup, type Block } from './backup.js';
import { clippingFields, clipGradients, type ClippingOptions } from './clipping.js';
import { positiveFloat } from './positive-float.js';
import { RmspropRule, rmspropFields, type RmspropOptions } from './rmsprop.js';
import type { OptimizerRule } from './rule.js';
import { SgdRule, sgdFields, type SgdOptions } from './sgd.js';

/** What `compile` takes: a name for the defaults, or an object of `optimizers`. */
export type OptimizerOption = Optimizer['kind'] | Optimizer;

/** An optimizer's options, as data. Made by `optimizers`. */
export type Optimizer =
  | ({ readonly kind: 'sgd' } & SgdOptions)
  | ({ readonly kind: 'adam' } & AdamOptions)
  | ({ readonly kind: 'rmsprop' } & RmspropOptions)
  | ({ readonly kind: 'adagrad' } & AdagradOptions);

/** Optimizers with options: `model.compile({ optimizer: optimizers.adam({ learningRate: 0.01 }), … })`. */
export const optimizers = {
  /** Stochastic gradient descent: v ← μ·v − lr·g, w ← w + v. Defaults: learningRate 0.01, momentum 0, nesterov false. */
  sgd: (options: SgdOptions = {}): Optimizer => ({ kind: 'sgd', ...options }),
  /**
   * Adam (Kingma & Ba 2015, Algorithm 1): w ← w − lr·m̂ / (√v̂ + ε). Defaults: learningRate 0.001, beta1 0.9, beta2 0.999,
   * epsilon 1e-7. `epsilonHat: true` gives Keras's form, which adds ε before the bias correction of v.
   */
  adam: (options: AdamOptions = {}): Optimizer => ({ kind: 'adam', ...options }),
  /**
   * RMSprop (Tieleman & Hinton 2012): v ← ρ·v + (1 − ρ)·g², w ← w − lr·g / √(v + ε). Defaults: learningRate 0.001, rho 0.9,
   * momentum 0, epsilon 1e-7, centered false, epsilonOutside false.
   */
  rmsprop: (options: RmspropOptions = {}): Optimizer => ({ kind: 'rmsprop', ...options }),
  /**
   * Adagrad (Duchi et al. 2011): a ← a + g², w ← w − lr·g / √(a + ε). Defaults: learningRate 0.001, initialAccumulatorValue
   * 0.1, epsilon 1e-7, epsilonOutside false.
   */
  adagrad: (options: AdagradOptions = {}): Optimizer => ({ kind: 'adagrad', ...options }),
};

const kindOf = (value: unknown, where: string): Optimizer['kind'] => {
  const kind = typeof value === 'object' && value !== null && 'kind' in value ? value.kind : value;
  return oneOf(['sgd', 'adam', 'rmsprop', 'adagrad'])(kind, where);
};

/** What an optimizer remembers. */
export interface SavedOptimizer {
  readonly numbers: Readonly<Record<string, number>>;
  /** The slots of every weight, one behind the other. */
  readonly slots: Float32Array;
}

/** What float32 holds with room to spare for rounding: its largest number is 3.4e38. */
const safeMagnitude = 1e38;

/** The optimizer of a compiled model, with what it remembers. */
export class OptimizerState {
  readonly #workspace: Workspace;
  readonly #rule: OptimizerRule;
  readonly #clipping: ClippingOptions;
  readonly #parameters: Parameters;
  /** What the rule remembers of each weight: the addresses of its slots, which lie in one block. */
  readonly #slots: readonly (readonly number[])[];
  readonly #block: Block;
  readonly #backup: Backup;

  constructor(where: string, option: unknown, workspace: Workspace, parameters: Parameters) {
    const { rule, clipping } = readOptimizer(option, where);
    this.#workspace = workspace;
    this.#rule = rule;
    this.#clipping = clipping;
    this.#parameters = parameters;
    const count = rule.slots * parameters.count;
    this.#block = { address: count === 0 ? 0 : parameters.allocateFor(this, 4 * count), count };
    const { initialSlotValue = 0 } = rule;
    if (initialSlotValue !== 0) trainingKernels(workspace).fill(this.#block.address, count, initialSlotValue);
    let end = this.#block.address;
    this.#slots = parameters.list.map((parameter) =>
      Array.from({ length: rule.slots }, () => {
        const slot = end;
        end += 4 * parameter.count;
        return slot;
      }),
    );
    const weights = parameters.list.map(({ values, count }): Block => ({ address: values, count }));
    this.#backup = new Backup(workspace, [...weights, this.#block]);
  }

  /**
   * Clips the gradients, whose global norm is known, and changes the weights by them.
   * @returns what overflowed, if something did: then all is as it was before the step; null if all is well.
   */
  step(norm: number): string | null {
    const kernels = trainingKernels(this.#workspace);
    clipGradients(kernels, this.#parameters.list, this.#clipping, norm);
    // A copy of weights and slots costs more than a small batch's step: it is made only where it may be needed.
    const isSafe = this.#parameters.norm('values') + this.#rule.beginStep(norm) < safeMagnitude;
    if (!isSafe) this.#save();
    this.#parameters.list.forEach((parameter, i) => {
      this.#rule.update(kernels, parameter, this.#slots[i] ?? []);
    });
    const overflown = isSafe ? null : this.#overflown(kernels);
    if (overflown !== null) {
      this.#backup.restore();
      this.#rule.undoStep();
    }
    return overflown;
  }

  #save(): void {
    try {
      this.#backup.save();
    } catch (error) {
      // There is no room for it.
      this.#rule.undoStep();
      throw error;
    }
  }

  /** Of the next step. */
  get learningRate(): number {
    return this.#rule.learningRate;
  }

  set learningRate(value: number) {
    this.#rule.learningRate = value;
  }

  /** All that it remembers, to go on from with `restore`. */
  save(): SavedOptimizer {
    const { floats } = this.#workspace;
    const { address, count } = this.#block;
    const numbers = { ...(this.#rule.numbers as Record<string, number>), learningRate: this.learningRate };
    return { numbers, slots: floats.slice(address / 4, address / 4 + count) };
  }

  /** Goes on from what `save` gave, of the same optimizer over the same weights. */
  restore(where: string, { numbers, slots }: SavedOptimizer): void {
    const { learningRate, ...own } = numbers;
    const names = Object.keys(this.#rule.numbers).join(', ');
    if (Object.keys(own).join(', ') !== names)
      mismatch(where, `an optimizer with ${names}`, Object.keys(own).join(', '));
    if (slots.length !== this.#block.count) mismatch(where, `${this.#block.count} values of it`, slots.length);
    const rate = positiveFloat(learningRate, `${where}: learningRate`);
    this.#workspace.floats.set(slots, this.#block.address / 4);
    this.#rule.numbers = own;
    this.#rule.learningRate = rate;
  }

  /** Gives its memory back; where nobody calls it, that comes when the optimizer is garbage. */
  release(): void {
    if (this.#block.count > 0) this.#parameters.releaseOf(this, this.#block.address);
  }

  #overflown(kernels: TrainingKernels): string | null {
    for (const [i, { path, values, count }] of this.#parameters.list.entries()) {
      if (kernels.firstNonFinite(values, count) >= 0) return `the weight ${path}`;
      const isBad = this.#slots[i]?.some((slot) => kernels.firstNonFinite(slot, count) >= 0) ?? false;
      if (isBad) return `what the optimizer remembers of the weight ${path}`;
    }
    return null;
  }
}

function readOptimizer(option: unknown, where: string): { rule: OptimizerRule; clipping: ClippingOptions } {
  const kind = kindOf(option, where);
  const given = typeof option === 'object' && option !== null ? option : { kind };
  const readKind = { kind: optional(oneOf([kind]), kind) };
  const clippingOf = ({ clipValue, clipNorm, globalClipNorm }: ClippingOptions): ClippingOptions => {
    const set = [clipValue, clipNorm, globalClipNorm].filter((limit) => limit !== undefined);
    if (set.length > 1) refuse(where, 'at most one of clipValue, clipNorm, globalClipNorm', given);
    return { clipValue, clipNorm, globalClipNorm };
  };
  const read = <S extends Record<string, Reader<unknown>>>(own: S) =>
    fields(given, `${where} ${kind}`, { ...readKind, ...own, ...clippingFields });
  const ruleOf = (): { rule: OptimizerRule; options: ClippingOptions } => {
    switch (kind) {
      case 'sgd': {
        const options = read(sgdFields);
        return { rule: new SgdRule(options), options };
      }
      case 'adam': {
        const options = read(adamFields);
        return { rule: new AdamRule(options), options };
      }
      case 'rmsprop': {
        const options = read(rmspropFields);
        return { rule: new RmspropRule(options), options };
      }
      case 'adagrad': {
        const options = read(adagradFields);
        return { rule: new AdagradRule(options), options };
      }
    }
  };
  const { rule, options } = ruleOf();
  return { rule, clipping: clippingOf(options) };
}
