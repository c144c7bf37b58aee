/**
 * PReLU: x, or α x below 0, where α is learned.                He et al. 2015; Keras 3, layers/activations/prelu.py
 * Weights: alpha, of the shape of x without the batch; along an axis of sharedAxes of size 1.
 */
import { broadcastTo, sumTo } from './broadcast.js';
import type { Cotangents, SimplePass } from './pass.js';
import { checkWeights, map, multiply, reshaped, zerosLike, type Tensor, type Tensors } from './tensor.js';

export interface PReLUConfig {
  /** Counted from 1, the first after the batch. None by default. */
  readonly sharedAxes?: readonly number[];
}

export function prelu({ sharedAxes = [] }: PReLUConfig, weights: Tensors, [x]: readonly [Tensor]): SimplePass {
  const [, ...rest] = x.shape;
  const shape = rest.map((size, i) => (sharedAxes.includes(i + 1) ? 1 : size));
  checkWeights('prelu', weights, [shape]);
  const alpha = broadcastTo(reshaped(weights[0], [1, ...shape]), x.shape);
  const slopes = map(x, (value, i) => (value > 0 ? 1 : alpha.data[i]));
  return {
    outputs: [multiply(x, slopes)],
    backward([dy = zerosLike(x)]: Cotangents<readonly [Tensor]>) {
      const dAlpha = map(dy, (d, i) => d * Math.min(x.data[i], 0));
      return { inputs: [multiply(dy, slopes)], weights: [reshaped(sumTo(dAlpha, [1, ...shape]), shape)] };
    },
  };
}
