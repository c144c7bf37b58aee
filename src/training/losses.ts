import { fields, oneOf, type Reader } from '../options/options.js';
import { lossTable } from './loss-table.js';
import type {
  BinaryFocalOptions,
  CrossentropyOptions,
  CtcOptions,
  CustomMeasure,
  FocalOptions,
  GaussianOptions,
  HuberOptions,
  Loss,
  LossName,
  QuantileOptions,
  SparseCrossentropyOptions,
} from './loss-options.js';
import type { Mean } from './measures.js';
import { camelCase, isKind, type SnakeCase } from './names.js';

/**
 * Losses with options: `model.compile({ loss: losses.binaryCrossentropy({ fromLogits: true }), … })`. Each is a metric too.
 * Arithmetic, defaults and ε = 1e-7 are Keras's (losses/losses.py), where nothing else is said. A loss is that of a row (a
 * sample, or a step of one), then the mean over the rows that a mask leaves; sample weights multiply a row's loss, and do not
 * change what the sum is divided by.
 */
export const losses = {
  /** The mean of (ŷ − y)² over the last axis. */
  meanSquaredError: (): Loss => ({ kind: 'meanSquaredError' }),
  /** The mean of |ŷ − y| over the last axis. */
  meanAbsoluteError: (): Loss => ({ kind: 'meanAbsoluteError' }),
  /** The mean of 100 |ŷ − y| / max(|y|, ε) over the last axis. */
  meanAbsolutePercentageError: (): Loss => ({ kind: 'meanAbsolutePercentageError' }),
  /** The mean of (ln(1 + ŷ) − ln(1 + y))² over the last axis; ŷ and y count as at least ε. */
  meanSquaredLogarithmicError: (): Loss => ({ kind: 'meanSquaredLogarithmicError' }),
  /** The mean of e² / 2, of δ |e| − δ² / 2 where |e| > δ, over the last axis, e = ŷ − y. */
  huber: (options: HuberOptions = {}): Loss => ({ kind: 'huber', ...options }),
  /** The mean of ln cosh(ŷ − y) over the last axis. */
  logCosh: (): Loss => ({ kind: 'logCosh' }),
  /** The mean of max(τ (y − ŷ), (τ − 1) (y − ŷ)) over the last axis: the pinball loss (Koenker & Bassett 1978). */
  quantile: (options: QuantileOptions = {}): Loss => ({ kind: 'quantile', ...options }),
  /** The mean of ŷ − y ln(ŷ + ε) over the last axis: of counts y and their expectation ŷ > 0. */
  poisson: (): Loss => ({ kind: 'poisson' }),
  /** Σ y ln(y / ŷ) over the last axis, of probabilities; both are kept within [ε, 1]. */
  klDivergence: (): Loss => ({ kind: 'klDivergence' }),
  /** The mean of max(1 − y ŷ, 0) over the last axis, for targets −1 and 1; 0 counts as −1. */
  hinge: (): Loss => ({ kind: 'hinge' }),
  /** The mean of max(1 − y ŷ, 0)² over the last axis, likewise. */
  squaredHinge: (): Loss => ({ kind: 'squaredHinge' }),
  /** max(1 + max((1 − y) ŷ) − Σ y ŷ, 0) over the classes of the last axis. */
  categoricalHinge: (): Loss => ({ kind: 'categoricalHinge' }),
  /** −Σ y ŷ / (|y| |ŷ|) over the last axis, in [−1, 1]; norms count as at least ε. As a metric it has the other sign (Keras). */
  cosineSimilarity: (): Loss => ({ kind: 'cosineSimilarity' }),
  /** The mean of −y ln p − (1 − y) ln(1 − p) over the last axis; probabilities are kept off 0 and 1 by ε. */
  binaryCrossentropy: (options: CrossentropyOptions = {}): Loss => ({ kind: 'binaryCrossentropy', ...options }),
  /** The same, each error (1 − pₜ)^γ times, pₜ the probability of what is right (Lin et al. 2017). */
  binaryFocalCrossentropy: (options: BinaryFocalOptions = {}): Loss => ({
    kind: 'binaryFocalCrossentropy',
    ...options,
  }),
  /** −Σ y ln p over the classes of the last axis. Probabilities are normalised and kept off 0 and 1 by ε. */
  categoricalCrossentropy: (options: CrossentropyOptions = {}): Loss => ({
    kind: 'categoricalCrossentropy',
    ...options,
  }),
  /** −Σ α (1 − p)^γ y ln p over the classes of the last axis. */
  categoricalFocalCrossentropy: (options: FocalOptions = {}): Loss => ({
    kind: 'categoricalFocalCrossentropy',
    ...options,
  }),
  /** As categoricalCrossentropy; a target is the number of its class: it has no axis of classes, or one of length 1. */
  sparseCategoricalCrossentropy: (options: SparseCrossentropyOptions = {}): Loss => ({
    kind: 'sparseCategoricalCrossentropy',
    ...options,
  }),
  /**
   * The mean of ½ (ln v + (y − μ)² / v), for an output of 2n features, n means μ and then n variances v or their logarithms, and
   * targets of n features (Nix & Weigend 1994; PyTorch's GaussianNLLLoss).
   */
  gaussianNegativeLogLikelihood: (options: GaussianOptions = {}): Loss => ({
    kind: 'gaussianNegativeLogLikelihood',
    ...options,
  }),
  /**
   * −ln of the probability that a sequence of class logits reads as its labels, when equal classes side by side are one and blanks
   * nothing (Graves et al. 2006). Output [batch, time, classes], targets [batch, labels]: class numbers, behind the last of a
   * sequence the blank or −1. One loss for each sequence; masked steps are passed over.
   */
  ctc: (options: CtcOptions = {}): Loss => ({ kind: 'ctc', ...options }),
  /**
   * A loss of one's own, in terms of layers without weights.
   * @example
   * losses.custom({ name: 'absolute', build: (yTrue, yPred) => {
   *   const e = layers.subtract().apply([yPred, yTrue]);
   *   return layers.maximum().apply([e, layers.subtract().apply([yTrue, yPred])]);
   * } })
   */
  custom: (options: CustomMeasure): Loss => ({ kind: 'custom', ...options }),
};

