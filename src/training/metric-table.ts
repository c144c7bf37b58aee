import {
  finite,
  flag,
  mismatch,
  nonNegativeInteger,
  number,
  oneOf,
  optional,
  positiveInteger,
  refuse,
  type Reader,
} from '../options/options.js';
import { categorical, ofElements, rowLoss } from './loss-table.js';
import {
  emitCount,
  type CountedErrors,
  operandsOf,
  ownerOf,
  resultOf,
  type Bindable,
  type Errors,
  type Functions,
  type Mean,
  type Sums,
  type TargetKind,
} from './measures.js';
import type { AucOptions, MetricName, MetricOptions, PrecisionOptions } from './metric-options.js';

/** What a metric is, beside its name. */
export interface Emitted extends Bindable {
  emit(errors: Errors): Sums;
}

/** How a kind of metric is read and made. */
interface Definition<Options> {
  /** Whether less or more of it is better. */
  readonly mode: 'min' | 'max';
  readonly readers: { readonly [K in Exclude<keyof Options, 'name'>]-?: Reader<Options[K]> };
  /** Options are as they were read: defaults are in. */
  readonly make: (options: Options) => Emitted;
}

type Table = { readonly [K in MetricName]: Definition<MetricOptions[K]> };

const thresholdList: Reader<readonly number[]> = (value, where) =>
  Array.isArray(value) && value.every((one) => typeof one === 'number' && one > 0 && one < 1)
    ? [...(value as number[])].sort((a, b) => a - b)
    : refuse(where, 'an array of numbers in (0, 1)', value);

const atLeastTwo = number('an integer of at least 2', (n) => Number.isSafeInteger(n) && n >= 2);

const wholeNumber = number('an integer', Number.isSafeInteger);

const positives = {
  threshold: optional(finite, undefined),
  topK: optional(positiveInteger, undefined),
  classId: optional(nonNegativeInteger, undefined),
};

/** All of them. */
export const metricTable: Table = {
  accuracy: { mode: 'max', readers: {}, make: () => accuracy('accuracy', null, byShape) },
  binaryAccuracy: {
    mode: 'max',
    readers: { threshold: optional(finite, 0.5) },
    make: ({ threshold }) => accuracy('binaryAccuracy', 'values', () => 0, { threshold }),
  },
  categoricalAccuracy: { mode: 'max', readers: {}, make: () => accuracy('categoricalAccuracy', 'values', () => 1) },
  sparseCategoricalAccuracy: {
    mode: 'max',
    readers: {},
    make: () => accuracy('sparseCategoricalAccuracy', 'classes', () => 2),
  },
  topKCategoricalAccuracy: {
    mode: 'max',
    readers: { k: optional(positiveInteger, 5) },
    make: ({ k }) => accuracy('topKCategoricalAccuracy', 'values', () => 3, { k }),
  },
  sparseTopKCategoricalAccuracy: {
    mode: 'max',
    readers: { k: optional(positiveInteger, 5) },
    make: ({ k }) => accuracy('sparseTopKCategoricalAccuracy', 'classes', () => 4, { k }),
  },
  precision: {
    mode: 'max',
    readers: positives,
    make: (options) => ofClass('precision', options, ({ hits, predicted }) => share(hits, predicted)),
  },
  recall: {
    mode: 'max',
    readers: positives,
    make: (options) => ofClass('recall', options, ({ hits, actual }) => share(hits, actual)),
  },
  f1Score: {
    mode: 'max',
    readers: {
      average: optional(oneOf(['micro', 'macro', 'weighted']), 'macro'),
      threshold: optional(finite, undefined),
    },
    make: ({ average, threshold }) => {
      const averageOf = { micro: microF1, macro: macroF1, weighted: weightedF1 }[average ?? 'macro'];
      return ofCounts('f1Score', averageOf, ({ output }) => {
        if (threshold !== undefined || output.features === 1) return { threshold: threshold ?? 0.5 };
        // The greatest, if it is not 0 (Keras).
        return { topK: -1 };
      });
    },
  },
  auc: {
    mode: 'max',
    readers: {
      numThresholds: optional(atLeastTwo, 200),
      thresholds: optional(thresholdList, undefined),
      curve: optional(oneOf(['ROC', 'PR']), 'ROC'),
      summationMethod: optional(oneOf(['interpolation', 'minoring', 'majoring']), 'interpolation'),
      fromLogits: optional(flag, false),
    },
    make: areaUnderCurve,
  },
  rootMeanSquaredError: {
    mode: 'min',
    readers: {},
    make: () => ofMean(ofElements('rootMeanSquaredError', 'squared'), Math.sqrt),
  },
  r2Score: {
    mode: 'max',
    readers: { classAggregation: optional(oneOf(['uniformAverage', 'varianceWeightedAverage']), 'uniformAverage') },
    make: ({ classAggregation }) => determination(classAggregation === 'varianceWeightedAverage'),
  },
  perplexity: {
    mode: 'min',
    readers: { fromLogits: optional(flag, false), ignoreClass: optional(wholeNumber, undefined) },
    make: ({ fromLogits = false, ignoreClass = NaN }) => ({
      ...ofMean(categorical('perplexity', fromLogits, 0, ignoreClass), (mean, { exp }) => exp(mean)),
      targets: null,
    }),
  },
  cosineSimilarity: {
    mode: 'max',
    readers: {},
    // Its loss falls as they come together.
    make: () => ofMean(rowLoss('cosineSimilarity', 'cosineSimilarity'), (mean) => 0 - mean),
  },
};

