import type { TrainingKernels } from '../../kernels/generated/kernels.js';
import {
  asGiven,
  fields,
  mismatch,
  nonNegative,
  nonNegativeInteger,
  oneOf,
  refuse,
  type Reader,
} from '../../options/options.js';
import { trainingKernels } from '../../plan/training-kernels.js';
import type { Workspace } from '../../plan/workspace.js';
import type { Parameters } from '../parameters.js';
import { AdagradRule, adagradFields, type AdagradOptions } from './adagrad.js';
import {
  AdadeltaRule,
  adadeltaFields,
  AdamaxRule,
  LionRule,
  lionFields,
  NadamRule,
  nadamFields,
  type AdadeltaOptions,
  type LionOptions,
  type NadamOptions,
} from './adaptive.js';
import { AdamRule, adamFields, type AdamOptions } from './adam.js';
import { Backup, type Block } from './backup.js';
import { readSchedule, type RateAt } from '../schedules.js';
import { clipGradients, type ClippingOptions } from './clipping.js';
import { commonFields } from './common.js';
import { positiveFloat } from './positive-float.js';
import { RmspropRule, rmspropFields, type RmspropOptions } from './rmsprop.js';
import type { OptimizerRule } from './rule.js';
import { SgdRule, sgdFields, type SgdOptions } from './sgd.js';

/** What `compile` takes: a name for the defaults, or an object of `optimizers`. */
export type OptimizerOption = Optimizer['kind'] | Optimizer;

/** An optimizer's options, as data. Made by `optimizers`. */
export type Optimizer =
  | ({ readonly kind: 'sgd' } & SgdOptions)
  | ({ readonly kind: 'adam' | 'adamW' } & AdamOptions)
  | ({ readonly kind: 'nadam' | 'adamax' } & NadamOptions)
  | ({ readonly kind: 'rmsprop' } & RmspropOptions)
  | ({ readonly kind: 'adagrad' } & AdagradOptions)
  | ({ readonly kind: 'adadelta' } & AdadeltaOptions)
  | ({ readonly kind: 'lion' } & LionOptions);

/**
 * Optimizers with options: `model.compile({ optimizer: optimizers.adam({ learningRate: 0.01 }), … })`. All take `learningRate` (a number,
 * one of `schedules`, or a function of the step), `clipValue`, `clipNorm` or `globalClipNorm`, `weightDecay` and `excludeFromWeightDecay`.
 */
