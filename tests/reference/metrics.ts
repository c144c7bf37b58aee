/**
 * Metrics over all rows at once, as they are defined; rows are [n, features], with a weight each.   Keras 3, keras/src/metrics
 * What Keras adds to divisors (ε = 1e-7, F-score) is added here too.
 */
import { asRows, type Tensor } from './tensor.js';

export interface Rows {
  readonly x: readonly (readonly number[])[];
  readonly y: readonly (readonly number[])[];
  readonly weights: readonly number[];
}

export function rowsOf(x: Tensor, y: Tensor, weights: readonly number[]): Rows {
  const split = (one: Tensor): number[][] => {
    const { shape, data } = asRows(one);
    return Array.from({ length: shape[0] }, (_, i) => Array.from(data.subarray(i * shape[1], (i + 1) * shape[1])));
  };
  return { x: split(x), y: split(y), weights };
}

const epsilon = 1e-7;
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

/** The weighted mean over rows. */
function mean({ x, y, weights }: Rows, of: (x: readonly number[], y: readonly number[]) => number): number {
  return sum(x.map((row, i) => (weights[i] === 0 ? 0 : weights[i] * of(row, y[i])))) / sum(weights);
}

const greatestAt = (row: readonly number[]): number => row.indexOf(Math.max(...row));

export const binaryAccuracy = (rows: Rows, threshold = 0.5): number =>
  mean(rows, (x, y) => sum(x.map((value, i) => Number(Number(value > threshold) === y[i]))) / x.length);

export const categoricalAccuracy = (rows: Rows): number =>
  mean(rows, (x, y) => Number(greatestAt(x) === greatestAt(y)));

export const topKAccuracy = (rows: Rows, k: number): number =>
  mean(rows, (x, y) => Number(x.filter((value) => value > x[greatestAt(y)]).length < k));

export const rootMeanSquaredError = (rows: Rows): number =>
  Math.sqrt(mean(rows, (x, y) => sum(x.map((value, i) => (value - y[i]) ** 2)) / x.length));

export const perplexity = (rows: Rows): number => Math.exp(mean(rows, (x, y) => -Math.log(x[greatestAt(y)] / sum(x))));

interface Counts {
  readonly hits: number;
  readonly predicted: number;
  readonly actual: number;
}

/** Of each feature; `says` tells which values of a row are predicted to be 1. */
function countsOf({ x, y, weights }: Rows, says: (row: readonly number[]) => readonly boolean[]): Counts[] {
  return x[0].map((_, i) => {
    const total = (of: (row: number) => number): number => sum(weights.map((w, row) => (w === 0 ? 0 : w * of(row))));
    const predicted = (row: number): number => Number(says(x[row])[i]);
    return {
      hits: total((row) => predicted(row) * y[row][i]),
      predicted: total(predicted),
      actual: total((row) => y[row][i]),
    };
  });
}

const above = (threshold: number) => (row: readonly number[]) => row.map((value) => value > threshold);

const topK = (k: number) => (row: readonly number[]) => {
  const order = row.map((_, i) => i).sort((a, b) => row[b] - row[a] || a - b);
  return row.map((_, i) => order.indexOf(i) < k);
};

export interface Positives {
  readonly threshold?: number;
  readonly topK?: number;
  readonly classId?: number;
}

function pooled(rows: Rows, { threshold = 0.5, topK: k, classId }: Positives): Counts {
  const all = countsOf(rows, k === undefined ? above(threshold) : topK(k));
  const some = classId === undefined ? all : [all[classId]];
  const total = (which: keyof Counts): number => sum(some.map((counts) => counts[which]));
  return { hits: total('hits'), predicted: total('predicted'), actual: total('actual') };
}

export function precision(rows: Rows, options: Positives = {}): number {
  const { hits, predicted } = pooled(rows, options);
  return ratio(hits, predicted);
}

export function recall(rows: Rows, options: Positives = {}): number {
  const { hits, actual } = pooled(rows, options);
  return ratio(hits, actual);
}