/** A mean as a metric, or what is made of it in the end. */
export function ofMean(mean: Mean, finish?: (mean: number, functions: Functions) => number): Emitted {
  const { targets, isWhole = false, build } = mean;
  return {
    targets,
    isWhole,
    ...(build !== undefined && { build }),
    emit: (errors) => {
      const sums = emitCount(mean, errors);
      mean.emit(errors, sums.result);
      if (finish === undefined) return sums;
      return { ...sums, valueOf: (numbers, functions) => finish(sums.valueOf(numbers, functions), functions) };
    },
  };
}

/** @param codeOf which one, as assembly/losses/accuracy.ts numbers them */
function accuracy(
  kind: string,
  targets: TargetKind | null,
  codeOf: (errors: CountedErrors) => number,
  { threshold = 0.5, k = 1 }: { readonly threshold?: number | undefined; readonly k?: number | undefined } = {},
): Emitted {
  return ofMean({
    kind,
    targets,
    ignoredClass: NaN,
    errorsInRow: (errors) => (codeOf(errors) === 0 ? errors.output.features : 1),
    emit: (errors, result) => {
      const { plan, target } = errors;
      const [prediction, , , weights, rows, features] = operandsOf(errors);
      const options = [codeOf(errors), threshold, k] as const;
      const operands = [prediction, target, target.rowBytes, weights, rows, features] as const;
      plan.emit(ownerOf(errors), 'accuracy', ...operands, ...options, result);
    },
  });
}

/** Which accuracy it is, by the shapes (Keras 3, trainers/compile_utils.py: get_metric). */
function byShape({ output, targets }: CountedErrors): number {
  if (output.features === 1) return 0;
  return targets === 'classes' ? 2 : 1;
}

/** Of one feature or several: what is 1 and said to be, what is said to be, and what is. */
interface Counts {
  readonly hits: number;
  readonly predicted: number;
  readonly actual: number;
}

/** What says 1: values above a threshold, or the k greatest of a row (assembly/losses/class-counts.ts). */
interface Positive {
  readonly threshold?: number | undefined;
  readonly topK?: number | undefined;
}

