/**
 * What the normalisation layers share: the elements of x fall into sets, and each set gets mean 0 and variance 1,
 *   x̂ = (x − μ) / √(σ² + ε),      μ = Σ x / n,      σ² = Σ (x − μ)² / n      over the set
 * An element that does not count (a masked one) is left out of both sums and of n, but normalised like the others.
 * Backwards, with s = 1 / √(σ² + ε),
 *   σ̄² = −½ s³ Σ x̂̄ (x − μ)      μ̄ = −s Σ x̂̄ − 2 σ̄² Σ (x − μ) / n      x̄ = s x̂̄ + (2 σ̄² (x − μ) + μ̄) / n
 * the last bracket for elements that count. (Σ (x − μ) is not quite 0 where n has a little added to it.)
 */
import { map, zeros, type Tensor, type Tensors } from './tensor.js';

export interface Sets {
  readonly count: number;
  /** Which set the element at place i belongs to. */
  readonly of: (i: number) => number;
  /** Whether the element at place i counts; by default all do. */
  readonly counts?: (i: number) => boolean;
  /** Added to n; 0 by default. */
  readonly addedToCount?: number;
}

export interface Standardized {
  readonly output: Tensor;
  /** Of each set [count]. */
  readonly mean: Tensor;
  readonly variance: Tensor;
  vjp(cotangent: Tensor): Tensor;
}

export function standardize(x: Tensor, epsilon: number, sets: Sets): Standardized {
  const { counts = () => true, addedToCount = 0 } = sets;
  /** For each set the sum of f over its elements, or over those that count. */
  const sum = (f: (i: number) => number, which: (i: number) => boolean = counts): Float64Array => {
    const sums = new Float64Array(sets.count);
    for (let i = 0; i < x.data.length; i++) if (which(i)) sums[sets.of(i)] += f(i);
    return sums;
  };
  // A set of which nothing counts has mean and variance 0.
  const n = sum(() => 1).map((size) => size + addedToCount || 1);
  const mean = sum((i) => x.data[i]).map((total, set) => total / n[set]);
  const centred = map(x, (value, i) => value - mean[sets.of(i)]);
  const variance = sum((i) => centred.data[i] ** 2).map((total, set) => total / n[set]);
  const scale = variance.map((value) => 1 / Math.sqrt(value + epsilon));

  return {
    output: map(centred, (value, i) => value * scale[sets.of(i)]),
    mean: { shape: [sets.count], data: mean },
    variance: { shape: [sets.count], data: variance },
    vjp(cotangent) {
      const all = (): boolean => true;
      const dVariance = sum((i) => cotangent.data[i] * centred.data[i], all).map(
        (total, set) => -0.5 * scale[set] ** 3 * total,
      );
      const sumOfCentred = sum((i) => centred.data[i]);
      const dMean = sum((i) => cotangent.data[i], all).map(
        (total, set) => -scale[set] * total - (2 * dVariance[set] * sumOfCentred[set]) / n[set],
      );
      return map(cotangent, (value, i) => {
        const set = sets.of(i);
        const throughSums = (2 * dVariance[set] * centred.data[i] + dMean[set]) / n[set];
        return scale[set] * value + (counts(i) ? throughSums : 0);
      });
    },
  };
}

export interface ScaleAndShiftConfig {
  /** Whether a gain γ [features] is learned. true by default. */
  readonly scale?: boolean;
  /** Whether an offset β [features] is learned. true by default. */
  readonly center?: boolean;
}

export interface ScaledAndShifted {
  readonly output: Tensor;
  backward(cotangent: Tensor): { readonly x: Tensor; readonly weights: Tensors };
}

/** y = γ ⊙ x̂ + β, by feature; weights: those of γ and β that are learned. */
export function scaleAndShift(
  x: Tensor,
  { scale = true, center = true }: ScaleAndShiftConfig,
  weights: Tensors,
): ScaledAndShifted {
  const gamma = scale ? weights[0].data : undefined;
  const beta = center ? weights[scale ? 1 : 0].data : undefined;
  const features = x.shape[x.shape.length - 1];
  return {
    output: map(x, (value, i) => value * (gamma?.[i % features] ?? 1) + (beta?.[i % features] ?? 0)),
    backward(cotangent) {
      const dGamma = zeros(features);
      const dBeta = zeros(features);
      cotangent.data.forEach((value, i) => {
        dGamma.data[i % features] += value * x.data[i];
        dBeta.data[i % features] += value;
      });
      return {
        x: map(cotangent, (value, i) => value * (gamma?.[i % features] ?? 1)),
        weights: [...(scale ? [dGamma] : []), ...(center ? [dBeta] : [])],
      };
    },
  };
}

/** The shapes of the weights of `scaleAndShift`. */
export function scaleAndShiftShapes(features: number, config: ScaleAndShiftConfig): number[][] {
  return [...((config.scale ?? true) ? [[features]] : []), ...((config.center ?? true) ? [[features]] : [])];
}