export function f1Score(rows: Rows, average: 'micro' | 'macro' | 'weighted' = 'macro', threshold?: number): number {
  const says = threshold === undefined ? topK(1) : above(threshold);
  const classes = average === 'micro' ? [micro(countsOf(rows, says))] : countsOf(rows, says);
  const scores = classes.map(({ hits, predicted, actual }) => {
    const [p, r] = [hits / (predicted + epsilon), hits / (actual + epsilon)];
    return (2 * p * r) / (p + r + epsilon);
  });
  if (average !== 'weighted') return sum(scores) / scores.length;
  const total = sum(classes.map(({ actual }) => actual)) + epsilon;
  return sum(scores.map((score, i) => (score * classes[i].actual) / total));
}

function micro(classes: readonly Counts[]): Counts {
  const total = (which: keyof Counts): number => sum(classes.map((counts) => counts[which]));
  return { hits: total('hits'), predicted: total('predicted'), actual: total('actual') };
}

export interface AucConfig {
  readonly numThresholds?: number;
  readonly thresholds?: readonly number[];
  readonly curve?: 'ROC' | 'PR';
  readonly summationMethod?: 'interpolation' | 'minoring' | 'majoring';
}

export function auc({ x, y, weights }: Rows, config: AucConfig = {}): number {
  const { numThresholds = 200, curve = 'ROC', summationMethod = 'interpolation' } = config;
  const evenly = Array.from({ length: numThresholds - 2 }, (_, i) => (i + 1) / (numThresholds - 1));
  const thresholds = [-epsilon, ...[...(config.thresholds ?? evenly)].sort((a, b) => a - b), 1 + epsilon];
  const values = x.flatMap((row, r) => row.map((p, i) => ({ p, isOne: y[r][i] !== 0, weight: weights[r] })));
  const points = thresholds.map((threshold) => {
    const count = (isOne: boolean, isAbove: boolean): number =>
      sum(
        values.filter((value) => value.isOne === isOne && value.p > threshold === isAbove).map(({ weight }) => weight),
      );
    return { tp: count(true, true), fp: count(false, true), fn: count(true, false), tn: count(false, false) };
  });
  const pairs = points.slice(1).map((b, i) => [points[i], b] as const);
  if (curve === 'PR' && summationMethod === 'interpolation') {
    return sum(
      pairs.map(([a, b]) => {
        const [pa, pb] = [a.tp + a.fp, b.tp + b.fp];
        const slope = ratio(a.tp - b.tp, Math.max(pa - pb, 0));
        const intercept = b.tp - slope * pb;
        const log = pa > 0 && pb > 0 ? Math.log(pa / pb) : 0;
        return ratio(slope * (a.tp - b.tp + intercept * log), b.tp + b.fn);
      }),
    );
  }
  const place = ({ tp, fp, fn, tn }: (typeof points)[number]): [number, number] =>
    curve === 'ROC' ? [ratio(fp, fp + tn), ratio(tp, tp + fn)] : [ratio(tp, tp + fn), ratio(tp, tp + fp)];
  const heightOf = { interpolation: (a: number, b: number) => (a + b) / 2, minoring: Math.min, majoring: Math.max };
  return sum(
    pairs.map(([a, b]) => {
      const [[xa, ya], [xb, yb]] = [place(a), place(b)];
      return (xa - xb) * heightOf[summationMethod](ya, yb);
    }),
  );
}

export function r2Score({ x, y, weights }: Rows, byVariance = false): number {
  const features = x[0].map((_, i) => {
    const total = sum(weights);
    const center = sum(y.map((row, r) => (weights[r] === 0 ? 0 : weights[r] * row[i]))) / total;
    const of = (error: (row: number) => number): number =>
      sum(weights.map((w, row) => (w === 0 ? 0 : w * error(row) ** 2)));
    const spread = of((row) => y[row][i] - center);
    return { score: 1 - of((row) => x[row][i] - y[row][i]) / spread, spread };
  });
  const share = sum(features.map(({ spread }) => (byVariance ? spread : 1)));
  return sum(features.map(({ score, spread }) => score * (byVariance ? spread : 1))) / share;
}
