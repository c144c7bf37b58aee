/** Reshape: the same values, row-major, in another shape.                   Keras 3, layers/reshaping/reshape.py */
import type { Cotangents, UnmaskedPass } from './pass.js';
import { reshaped, sizeOf, zerosLike, type Tensor, type Tensors } from './tensor.js';

export interface ReshapeConfig {
  /** Without the batch. One size may be −1: what is left. */
  readonly targetShape: readonly number[];
}

export function reshape({ targetShape }: ReshapeConfig, _weights: Tensors, [x]: readonly [Tensor]): UnmaskedPass {
  const [batch, ...rest] = x.shape;
  const left = sizeOf(rest) / sizeOf(targetShape.filter((size) => size !== -1));
  const y = reshaped(x, [batch, ...targetShape.map((size) => (size === -1 ? left : size))]);
  return {
    outputs: [y],
    mask: undefined,
    backward([dy = zerosLike(y)]: Cotangents<readonly [Tensor]>) {
      return { inputs: [reshaped(dy, x.shape)], weights: [] };
    },
  };
}