export const optimizers = {
  /** Stochastic gradient descent: v ← μ·v − lr·g, w ← w + v. Defaults: learningRate 0.01, momentum 0, nesterov false. */
  sgd: (options: SgdOptions = {}): Optimizer => ({ kind: 'sgd', ...options }),
  /**
   * Adam (Kingma & Ba 2015, Algorithm 1): w ← w − lr·m̂ / (√v̂ + ε). Defaults: learningRate 0.001, beta1 0.9, beta2 0.999,
   * epsilon 1e-7, amsgrad false. `epsilonHat: true` gives Keras's form, which adds ε before the bias correction of v.
   */
  adam: (options: AdamOptions = {}): Optimizer => ({ kind: 'adam', ...options }),
  /** Adam with decay of the weights, 0.004 by default (Loshchilov & Hutter 2019). */
  adamW: (options: AdamOptions = {}): Optimizer => ({ kind: 'adamW', ...options }),
  /** Adam with Nesterov's momentum (Dozat 2016). Defaults: learningRate 0.001, beta1 0.9, beta2 0.999, epsilon 1e-7. */
  nadam: (options: NadamOptions = {}): Optimizer => ({ kind: 'nadam', ...options }),
  /** Adam by the greatest gradient (Kingma & Ba 2015, section 7.1). Defaults: learningRate 0.001, beta1 0.9, beta2 0.999, epsilon 1e-7. */
  adamax: (options: NadamOptions = {}): Optimizer => ({ kind: 'adamax', ...options }),
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
  /** Adadelta (Zeiler 2012): steps as long as those before. Defaults: learningRate 0.001, rho 0.95, epsilon 1e-7. */
  adadelta: (options: AdadeltaOptions = {}): Optimizer => ({ kind: 'adadelta', ...options }),
  /** Lion (Chen et al. 2023): w ← w − lr·sign(…). Defaults: learningRate 0.001, beta1 0.9, beta2 0.99. */
  lion: (options: LionOptions = {}): Optimizer => ({ kind: 'lion', ...options }),
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
  readonly #options: ReadCommon;
  /** null: the rate is a number, which may be set. */
  readonly #rateAt: RateAt | null;
  #steps = 0;
  #gradientNorm = 0;
  /** Batches whose gradients wait for a step. */
  #waiting = 0;
  readonly #parameters: Parameters;
  /** What the rule remembers of each weight: the addresses of its slots, which lie in one block. */
  readonly #slots: readonly (readonly number[])[];
  /** Behind these, for each weight: where gradients are summed, and the moving average; 0: neither is wanted. */
  readonly #sums: readonly number[];
  readonly #averages: readonly number[];
  readonly #block: Block;
  readonly #backup: Backup;

  constructor(where: string, option: unknown, workspace: Workspace, parameters: Parameters) {
    const { rule, options, rateAt } = readOptimizer(option, where);
    this.#workspace = workspace;
    this.#rule = rule;
    this.#options = options;
    this.#rateAt = rateAt;
    // A schedule is checked at once.
    this.#rule.learningRate = this.#rateNow();
    this.#parameters = parameters;
    const [sums, averages] = [options.gradientAccumulationSteps > 1 ? 1 : 0, options.useEma ? 1 : 0];
    const count = (rule.slots + sums + averages) * parameters.count;
    this.#block = { address: count === 0 ? 0 : parameters.allocateFor(this, 4 * count), count };
    const { initialSlotValue = 0 } = rule;
    if (initialSlotValue !== 0) {
      trainingKernels(workspace).fill(this.#block.address, rule.slots * parameters.count, initialSlotValue);
    }
    let end = this.#block.address;
    const next = (floats: number): number => (end += 4 * floats) - 4 * floats;
    this.#slots = parameters.list.map((one) => Array.from({ length: rule.slots }, () => next(one.count)));
    this.#sums = parameters.list.map((one) => (sums > 0 ? next(one.count) : 0));
    this.#averages = parameters.list.map((one) => (averages > 0 ? next(one.count) : 0));
    const weights = parameters.list.map(({ values, count }): Block => ({ address: values, count }));
    this.#backup = new Backup(workspace, [...weights, this.#block]);
  }

  /**
   * Clips the gradients, whose global norm is known, and changes the weights by them.
   * @returns what overflowed, if something did: then all is as it was before the step; null if all is well.
   */
  step(norm: number): string | null {
    const { gradientAccumulationSteps } = this.#options;
    if (gradientAccumulationSteps === 1) return this.#step(norm);
    const kernels = trainingKernels(this.#workspace);
    this.#parameters.list.forEach(({ gradient, count }, i) => {
      kernels.accumulate(this.#sums[i] ?? 0, gradient, count);
    });
    this.#gradientNorm = norm;
    if (++this.#waiting < gradientAccumulationSteps) return null;
    // What was summed is used up, whether or not the step succeeds.
    this.#waiting = 0;
    this.#parameters.list.forEach(({ gradient, count }, i) => {
      kernels.copy(gradient, this.#sums[i] ?? 0, 4 * count);
      kernels.scale(gradient, count, 1 / gradientAccumulationSteps);
      kernels.zero(this.#sums[i] ?? 0, 4 * count);
    });
    return this.#step(this.#parameters.norm('gradient'));
  }

  /** The weights become their moving averages, if these are kept: what `fit` ends with. Gives whether anything changed. */
  finalize(): boolean {
    if (!this.#options.useEma || this.#steps === 0) return false;
    this.#overwrite();
    return true;
  }

  #overwrite(): void {
    this.#parameters.list.forEach(({ values, count }, i) => {
      this.#workspace.kernels.copy(values, this.#averages[i] ?? 0, 4 * count);
    });
  }

  /** The first step's average is the weights. */
  #average(): void {
    const { useEma, emaMomentum, emaOverwriteFrequency } = this.#options;
    if (!useEma) return;
    const kernels = trainingKernels(this.#workspace);
    this.#parameters.list.forEach(({ values, count }, i) => {
      kernels.movingAverage(this.#averages[i] ?? 0, values, count, this.#steps === 0 ? 0 : emaMomentum);
    });
    if (emaOverwriteFrequency !== undefined && (this.#steps + 1) % emaOverwriteFrequency === 0) this.#overwrite();
  }

  #step(norm: number): string | null {
    const kernels = trainingKernels(this.#workspace);
    this.#gradientNorm = norm;
    this.#rule.learningRate = this.#rateNow();
    clipGradients(kernels, this.#parameters.list, this.#options, norm);
    // A copy of weights and slots costs more than a small batch's step: it is made only where it may be needed.
    const isSafe = this.#parameters.norm('values') + this.#rule.beginStep(norm) < safeMagnitude;
    if (!isSafe) this.#save();
    const { weightDecay, excludeFromWeightDecay } = this.#options;
    this.#parameters.list.forEach((parameter, i) => {
      const { path, values, count } = parameter;
      if (weightDecay > 0 && !excludeFromWeightDecay.some((name) => path.includes(name))) {
        kernels.scale(values, count, 1 - weightDecay * this.learningRate);
      }
      this.#rule.update(kernels, parameter, this.#slots[i] ?? []);
    });
    const overflown = isSafe ? null : this.#overflown(kernels);
    if (overflown === null) {
      this.#average();
      this.#steps++;
    } else {
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

  /** @throws Error where a schedule decides it. */
  setLearningRate(where: string, value: unknown): void {
    if (this.#rateAt !== null) throw new Error(`${where}: a schedule of the optimizer decides it`);
    this.#rule.learningRate = positiveFloat(value, where);
  }

  /** Of all gradients of the last step, before they were clipped. */
  get gradientNorm(): number {
    return this.#gradientNorm;
  }

  #rateNow(): number {
    return this.#rateAt === null
      ? this.#rule.learningRate
      : this.#rateAt(trainingKernels(this.#workspace), this.#steps);
  }

  /** All that it remembers, to go on from with `restore`. */
  save(): SavedOptimizer {
    const { floats } = this.#workspace;
    const { address, count } = this.#block;
    const numbers = {
      ...(this.#rule.numbers as Record<string, number>),
      learningRate: this.learningRate,
      steps: this.#steps,
      waiting: this.#waiting,
    };
    return { numbers, slots: floats.slice(address / 4, address / 4 + count) };
  }

  /** Goes on from what `save` gave, of the same optimizer over the same weights. */
  restore(where: string, { numbers, slots }: SavedOptimizer): void {
    const { learningRate, steps, waiting, ...own } = numbers;
    const names = Object.keys(this.#rule.numbers).join(', ');
    if (Object.keys(own).join(', ') !== names)
      mismatch(where, `an optimizer with ${names}`, Object.keys(own).join(', '));
    if (slots.length !== this.#block.count) mismatch(where, `${this.#block.count} values of it`, slots.length);
    this.#workspace.floats.set(slots, this.#block.address / 4);
    this.#rule.numbers = own;
    this.#steps = nonNegativeInteger(steps, `${where}: steps`);
    this.#waiting = nonNegativeInteger(waiting, `${where}: waiting`);
    this.#rule.learningRate = nonNegative(learningRate, `${where}: learningRate`);
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

interface Made {
  readonly rule: OptimizerRule;
  readonly options: ReadCommon;
  readonly rateAt: RateAt | null;
}

type ReadCommon = ClippingOptions & {
  readonly weightDecay: number;
  readonly excludeFromWeightDecay: readonly string[];
  readonly gradientAccumulationSteps: number;
  readonly useEma: boolean;
  readonly emaMomentum: number;
  readonly emaOverwriteFrequency: number | undefined;
};

type RuleOptions<S extends Record<string, Reader<unknown>>> = { readonly [K in keyof S]: ReturnType<S[K]> } & {
  readonly learningRate: number;
};

/** Reads the options of one kind and makes its rule. */
function maker<S extends Record<string, Reader<unknown>>>(
  learningRate: number,
  own: S,
  make: (options: RuleOptions<S>) => OptimizerRule,
  weightDecay = 0,
) {
  return (given: object, where: string): Made => {
    const { learningRate: rate = learningRate, ...others }: { learningRate?: unknown } = given;
    const isNumber = typeof rate !== 'object' && typeof rate !== 'function';
    const first = isNumber ? positiveFloat(rate, `${where}: learningRate`) : learningRate;
    const rateAt = isNumber ? null : readSchedule(rate, `${where}: learningRate`);
    const all = { ...own, ...commonFields, learningRate: asGiven };
    const read = fields({ weightDecay, ...others }, where, all) as ReadCommon & RuleOptions<S>;
    const set = [read.clipValue, read.clipNorm, read.globalClipNorm].filter((limit) => limit !== undefined);
    if (set.length > 1) refuse(where, 'at most one of clipValue, clipNorm, globalClipNorm', given);
    return { rule: make({ ...read, learningRate: first }), options: read, rateAt };
  };
}

const makers: Readonly<Record<Optimizer['kind'], (given: object, where: string) => Made>> = {
  sgd: maker(0.01, sgdFields, (options) => new SgdRule(options)),
  adam: maker(0.001, adamFields, (options) => new AdamRule(options)),
  adamW: maker(0.001, adamFields, (options) => new AdamRule(options), 0.004),
  nadam: maker(0.001, nadamFields, (options) => new NadamRule(options)),
  adamax: maker(0.001, nadamFields, (options) => new AdamaxRule(options)),
  rmsprop: maker(0.001, rmspropFields, (options) => new RmspropRule(options)),
  adagrad: maker(0.001, adagradFields, (options) => new AdagradRule(options)),
  adadelta: maker(0.001, adadeltaFields, (options) => new AdadeltaRule(options)),
  lion: maker(0.001, lionFields, (options) => new LionRule(options)),
};

function readOptimizer(option: unknown, where: string): Made {
  const isObject = typeof option === 'object' && option !== null;
  const { kind, ...given } = isObject && 'kind' in option ? option : { kind: option };
  const known = oneOf(Object.keys(makers) as Optimizer['kind'][])(kind, where);
  return makers[known](given, `${where} ${known}`);
}
