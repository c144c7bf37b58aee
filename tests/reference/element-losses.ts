/**
 * Losses that are a mean (or a sum) of one error for each value, and their gradients.          Keras 3, losses/losses.py
 *   percentage            100 |ŷ − y| / max(|y|, ε)            squared logarithmic   (ln(1 + ŷ) − ln(1 + y))², both at least ε
 *   Huber                 e² / 2, from |e| = δ on δ |e| − δ² / 2                     log cosh   ln cosh e
 *   Poisson               ŷ − y ln(ŷ + ε)                      KL divergence (a sum) y ln(y / ŷ), both in [ε, 1]
 *   hinge, squared hinge  max(1 − y ŷ, 0), its square; targets 0 count as −1
 *   quantile              max(τ (y − ŷ), (τ − 1)(y − ŷ)): Koenker & Bassett 1978
 *   binary focal          (1 − pₜ)^γ · cross-entropy [· (y α + (1 − y)(1 − α))]
 * ε = 1e-7. Slopes are those of the side that the formula takes; at a kink 0.
 */
import { reduceRows, type Loss, type Weighting } from './loss-reduction.js';
import { checkShape, type Tensor } from './tensor.js';

interface Error {
  readonly value: number;
  /** By the prediction. */
  readonly slope: number;
}

export type ElementLoss = (predicted: number, target: number) => Error;

const epsilon = 1e-7;
const clip = (value: number, least: number, most: number): number => Math.min(Math.max(value, least), most);
const isInside = (value: number, least: number, most: number): number => Number(value >= least && value <= most);

export const elementLosses = {
  meanSquaredError: (x, y) => ({ value: (x - y) ** 2, slope: 2 * (x - y) }),
  meanAbsoluteError: (x, y) => ({ value: Math.abs(x - y), slope: Math.sign(x - y) }),
  meanAbsolutePercentageError: (x, y) => {
    const size = Math.max(Math.abs(y), epsilon);
    return { value: (100 * Math.abs(x - y)) / size, slope: (100 * Math.sign(x - y)) / size };
  },
  meanSquaredLogarithmicError: (x, y) => {
    const difference = Math.log1p(Math.max(x, epsilon)) - Math.log1p(Math.max(y, epsilon));
    return { value: difference ** 2, slope: x < epsilon ? 0 : (2 * difference) / (1 + x) };
  },
  logCosh: (x, y) => ({ value: Math.log(Math.cosh(x - y)), slope: Math.tanh(x - y) }),
  poisson: (x, y) => ({ value: x - y * Math.log(x + epsilon), slope: 1 - y / (x + epsilon) }),
  klDivergence: (x, y) => {
    const [p, q] = [clip(y, epsilon, 1), clip(x, epsilon, 1)];
    return { value: p * Math.log(p / q), slope: (-p / q) * isInside(x, epsilon, 1) };
  },
  hinge: (x, y) => {
    const sign = y === 0 ? -1 : y;
    return { value: Math.max(1 - sign * x, 0), slope: 1 - sign * x > 0 ? -sign : 0 };
  },
  squaredHinge: (x, y) => {
    const sign = y === 0 ? -1 : y;
    const missing = Math.max(1 - sign * x, 0);
    return { value: missing ** 2, slope: -2 * sign * missing };
  },
} satisfies Record<string, ElementLoss>;

export function huber(delta: number): ElementLoss {
  return (x, y) => {
    const e = x - y;
    const isSmall = Math.abs(e) <= delta;
    return {
      value: isSmall ? e ** 2 / 2 : delta * Math.abs(e) - delta ** 2 / 2,
      slope: isSmall ? e : delta * Math.sign(e),
    };
  };
}

export function quantile(tau: number): ElementLoss {
  return (x, y) => {
    const slope = y > x ? -tau : y < x ? 1 - tau : 0;
    return { value: Math.max(tau * (y - x), (tau - 1) * (y - x)), slope };
  };
}

export interface FocalConfig {
  readonly gamma?: number;
  readonly alpha?: number;
  readonly applyClassBalancing?: boolean;
  readonly fromLogits?: boolean;
  readonly labelSmoothing?: number;
}

export function binaryFocal(config: FocalConfig): ElementLoss {
  const { gamma = 2, alpha = 0.25, applyClassBalancing = false, fromLogits = false, labelSmoothing = 0 } = config;
  return (x, target) => {
    const y = target * (1 - labelSmoothing) + labelSmoothing / 2;
    const p = fromLogits ? 1 / (1 + Math.exp(-x)) : x;
    const slopeOfP = fromLogits ? p * (1 - p) : 1;
    const q = fromLogits ? p : clip(p, epsilon, 1 - epsilon);
    const entropy = -y * Math.log(q) - (1 - y) * Math.log(1 - q);
    const entropySlope = ((1 - y) / (1 - q) - y / q) * (fromLogits ? 1 : isInside(p, epsilon, 1 - epsilon));
    const missed = 1 - (y * p + (1 - y) * (1 - p));
    const focus = missed ** gamma;
    const focusSlope = gamma === 0 ? 0 : -gamma * missed ** (gamma - 1) * (2 * y - 1);
    const balance = applyClassBalancing ? y * alpha + (1 - y) * (1 - alpha) : 1;
    return {
      value: balance * focus * entropy,
      slope: balance * (focusSlope * entropy + focus * entropySlope) * slopeOfP,
    };
  };
}

/** Of a row the mean, or the sum, of its errors. */
export function elementLoss(
  errorOf: ElementLoss,
  prediction: Tensor,
  target: Tensor,
  weighting: Weighting = {},
  isSum = false,
): Loss {
  checkShape('target', target, prediction.shape);
  return reduceRows(prediction, weighting, (row, number) => {
    const count = isSum ? 1 : row.length;
    const errors = Array.from(row, (x, i) => errorOf(x, target.data[number * row.length + i]));
    return {
      value: errors.reduce((sum, { value }) => sum + value, 0) / count,
      gradient: errors.map(({ slope }) => slope / count),
    };
  });
}
