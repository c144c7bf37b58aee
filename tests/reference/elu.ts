/** ELU: x, or α (eˣ − 1) below 0.                          Clevert et al. 2015; Keras 3, layers/activations/elu.py */
import type { Cotangents, SimplePass } from './pass.js';
import { map, zerosLike, zip, type Tensor, type Tensors } from './tensor.js';

export interface ELUConfig {
  /** 1 by default. */
  readonly alpha?: number;
}

export function elu({ alpha = 1 }: ELUConfig, _weights: Tensors, [x]: readonly [Tensor]): SimplePass {
  return {
    outputs: [map(x, (value) => (value > 0 ? value : alpha * Math.expm1(value)))],
    backward([dy = zerosLike(x)]: Cotangents<readonly [Tensor]>) {
      return {
        inputs: [zip(dy, x, (d, value) => d * (value > 0 ? 1 : alpha * Math.exp(value)))],
        weights: [],
      };
    },
  };
}