const abbreviations = {
  mse: 'meanSquaredError',
  mae: 'meanAbsoluteError',
  mape: 'meanAbsolutePercentageError',
  msle: 'meanSquaredLogarithmicError',
  bce: 'binaryCrossentropy',
  kld: 'klDivergence',
} as const satisfies Record<string, LossName>;

/** What `compile` takes as a loss: a name (in camel case, in snake case, or a short one), or an object of `losses`. */
export type LossOption = NamedLoss | SnakeCase<NamedLoss> | keyof typeof abbreviations | Loss;

type NamedLoss = Exclude<LossName, 'custom'>;

const names = Object.keys(lossTable) as LossName[];

/** Whether an object is a loss, not losses by output name. */
export function isLossObject(value: unknown): boolean {
  return isKind(names, value);
}

/** The kind of a loss that is given by a name; undefined: it is none. */
export function lossNamed(value: unknown): LossName | undefined {
  if (typeof value !== 'string') return undefined;
  const short = Object.entries(abbreviations).find(([name]) => name === value)?.[1];
  return short ?? names.find((name) => name === camelCase(value));
}

export const lossReader: Reader<Mean> = (value, where) => {
  const isObject = isLossObject(value);
  const kind = isObject ? (value as Loss).kind : (lossNamed(value) ?? oneOf(names)(value, where));
  const { readers, make } = lossTable[kind];
  const read = fields(isObject ? value : { kind }, `${where}: ${kind}`, { kind: oneOf([kind]), ...readers });
  // Each kind's readers give what its `make` takes: that the table says.
  return make(read as never);
};
