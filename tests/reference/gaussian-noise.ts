/**
 * GaussianNoise in training: y = x + stddev · noise, given standard normal noise of the shape of x.
 *                                                            Keras 3, layers/regularization/gaussian_noise.py
 * In inference it is the identity.
 */
import type { Cotangents, SimplePass } from './pass.js';
import { add, scale, zerosLike, type Tensor, type Tensors } from './tensor.js';

export interface GaussianNoiseConfig {
  readonly stddev: number;
}

export function gaussianNoise(
  { stddev }: GaussianNoiseConfig,
  _weights: Tensors,
  [x]: readonly [Tensor],
  noise: Tensor,
): SimplePass {
  return {
    outputs: [add(x, scale(noise, stddev))],
    backward([dy = zerosLike(x)]: Cotangents<readonly [Tensor]>) {
      return { inputs: [dy], weights: [] };
    },
  };
}
