/**
 * Dropout in training, given which elements are kept (1) and which not (0): y = x ⊙ keep / (1 − rate).
 *                                     Srivastava et al. 2014, scaled as in Keras 3, layers/regularization/dropout.py
 * In inference, dropout is the identity.
 */
import type { Cotangents, SimplePass } from './pass.js';
import { multiply, scale, zerosLike, type Tensor, type Tensors } from './tensor.js';

export interface DropoutConfig {
  /** The share that is dropped, in [0, 1). */
  readonly rate: number;
}

export function dropout(config: DropoutConfig, _weights: Tensors, [x]: readonly [Tensor], keep: Tensor): SimplePass {
  const factors = scale(keep, 1 / (1 - config.rate));
  return {
    outputs: [multiply(x, factors)],
    backward([dy = zerosLike(x)]: Cotangents<readonly [Tensor]>) {
      return { inputs: [multiply(dy, factors)], weights: [] };
    },
  };
}
