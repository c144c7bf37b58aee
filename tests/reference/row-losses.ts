/**
 * Losses that take a row as a whole, their mean and its gradient.                             Keras 3, losses/losses.py
 *   cosine similarity     −Σ (x / |x|) (y / |y|), norms at least ε
 *   categorical hinge     max(1 + max((1 − y) x) − Σ y x, 0)
 *   categorical focal     −Σ α (1 − p)^γ y ln p, p = x / Σ x in [ε, 1 − ε], or softmax(x)
 *   Gaussian              of n values the mean of ½ (ln v + (y − μ)² / v) [+ ½ ln 2π], the row being n μ, then n v (or ln v)
 */
import { reduceRows, type Loss, type Weighting } from './loss-reduction.js';
import type { FocalConfig } from './element-losses.js';
import type { Tensor } from './tensor.js';

const epsilon = 1e-7;
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const dot = (a: readonly number[], b: readonly number[]): number => sum(a.map((value, i) => value * b[i]));

type RowLoss = (x: readonly number[], y: readonly number[]) => { value: number; gradient: number[] };

function rowLoss(lossOf: RowLoss, prediction: Tensor, target: Tensor, weighting: Weighting): Loss {
  const columns = target.shape[target.shape.length - 1];
  return reduceRows(prediction, weighting, (row, number) =>
    lossOf(Array.from(row), Array.from(target.data.subarray(number * columns, (number + 1) * columns))),
  );
}

export function cosineSimilarity(prediction: Tensor, target: Tensor, weighting: Weighting = {}): Loss {
  const lossOf: RowLoss = (x, y) => {
    const [normX, normY] = [x, y].map((values) => Math.max(Math.sqrt(dot(values, values)), epsilon));
    const cosine = dot(x, y) / (normX * normY);
    const isSmall = Math.sqrt(dot(x, x)) < epsilon;
    return {
      value: -cosine,
      gradient: x.map((value, i) => ((isSmall ? 0 : (value * cosine) / normX) - y[i] / normY) / normX),
    };
  };
  return rowLoss(lossOf, prediction, target, weighting);
}

export function categoricalHinge(prediction: Tensor, target: Tensor, weighting: Weighting = {}): Loss {
  const lossOf: RowLoss = (x, y) => {
    const against = x.map((value, i) => (1 - y[i]) * value);
    const wrongest = against.indexOf(Math.max(...against));
    const value = 1 + against[wrongest] - dot(x, y);
    const gradient = y.map((wanted, i) => -wanted + (i === wrongest ? 1 - wanted : 0));
    return value > 0 ? { value, gradient } : { value: 0, gradient: x.map(() => 0) };
  };
  return rowLoss(lossOf, prediction, target, weighting);
}

export function categoricalFocal(
  { gamma = 2, alpha = 0.25, fromLogits = false, labelSmoothing = 0 }: FocalConfig,
  prediction: Tensor,
  target: Tensor,
  weighting: Weighting = {},
): Loss {
  const lossOf: RowLoss = (x, given) => {
    const y = given.map((value) => value * (1 - labelSmoothing) + labelSmoothing / given.length);
    const top = Math.max(...x);
    const parts = fromLogits ? x.map((value) => Math.exp(value - top)) : x;
    const total = sum(parts);
    const p = parts.map((part) => part / total);
    const q = p.map((value) => Math.min(Math.max(value, epsilon), 1 - epsilon));
    const slopes = q.map((value, i) => {
      if (value !== p[i]) return 0;
      const focus = (1 - value) ** gamma;
      return alpha * y[i] * focus * ((gamma * Math.log(value)) / (1 - value) - 1 / value);
    });
    const inner = dot(slopes, p);
    return {
      value: -sum(q.map((value, i) => alpha * (1 - value) ** gamma * y[i] * Math.log(value))),
      gradient: slopes.map((slope, i) => (slope - inner) * (fromLogits ? p[i] : 1 / total)),
    };
  };
  return rowLoss(lossOf, prediction, target, weighting);
}

export interface GaussianConfig {
  readonly logVariance?: boolean;
  readonly full?: boolean;
  readonly epsilon?: number;
}

export function gaussian(
  { logVariance = true, full = false, epsilon: least = 1e-6 }: GaussianConfig,
  prediction: Tensor,
  target: Tensor,
  weighting: Weighting = {},
): Loss {
  const lossOf: RowLoss = (row, y) => {
    const n = y.length;
    const values = y.map((wanted, i) => {
      const given = row[n + i];
      const v = Math.max(logVariance ? Math.exp(given) : given, least);
      const [error, constant] = [row[i] - wanted, full ? Math.log(2 * Math.PI) / 2 : 0];
      const slope = (1 - error ** 2 / v) / 2;
      return {
        value: (Math.log(v) + error ** 2 / v) / 2 + constant,
        byMean: error / v,
        byVariance: logVariance ? slope : slope / v,
      };
    });
    return {
      value: sum(values.map(({ value }) => value)) / n,
      gradient: [...values.map(({ byMean }) => byMean / n), ...values.map(({ byVariance }) => byVariance / n)],
    };
  };
  return rowLoss(lossOf, prediction, target, weighting);
}
