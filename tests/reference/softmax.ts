/**
 * Softmax along an axis, of the places that a mask leaves: the others are 0, and all are where none is left.
 *                                                            Keras 3, layers/activations/softmax.py
 *   y = eˣ / Σ eˣ,     x̄ = y ⊙ (ȳ − Σ ȳ y)
 */
import { broadcastTo } from './broadcast.js';
import type { Cotangents, SimplePass } from './pass.js';
import { axisOf, map, sizeOf, zerosLike, type Tensor, type Tensors } from './tensor.js';

export interface SoftmaxConfig {
  /** −1 by default. */
  readonly axis?: number;
}

/** The mask, 1 or 0, has the rank of x; its axes of size 1 are broadcast. */
export function softmax(
  { axis = -1 }: SoftmaxConfig,
  _weights: Tensors,
  [x]: readonly [Tensor],
  mask?: Tensor,
): SimplePass {
  const along = axisOf(axis, x.shape);
  const inner = sizeOf(x.shape.slice(along + 1));
  const isLeft = mask && broadcastTo(mask, x.shape);

  /** For each line along the axis: the places of it that are left. */
  const lines: number[][] = [];
  x.data.forEach((_, i) => {
    const line = Math.floor(i / (inner * x.shape[along])) * inner + (i % inner);
    lines[line] ??= [];
    if (isLeft?.data[i] !== 0) lines[line].push(i);
  });

  const y = zerosLike(x);
  for (const line of lines) {
    const largest = Math.max(...line.map((i) => x.data[i]));
    const powers = line.map((i) => Math.exp(x.data[i] - largest));
    const sum = powers.reduce((total, power) => total + power, 0);
    line.forEach((i, at) => (y.data[i] = powers[at] / sum));
  }
  return {
    outputs: [y],
    backward([dy = zerosLike(x)]: Cotangents<readonly [Tensor]>) {
      const means = zerosLike(x);
      for (const line of lines) {
        const mean = line.reduce((total, i) => total + dy.data[i] * y.data[i], 0);
        for (const i of line) means.data[i] = mean;
      }
      return { inputs: [map(dy, (d, i) => y.data[i] * (d - means.data[i]))], weights: [] };
    },
  };
}
