/**
 * Constraints: what a weight becomes after each step of an optimizer.          Keras 3, constraints/constraints.py
 *   maxNorm    w · min(|w|, maxValue) / (|w| + 1e-7)          |w| over the given axes: 0 is that of the inputs of a Dense
 *   unitNorm   w / (|w| + 1e-7)
 *   nonNeg     max(w, 0)
 */
import { broadcastTo, sumTo } from './broadcast.js';
import { map, multiply, zip, type Tensor } from './tensor.js';

export interface UnitNormConfig {
  /** 0 by default. */
  readonly axis?: number | readonly number[];
}

export interface MaxNormConfig extends UnitNormConfig {
  /** 2 by default. */
  readonly maxValue?: number;
}

export function maxNorm({ maxValue = 2, axis = 0 }: MaxNormConfig, weight: Tensor): Tensor {
  return zip(weight, norms(weight, axis), (w, norm) => (w * Math.min(norm, maxValue)) / (norm + 1e-7));
}

export function unitNorm({ axis = 0 }: UnitNormConfig, weight: Tensor): Tensor {
  return zip(weight, norms(weight, axis), (w, norm) => w / (norm + 1e-7));
}

export function nonNeg(weight: Tensor): Tensor {
  return map(weight, (w) => Math.max(w, 0));
}

/** The norm that each element belongs to. */
function norms(weight: Tensor, axis: number | readonly number[]): Tensor {
  const { shape } = weight;
  const over = (typeof axis === 'number' ? [axis] : axis).map((one) => (one < 0 ? shape.length + one : one));
  const squares = sumTo(
    multiply(weight, weight),
    shape.map((size, i) => (over.includes(i) ? 1 : size)),
  );
  return broadcastTo(map(squares, Math.sqrt), shape);
}
