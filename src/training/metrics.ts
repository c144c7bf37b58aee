import { fields, oneOf, optional, refuse, text, type Reader } from '../options/options.js';
import { isLossObject, lossNamed, losses, lossReader, type LossOption } from './losses.js';
import type { Bindable, Errors, Sums } from './measures.js';
import { metricTable, ofMean } from './metric-table.js';
import type {
  AccuracyOptions,
  AucOptions,
  F1Options,
  MetricName,
  MetricObject,
  NamedOptions,
  PerplexityOptions,
  PrecisionOptions,
  R2Options,
  TopKOptions,
} from './metric-options.js';
import { camelCase, isKind, type SnakeCase } from './names.js';

/**
 * Metrics with options: `model.compile({ …, metrics: ['accuracy', metrics.auc({ curve: 'PR', name: 'aucPr' })] })`. Over several
 * batches they are what they would be over all rows at once. Rows that a mask leaves out do not count; sample weights count in
 * `weightedMetrics` alone. Arithmetic and defaults are Keras's (keras/src/metrics), where nothing else is said.
 */
export const metrics = {
  /** Which accuracy it is say output and loss: binary of one feature, sparse of class numbers, else categorical. */
  accuracy: (options: NamedOptions = {}): MetricObject => ({ kind: 'accuracy', ...options }),
  /** The share of values that are right, where ŷ > threshold says 1. */
  binaryAccuracy: (options: AccuracyOptions = {}): MetricObject => ({ kind: 'binaryAccuracy', ...options }),
  /** The share of rows whose greatest value is in the place of the target's. */
  categoricalAccuracy: (options: NamedOptions = {}): MetricObject => ({ kind: 'categoricalAccuracy', ...options }),
  /** The same, a target is the number of the place. */
  sparseCategoricalAccuracy: (options: NamedOptions = {}): MetricObject => ({
    kind: 'sparseCategoricalAccuracy',
    ...options,
  }),
  /** The share of rows in which less than k values are greater than the one in the place of the target's greatest. */
  topKCategoricalAccuracy: (options: TopKOptions = {}): MetricObject => ({
    kind: 'topKCategoricalAccuracy',
    ...options,
  }),
  /** The same, a target is the number of the place. */
  sparseTopKCategoricalAccuracy: (options: TopKOptions = {}): MetricObject => ({
    kind: 'sparseTopKCategoricalAccuracy',
    ...options,
  }),
  /** Of the values that are predicted to be 1, the share that is 1; 0 if there is none. */
  precision: (options: PrecisionOptions = {}): MetricObject => ({ kind: 'precision', ...options }),
  /** Of the values that are 1, the share that is predicted to be 1; 0 if there is none. */
  recall: (options: PrecisionOptions = {}): MetricObject => ({ kind: 'recall', ...options }),
  /** 2 · precision · recall / (precision + recall) of each feature, averaged. */
  f1Score: (options: F1Options = {}): MetricObject => ({ kind: 'f1Score', ...options }),
  /** The area under the curve of true by false positives (ROC), or of precision by recall (PR), from counts at thresholds. */
  auc: (options: AucOptions = {}): MetricObject => ({ kind: 'auc', ...options }),
  /** The square root of the mean of (ŷ − y)² over all values. */
  rootMeanSquaredError: (options: NamedOptions = {}): MetricObject => ({ kind: 'rootMeanSquaredError', ...options }),
  /** 1 − Σ (ŷ − y)² / Σ (y − mean of y)² of each feature, averaged: the coefficient of determination. */
  r2Score: (options: R2Options = {}): MetricObject => ({ kind: 'r2Score', ...options }),
  /** e to the mean cross-entropy, of class numbers or shares of classes. */
  perplexity: (options: PerplexityOptions = {}): MetricObject => ({ kind: 'perplexity', ...options }),
  /** Σ y ŷ / (|y| |ŷ|) over the last axis, the mean over rows. */
  cosineSimilarity: (options: NamedOptions = {}): MetricObject => ({ kind: 'cosineSimilarity', ...options }),
  /** The mean of what layers make of targets and output: see `losses.custom`. */
  custom: losses.custom,
};

const abbreviations = {
  acc: 'accuracy',
  rmse: 'rootMeanSquaredError',
  r2: 'r2Score',
} as const satisfies Record<string, MetricName>;

/** What `compile` takes as a metric: a name, in camel or snake case or a short one, an object of `metrics`, or any loss. */
export type MetricOption = MetricName | SnakeCase<MetricName> | keyof typeof abbreviations | MetricObject | LossOption;

/** What is reported beside the loss, under the name that it was given by, in camel case; one with options under its kind's. */
export interface Metric extends Bindable {
  readonly key: string;
  readonly kind: string;
  /** Whether the name is the user's own: of a kind with options there may be several then. */
  readonly isNamed: boolean;
  /** Whether less or more of it is better; null: of one's own, nobody knows. */
  readonly mode: 'min' | 'max' | null;
  /** Whether sample weights count. */
  readonly isWeighted: boolean;
  emit(errors: Errors): Sums;
}

const names = Object.keys(metricTable) as MetricName[];

/** Whether an object is a metric, not metrics by output name. */
export function isMetricObject(value: unknown): boolean {
  return isKind(names, value) || isLossObject(value);
}

function metricNamed(value: unknown): MetricName | undefined {
  if (typeof value !== 'string') return undefined;
  const short = Object.entries(abbreviations).find(([name]) => name === value)?.[1];
  return short ?? names.find((name) => name === camelCase(value));
}

function metricReader(isWeighted: boolean): Reader<Metric> {
  return (value, where) => {
    const isObject = isKind(names, value);
    const kind = isObject ? (value as MetricObject).kind : metricNamed(value);
    if (kind === undefined) {
      // Names of both, for the error.
      if (!isLossObject(value) && lossNamed(value) === undefined) oneOf([...names, 'or that of a loss'])(value, where);
      const mean = lossReader(value, where);
      const key = typeof value === 'string' ? camelCase(value) : mean.kind;
      const isNamed = mean.build !== undefined;
      return { key, kind: mean.kind, isNamed, mode: isNamed ? null : 'min', isWeighted, ...ofMean(mean) };
    }
    const { mode, readers, make } = metricTable[kind];
    const all = { kind: oneOf([kind]), name: optional(text, undefined), ...readers };
    const read = fields(isObject ? value : { kind }, `${where}: ${kind}`, all);
    const key = read.name ?? (typeof value === 'string' ? camelCase(value) : kind);
    return { key, kind, isNamed: read.name !== undefined, mode, isWeighted, ...make(read) };
  };
}

/** Of one output: names and objects, each once unless it has a name of its own. */
export function metricsReader(isWeighted: boolean): Reader<readonly Metric[]> {
  return (value, where) => {
    if (!Array.isArray(value)) return refuse(where, 'an array of names', value);
    return value.map((given: unknown) => metricReader(isWeighted)(given, where));
  };
}

/** Throws if two are one, or would have one name in the logs. */
export function checkOnce(metrics: readonly Metric[], where: string, given: unknown): void {
  const own = new Set(metrics.map(({ key, kind, isNamed }) => (isNamed ? key : kind)));
  const keys = new Set(metrics.map(({ key }) => key));
  if (own.size < metrics.length || keys.size < metrics.length || keys.has('loss')) {
    refuse(where, 'each metric once', given);
  }
}
