/** Permute: axis i of the output is axis dims[i − 1] of the input; the batch stays. Keras 3, layers/reshaping/permute.py */
import type { Cotangents, UnmaskedPass } from './pass.js';
import { permuted, zerosLike, type Tensor, type Tensors } from './tensor.js';

export interface PermuteConfig {
  /** The axes 1, 2, … in their new order. */
  readonly dims: readonly number[];
}

export function permute({ dims }: PermuteConfig, _weights: Tensors, [x]: readonly [Tensor]): UnmaskedPass {
  const order = [0, ...dims];
  const y = permuted(x, order);
  const back = order.map((_, axis) => order.indexOf(axis));
  return {
    outputs: [y],
    mask: undefined,
    backward([dy = zerosLike(y)]: Cotangents<readonly [Tensor]>) {
      return { inputs: [permuted(dy, back)], weights: [] };
    },
  };
}