function ofCounts(
  kind: string,
  valueOf: (classes: readonly Counts[]) => number,
  positiveOf: (errors: Errors) => Positive,
  areFlags = false,
): Emitted {
  return {
    targets: null,
    emit: (errors) => {
      const { plan, target, targets, output } = errors;
      const { topK = 0, threshold = topK === 0 ? 0.5 : -Infinity } = positiveOf(errors);
      const count = 3 * output.features;
      const result = resultOf(errors, kind, count);
      const [prediction, , , weights, rows, features] = operandsOf(errors);
      const operands = [prediction, target, target.rowBytes, weights, rows, features] as const;
      const options = [targets === 'classes' ? 1 : areFlags ? 2 : 0, topK, threshold] as const;
      plan.emit(ownerOf(errors), 'classCounts', ...operands, ...options, result);
      return { result, count, valueOf: (sums) => valueOf(countsIn(sums)) };
    },
  };
}

function countsIn(sums: readonly number[]): Counts[] {
  return Array.from({ length: sums.length / 3 }, (_, i) => {
    const [hits = 0, predicted = 0, actual = 0] = sums.slice(3 * i, 3 * i + 3);
    return { hits, predicted, actual };
  });
}

function allOf(classes: readonly Counts[]): Counts {
  const sum = (which: keyof Counts): number => classes.reduce((total, counts) => total + counts[which], 0);
  return { hits: sum('hits'), predicted: sum('predicted'), actual: sum('actual') };
}

