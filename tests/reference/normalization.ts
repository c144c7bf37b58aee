/**
 * Normalization: a scaler with given statistics by feature, and its inverse.  Keras 3, layers/preprocessing/normalization.py
 *   y = (x − mean) / max(√variance, 1e-7)          invert: y = mean + x · max(√variance, 1e-7)
 */
import type { Cotangents, SimplePass } from './pass.js';
import { asRows, map, zerosLike, type Tensor, type Tensors } from './tensor.js';

export interface NormalizationConfig {
  /** One for all features, or one for each. */
  readonly mean: number | readonly number[];
  readonly variance: number | readonly number[];
  /** false by default. */
  readonly invert?: boolean;
}

export function normalization(config: NormalizationConfig, _weights: Tensors, [x]: readonly [Tensor]): SimplePass {
  const { mean, variance, invert = false } = config;
  const features = x.shape[x.shape.length - 1];
  const at = (values: number | readonly number[], i: number): number =>
    typeof values === 'number' ? values : values[i % features];
  const deviation = (i: number): number => Math.max(Math.sqrt(at(variance, i)), 1e-7);
  const scaled = (a: Tensor): Tensor => map(a, (value, i) => (invert ? value * deviation(i) : value / deviation(i)));
  return {
    outputs: [
      invert ? map(scaled(x), (value, i) => at(mean, i) + value) : scaled(map(x, (value, i) => value - at(mean, i))),
    ],
    backward([dy = zerosLike(x)]: Cotangents<readonly [Tensor]>) {
      return { inputs: [scaled(dy)], weights: [] };
    },
  };
}

/** The statistics that `adapt` takes from data of any rank: by feature, the mean and the variance (1 / n). */
export function adapt(data: Tensor): { readonly mean: number[]; readonly variance: number[] } {
  const [rows, features] = asRows(data).shape;
  const meanOf = (f: (value: number, feature: number) => number): number[] =>
    Array.from({ length: features }, (_, feature) => {
      let sum = 0;
      for (let row = 0; row < rows; row++) sum += f(data.data[row * features + feature], feature);
      return sum / rows;
    });
  const mean = meanOf((value) => value);
  return { mean, variance: meanOf((value, feature) => (value - mean[feature]) ** 2) };
}
