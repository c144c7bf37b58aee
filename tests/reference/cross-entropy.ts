/**
 * Cross-entropies, their mean and its gradient.       Keras 3, losses/losses.py; clipping: backend/jax/nn.py and others
 *   categorical   of a row −Σ y log p              p = ŷ / Σ ŷ, clipped to [ε, 1 − ε]; from logits p = softmax(ŷ)
 *   sparse        the same, y given as the number of its class
 *   binary        the mean of −y log p − (1 − y) log(1 − p)     p = ŷ, clipped likewise; from logits p = σ(ŷ)
 * ε = 1e-7. Label smoothing s mixes a share s of equal probabilities into y. Where p is clipped the slope is 0.
 */
import { reduceRows, type Loss, type Weighting } from './loss-reduction.js';
import { checkShape, map, sizeOf, zeros, type Tensor } from './tensor.js';

export interface CrossentropyConfig {
  /** false by default. */
  readonly fromLogits?: boolean;
  /** 0 by default. */
  readonly labelSmoothing?: number;
}

export interface SparseCrossentropyConfig {
  /** false by default. */
  readonly fromLogits?: boolean;
  /** Rows of this class are left out like masked ones. */
  readonly ignoreClass?: number;
}

const epsilon = 1e-7;
const clip = (p: number): number => Math.min(Math.max(p, epsilon), 1 - epsilon);
const isClipped = (p: number): boolean => p < epsilon || p > 1 - epsilon;
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

export function categoricalCrossentropy(
  { fromLogits = false, labelSmoothing = 0 }: CrossentropyConfig,
  prediction: Tensor,
  target: Tensor,
  weighting: Weighting = {},
): Loss {
  checkShape('target', target, prediction.shape);
  return reduceRows(prediction, weighting, (row, number) => {
    const classes = row.length;
    const y = Array.from(
      target.data.subarray(number * classes, (number + 1) * classes),
      (value) => value * (1 - labelSmoothing) + labelSmoothing / classes,
    );
    return fromLogits ? ofLogits(Array.from(row), y) : ofShares(Array.from(row), y);
  });
}

/** log p = ŷ − log Σ e^ŷ; gradient p Σ y − y. */
function ofLogits(logits: readonly number[], y: readonly number[]): { value: number; gradient: number[] } {
  const largest = Math.max(...logits);
  const logSum = largest + Math.log(sum(logits.map((logit) => Math.exp(logit - largest))));
  const logs = logits.map((logit) => logit - logSum);
  const total = sum(y);
  return {
    value: -sum(logs.map((log, i) => y[i] * log)),
    gradient: logs.map((log, i) => Math.exp(log) * total - y[i]),
  };
}

/** With p̄ = −y / p, through p = ŷ / Σ ŷ: gradient (p̄ − Σ p̄ p) / Σ ŷ. */
function ofShares(shares: readonly number[], y: readonly number[]): { value: number; gradient: number[] } {
  const total = sum(shares);
  const p = shares.map((share) => share / total);
  const dp = p.map((value, i) => (isClipped(value) ? 0 : -y[i] / value));
  const inner = sum(dp.map((d, i) => d * p[i]));
  return {
    value: -sum(p.map((value, i) => y[i] * Math.log(clip(value)))),
    gradient: dp.map((d) => (d - inner) / total),
  };
}

/** The target has the prediction's shape without the classes, or with one instead of them. */
export function sparseCategoricalCrossentropy(
  { fromLogits = false, ignoreClass }: SparseCrossentropyConfig,
  prediction: Tensor,
  target: Tensor,
  weighting: Weighting = {},
): Loss {
  const { shape } = prediction;
  const classes = shape[shape.length - 1];
  checkShape('target', { shape: [target.data.length], data: target.data }, [sizeOf(shape.slice(0, -1))]);
  const isIgnored = (row: number): boolean => target.data[row] === ignoreClass;
  const oneHot = zeros(...shape);
  target.data.forEach((id, row) => {
    if (!isIgnored(row)) oneHot.data[row * classes + id] = 1;
  });
  if (ignoreClass === undefined) return categoricalCrossentropy({ fromLogits }, prediction, oneHot, weighting);

  // One row a sample, or the steps of a sample: as a mask [batch][time] in either case.
  const [batch] = shape;
  const time = target.data.length / batch;
  const mask = Array.from({ length: batch }, (_, b) =>
    Array.from({ length: time }, (_t, t) => (weighting.mask?.[b][t] ?? true) && !isIgnored(b * time + t)),
  );
  return categoricalCrossentropy({ fromLogits }, prediction, oneHot, { ...weighting, mask });
}

export function binaryCrossentropy(
  { fromLogits = false, labelSmoothing = 0 }: CrossentropyConfig,
  prediction: Tensor,
  target: Tensor,
  weighting: Weighting = {},
): Loss {
  checkShape('target', target, prediction.shape);
  const smooth = map(target, (value) => value * (1 - labelSmoothing) + labelSmoothing / 2);
  const ofOne = fromLogits ? ofLogit : ofProbability;
  return reduceRows(prediction, weighting, (row, number) => {
    const losses = Array.from(row, (value, i) => ofOne(value, smooth.data[number * row.length + i]));
    return {
      value: sum(losses.map(({ value }) => value)) / row.length,
      gradient: losses.map(({ slope }) => slope / row.length),
    };
  });
}

/** −log σ(x) = log(1 + e^−x); the value is y log(1 + e^−x) + (1 − y) log(1 + e^x), the slope σ(x) − y. */
function ofLogit(logit: number, y: number): { value: number; slope: number } {
  const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
  return { value: y * softplus(-logit) + (1 - y) * softplus(logit), slope: 1 / (1 + Math.exp(-logit)) - y };
}

function ofProbability(probability: number, y: number): { value: number; slope: number } {
  const p = clip(probability);
  return {
    value: -(y * Math.log(p) + (1 - y) * Math.log(1 - p)),
    slope: isClipped(probability) ? 0 : (1 - y) / (1 - p) - y / p,
  };
}
