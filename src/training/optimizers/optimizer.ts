import { fields, oneOf, refuse, optional, type Reader } from '../../options/options.js';
import { learningRateReader, type ReadLearningRate } from '../schedules/learning-rate.js';
import { AdadeltaRule, adadeltaFields, type AdadeltaOptions } from './adadelta.js';
import { AdagradRule, adagradFields, type AdagradOptions } from './adagrad.js';
import { adamFields, AdamRule, adamwFields, momentFields, type AdamOptions, type MomentOptions } from './adam.js';
import { AdamaxRule } from './adamax.js';
import { commonFields } from './common.js';
import { LionRule, lionFields, type LionOptions } from './lion.js';
import { NadamRule } from './nadam.js';
import { RmspropRule, rmspropFields, type RmspropOptions } from './rmsprop.js';
import type { OptimizerRule } from './rule.js';
import { SgdRule, sgdFields, type SgdOptions } from './sgd.js';

/** What `compile` takes: a name for the defaults, or an object of `optimizers`. */
export type OptimizerOption = Optimizer['kind'] | Optimizer;

/** An optimizer's options, as data. Made by `optimizers`. */
export type Optimizer =
  | ({ readonly kind: 'sgd' } & SgdOptions)
  | ({ readonly kind: 'adam' | 'adamw' } & AdamOptions)
  | ({ readonly kind: 'nadam' | 'adamax' } & MomentOptions)
  | ({ readonly kind: 'rmsprop' } & RmspropOptions)
  | ({ readonly kind: 'adagrad' } & AdagradOptions)
  | ({ readonly kind: 'adadelta' } & AdadeltaOptions)
  | ({ readonly kind: 'lion' } & LionOptions);

/**
 * Optimizers with options: `model.compile({ optimizer: optimizers.adam({ learningRate: 0.01 }), … })`. Arithmetic and defaults are
 * Keras's, where nothing else is said. Each also takes clipping, weight decay, a schedule, an average of the weights, and a number of
 * batches to a step.
 */
export const optimizers = {
  /** Stochastic gradient descent: v ← μ·v − lr·g, w ← w + v. Defaults: learningRate 0.01, momentum 0, nesterov false. */
  sgd: (options: SgdOptions = {}): Optimizer => ({ kind: 'sgd', ...options }),
  /**
   * Adam (Kingma & Ba 2015, Algorithm 1): w ← w − lr·m̂ / (√v̂ + ε). Defaults: learningRate 0.001, beta1 0.9, beta2 0.999,
   * epsilon 1e-7, amsgrad false. `epsilonHat: true` gives Keras's form, which adds ε before the bias correction of v.
   */
  adam: (options: AdamOptions = {}): Optimizer => ({ kind: 'adam', ...options }),
  /** Adam whose weights decay, by a weightDecay of 0.004 where nothing else is said (Loshchilov & Hutter 2019). */
  adamw: (options: AdamOptions = {}): Optimizer => ({ kind: 'adamw', ...options }),
  /** Adam with Nesterov momentum (Dozat 2016). Defaults as Adam's. */
  nadam: (options: MomentOptions = {}): Optimizer => ({ kind: 'nadam', ...options }),
  /** Adam by the infinity norm (Kingma & Ba 2015, section 7): u ← max(β₂·u, |g|), w ← w − lr·m̂ / (u + ε). Defaults as Adam's. */
  adamax: (options: MomentOptions = {}): Optimizer => ({ kind: 'adamax', ...options }),
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
  /**
   * Adadelta (Zeiler 2012): Δ = −√(d + ε) / √(a + ε)·g, w ← w + lr·Δ, with the means a of g² and d of Δ². Defaults: learningRate
   * 0.001 (the paper's is 1), rho 0.95, epsilon 1e-7.
   */
  adadelta: (options: AdadeltaOptions = {}): Optimizer => ({ kind: 'adadelta', ...options }),
  /**
   * Lion (Chen et al. 2023): w ← w − lr·sign(β₁·m + (1 − β₁)·g), m ← β₂·m + (1 − β₂)·g. Defaults: learningRate 0.001, beta1 0.9,
   * beta2 0.99. It wants a smaller learning rate than Adam, and more weight decay.
   */
  lion: (options: LionOptions = {}): Optimizer => ({ kind: 'lion', ...options }),
};

/** Options that are no rule's own, with defaults put in. */
export type CommonSettings = ReturnType<typeof fields<typeof commonFields>> & {
  readonly learningRate: ReadLearningRate;
};

export interface ReadOptimizer {
  readonly rule: OptimizerRule;
  readonly common: CommonSettings;
}

const table: Readonly<Record<Optimizer['kind'], (given: object, where: string) => ReadOptimizer>> = {
  sgd: define(sgdFields, (options) => new SgdRule(options)),
  adam: define(adamFields, (options) => new AdamRule(options)),
  adamw: define(adamwFields, (options) => new AdamRule(options)),
  nadam: define(momentFields, (options) => new NadamRule(options)),
  adamax: define(momentFields, (options) => new AdamaxRule(options)),
  rmsprop: define(rmspropFields, (options) => new RmspropRule(options)),
  adagrad: define(adagradFields, (options) => new AdagradRule(options)),
  adadelta: define(adadeltaFields, (options) => new AdadeltaRule(options)),
  lion: define(lionFields, (options) => new LionRule(options)),
};

const kinds = Object.keys(table) as Optimizer['kind'][];

/** @throws TypeError, naming the option, for what is none. */
export function readOptimizer(option: unknown, where: string): ReadOptimizer {
  const isObject = typeof option === 'object' && option !== null && 'kind' in option;
  const kind = oneOf(kinds)(isObject ? option.kind : option, where);
  const read = table[kind](isObject ? option : { kind }, `${where} ${kind}`);
  const { clipValue, clipNorm, globalClipNorm } = read.common;
  const limits = [clipValue, clipNorm, globalClipNorm].filter((limit) => limit !== undefined);
  if (limits.length > 1) refuse(where, 'at most one of clipValue, clipNorm, globalClipNorm', option);
  return read;
}

/** Reads the options of one kind: its own by the given readers, and those of all. */
function define<S extends Record<string, Reader<unknown>>>(
  own: S,
  make: (options: { readonly [K in keyof S]: ReturnType<S[K]> }) => OptimizerRule,
): (given: object, where: string) => ReadOptimizer {
  return (given, where) => {
    const kind = optional(oneOf(kinds), undefined);
    const options = fields(given, where, { kind, learningRate: learningRateReader, ...commonFields, ...own });
    // The readers of `own` are among those that have read them.
    return { rule: make(options), common: options as CommonSettings };
  };
}
