import type { SymbolicTensor } from '../graph/layer.js';

/** Of a loss that has none. */
export type NoOptions = object;

/** How a cross-entropy reads predictions and targets. */
export interface CrossentropyOptions {
  /** Whether predictions are logits, to go through softmax (categorical) or sigmoid (binary) first. Default false. */
  readonly fromLogits?: boolean;
  /** A share of equal probabilities that is mixed into the targets (Szegedy et al. 2016), in [0, 1]. Default 0. */
  readonly labelSmoothing?: number;
}

export interface SparseCrossentropyOptions {
  /** As for categorical ones. Default false. */
  readonly fromLogits?: boolean;
  /** Rows with this class do not count. Default: none. */
  readonly ignoreClass?: number;
}

/** Of losses that look away from what is right already (Lin et al. 2017). */
export interface FocalOptions extends CrossentropyOptions {
  /** How far: an error counts (1 − p)^gamma times. At least 0; default 2. */
  readonly gamma?: number;
  /** The share of class 1 (binary), or what all is multiplied by (categorical). In [0, 1]; default 0.25. */
  readonly alpha?: number;
}

export interface BinaryFocalOptions extends FocalOptions {
  /** Whether `alpha` weighs class 1, and 1 − alpha class 0. Default false: alpha does nothing then (Keras). */
  readonly applyClassBalancing?: boolean;
}

export interface HuberOptions {
  /** From which error on the loss is linear. Positive; default 1. */
  readonly delta?: number;
}

export interface QuantileOptions {
  /** Which quantile is predicted: 0.9 is the value that nine of ten targets are below. In [0, 1]; default 0.5, the median. */
  readonly quantile?: number;
}

export interface GaussianOptions {
  /**
   * Whether the second half of the output's features is the logarithm of the variance, as a layer without an activation gives it;
   * if not, it is the variance itself. Default true.
   */
  readonly logVariance?: boolean;
  /** Whether ½ ln 2π is added, which changes no gradient. Default false. */
  readonly full?: boolean;
  /** What a variance counts as at least. Positive; default 1e-6. */
  readonly epsilon?: number;
}

export interface CtcOptions {
  /** The class that reads as nothing; labels are padded with it, or with −1. Default 0 (Keras). */
  readonly blankIndex?: number;
}

/** A loss or metric of one's own: a small graph of layers without weights. */
export interface CustomMeasure {
  /** Errors name it, and logs, where it is a metric. */
  readonly name: string;
  /**
   * What each row's loss is: of targets and output, both [batch, …] as the output is, [batch, time, n] or [batch, n]. Their mean
   * over the last axis is a step's, or a sample's, loss.
   */
  readonly build: (yTrue: SymbolicTensor, yPred: SymbolicTensor) => SymbolicTensor;
}

/** Every kind of loss, and its options. */
export interface LossOptions {
  readonly meanSquaredError: NoOptions;
  readonly meanAbsoluteError: NoOptions;
  readonly meanAbsolutePercentageError: NoOptions;
  readonly meanSquaredLogarithmicError: NoOptions;
  readonly huber: HuberOptions;
  readonly logCosh: NoOptions;
  readonly quantile: QuantileOptions;
  readonly poisson: NoOptions;
  readonly klDivergence: NoOptions;
  readonly hinge: NoOptions;
  readonly squaredHinge: NoOptions;
  readonly categoricalHinge: NoOptions;
  readonly cosineSimilarity: NoOptions;
  readonly binaryCrossentropy: CrossentropyOptions;
  readonly binaryFocalCrossentropy: BinaryFocalOptions;
  readonly categoricalCrossentropy: CrossentropyOptions;
  readonly categoricalFocalCrossentropy: FocalOptions;
  readonly sparseCategoricalCrossentropy: SparseCrossentropyOptions;
  readonly gaussianNegativeLogLikelihood: GaussianOptions;
  readonly ctc: CtcOptions;
  readonly custom: CustomMeasure;
}

export type LossName = keyof LossOptions;

/** A loss with its options, as data. Made by `losses`. */
export type Loss = { readonly [K in LossName]: { readonly kind: K } & LossOptions[K] }[LossName];
