import type { NoOptions } from './loss-options.js';

/** What every metric takes. */
export interface NamedOptions {
  /** The name that it is reported under. Default: its kind's. */
  readonly name?: string;
}

export interface AccuracyOptions extends NamedOptions {
  /** Above it a prediction says 1. Default 0.5. */
  readonly threshold?: number;
}

export interface TopKOptions extends NamedOptions {
  /** How many values may be looked at. Default 5. */
  readonly k?: number;
}

export interface PrecisionOptions extends NamedOptions {
  /** Above it a prediction says 1. Default 0.5; with `topK` none. */
  readonly threshold?: number;
  /** Only the k greatest values of a row say 1, of equal ones the first. Default: all above the threshold. */
  readonly topK?: number;
  /** Only this feature (class) is looked at. Default: all. */
  readonly classId?: number;
}

export interface F1Options extends NamedOptions {
  /**
   * 'macro': the mean over features; 'weighted': by how often each is 1; 'micro': of all values as if they were of one feature.
   * Default 'macro' (Keras gives an array by default; here a metric is one number).
   */
  readonly average?: 'micro' | 'macro' | 'weighted';
  /** Above it a prediction says 1. Default: the greatest value of a row does; of one feature 0.5. */
  readonly threshold?: number;
}

export interface AucOptions extends NamedOptions {
  /** At least 2; default 200, evenly from 0 to 1. */
  readonly numThresholds?: number;
  /** Which ones, in (0, 1), beside 0 and 1, instead of `numThresholds`. */
  readonly thresholds?: readonly number[];
  /** Default 'ROC'. */
  readonly curve?: 'ROC' | 'PR';
  /** How the area between two thresholds is taken: by trapezia ('PR': Davis & Goadrich 2006), or from below or above. */
  readonly summationMethod?: 'interpolation' | 'minoring' | 'majoring';
  /** Whether predictions are logits, to go through sigmoid first. Default false. */
  readonly fromLogits?: boolean;
}

export interface R2Options extends NamedOptions {
  /** The mean over features, or by each one's variance. Default 'uniformAverage'. */
  readonly classAggregation?: 'uniformAverage' | 'varianceWeightedAverage';
}

export interface PerplexityOptions extends NamedOptions {
  /** Whether predictions are logits, to go through softmax first. Default false. */
  readonly fromLogits?: boolean;
  /** Rows with this class do not count, of class numbers. Default: none. */
  readonly ignoreClass?: number;
}

/** Every kind of metric that is no loss, and its options. */
export interface MetricOptions {
  readonly accuracy: NoOptions;
  readonly binaryAccuracy: AccuracyOptions;
  readonly categoricalAccuracy: NoOptions;
  readonly sparseCategoricalAccuracy: NoOptions;
  readonly topKCategoricalAccuracy: TopKOptions;
  readonly sparseTopKCategoricalAccuracy: TopKOptions;
  readonly precision: PrecisionOptions;
  readonly recall: PrecisionOptions;
  readonly f1Score: F1Options;
  readonly auc: AucOptions;
  readonly rootMeanSquaredError: NoOptions;
  readonly r2Score: R2Options;
  readonly perplexity: PerplexityOptions;
  readonly cosineSimilarity: NoOptions;
}

export type MetricName = keyof MetricOptions;

/** A metric with its options, as data. Made by `metrics`. */
export type MetricObject = {
  readonly [K in MetricName]: { readonly kind: K } & MetricOptions[K] & NamedOptions;
}[MetricName];