/** Of one class, or of all as if they were one. */
function ofClass(kind: string, options: PrecisionOptions, valueOf: (counts: Counts) => number): Emitted {
  const { classId, ...positive } = options;
  const all = ofCounts(
    kind,
    (classes) => valueOf(allOf(classId === undefined ? classes : classes.slice(classId, classId + 1))),
    () => positive,
    true,
  );
  return {
    ...all,
    emit: (errors) => {
      const { features } = errors.output;
      if (classId !== undefined && classId >= features) {
        mismatch(`${ownerOf(errors)}: ${kind}: classId`, `a feature from 0 to ${features - 1}`, classId);
      }
      return all.emit(errors);
    },
  };
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

/** Keras's epsilon, which its F-score puts into every divisor. */
const epsilon = 1e-7;

function f1Of({ hits, predicted, actual }: Counts): number {
  const [precision, recall] = [hits / (predicted + epsilon), hits / (actual + epsilon)];
  return (2 * (precision * recall)) / (precision + recall + epsilon);
}

function microF1(classes: readonly Counts[]): number {
  return f1Of(allOf(classes));
}

function macroF1(classes: readonly Counts[]): number {
  return classes.reduce((sum, counts) => sum + f1Of(counts), 0) / classes.length;
}

function weightedF1(classes: readonly Counts[]): number {
  const total = allOf(classes).actual + epsilon;
  return classes.reduce((sum, counts) => sum + f1Of(counts) * (counts.actual / total), 0);
}

function areaUnderCurve(options: AucOptions): Emitted {
  const { numThresholds = 200, curve = 'ROC', summationMethod = 'interpolation', fromLogits = false } = options;
  const { thresholds = Array.from({ length: numThresholds - 2 }, (_, i) => (i + 1) / (numThresholds - 1)) } = options;
  // Evenly spaced thresholds are for probabilities: what is none is clipped (Keras).
  const code = fromLogits ? 1 : options.thresholds === undefined ? 2 : 0;
  // A bit below 0 and above 1: every probability is above the first and below the last (Keras).
  const values = Float32Array.of(-epsilon, ...thresholds, 1 + epsilon);
  return {
    targets: 'values',
    emit: (errors) => {
      const { plan } = errors;
      const count = 2 * values.length;
      const result = resultOf(errors, 'auc', count);
      const table = plan.dense(`${ownerOf(errors)} auc thresholds`, [values.length]);
      plan.given.add(table);
      const [prediction, target, , weights, rows, features] = operandsOf(errors);
      const operands = [prediction, target, weights, rows, features, table, values.length] as const;
      plan.emit(ownerOf(errors), 'thresholdCounts', ...operands, code, result);
      const valueOf: Sums['valueOf'] = (sums, { log }) => {
        const points = pointsOf(sums);
        if (curve === 'PR' && summationMethod === 'interpolation') return interpolatedPrecision(points, log);
        return areaOf(points.map(curve === 'ROC' ? rocPoint : prPoint), summationMethod);
      };
      return { result, count, valueOf, constant: { tensor: table, values } };
    },
  };
}

/** How many of the ones and zeros are above a threshold, and how many there are. */
interface Point {
  readonly hits: number;
  readonly falseAlarms: number;
  readonly ones: number;
  readonly zeros: number;
}

/** From how many zeros and ones lie between each threshold and the next. */
function pointsOf(sums: readonly number[]): Point[] {
  const points: Point[] = [];
  const total = (from: number): number => sums.reduce((sum, one, i) => (i % 2 === from ? sum + one : sum), 0);
  const [zeros, ones] = [total(0), total(1)];
  let [hits, falseAlarms] = [0, 0];
  for (let i = sums.length - 2; i >= 0; i -= 2) {
    falseAlarms += sums[i] ?? 0;
    hits += sums[i + 1] ?? 0;
    points.unshift({ hits, falseAlarms, ones, zeros });
  }
  return points;
}

type Place = readonly [x: number, y: number];

function rocPoint({ hits, falseAlarms, ones, zeros }: Point): Place {
  return [share(falseAlarms, zeros), share(hits, ones)];
}

function prPoint({ hits, falseAlarms, ones }: Point): Place {
  return [share(hits, ones), share(hits, hits + falseAlarms)];
}

function areaOf(places: readonly Place[], method: AucOptions['summationMethod']): number {
  const heightOf = (a: number, b: number): number => {
    if (method === 'minoring') return Math.min(a, b);
    return method === 'majoring' ? Math.max(a, b) : (a + b) / 2;
  };
  return places.slice(1).reduce((sum, [x, y], i) => {
    const [left = 0, top = 0] = places[i] ?? [];
    return sum + (left - x) * heightOf(top, y);
  }, 0);
}

/** Davis & Goadrich 2006, section 4: hits and what is predicted go linearly from threshold to threshold, precision does not. */
function interpolatedPrecision(points: readonly Point[], log: Functions['log']): number {
  return points.slice(1).reduce((sum, next, i) => {
    const here = points[i] ?? next;
    const [all, fewer] = [here.hits + here.falseAlarms, next.hits + next.falseAlarms];
    const hits = here.hits - next.hits;
    const slope = share(hits, Math.max(all - fewer, 0));
    const intercept = next.hits - slope * fewer;
    const ratio = all > 0 && fewer > 0 ? all / fewer : 1;
    return sum + share(slope * (hits + intercept * log(ratio)), Math.max(next.ones, 0));
  }, 0);
}

/** Sums: Σ w, then of each feature Σ w y, Σ w y², Σ w (ŷ − y)². */
function determination(byVariance: boolean): Emitted {
  return {
    targets: 'values',
    emit: (errors) => {
      const { plan, output } = errors;
      const count = 1 + 3 * output.features;
      const result = resultOf(errors, 'r2Score', count);
      const [prediction, target, , weights, rows, features] = operandsOf(errors);
      plan.emit(ownerOf(errors), 'residualSums', prediction, target, weights, rows, features, result);
      return { result, count, valueOf: ([total = 0, ...sums]) => r2Of(total, sums, byVariance) };
    },
  };
}

function r2Of(total: number, sums: readonly number[], byVariance: boolean): number {
  const features = Array.from({ length: sums.length / 3 }, (_, i) => {
    const [sum = 0, squares = 0, residual = 0] = sums.slice(3 * i, 3 * i + 3);
    const spread = squares - sum * share(sum, total);
    // Of targets that are all the same: 0 if something is missed, and else 0 / 0 (Keras).
    const score = spread === 0 && residual > 0 ? 0 : 1 - residual / spread;
    return { score, spread };
  });
  const weightOf = ({ spread }: { readonly spread: number }): number => (byVariance ? spread : 1);
  const weights = features.reduce((sum, feature) => sum + weightOf(feature), 0);
  return features.reduce((sum, feature) => sum + feature.score * weightOf(feature), 0) / weights;
}
