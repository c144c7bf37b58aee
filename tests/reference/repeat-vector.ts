/** RepeatVector: a vector [batch, features] as each of n steps.          Keras 3, layers/reshaping/repeat_vector.py */
import type { Cotangents, UnmaskedPass } from './pass.js';
import { stepMap } from './step-map.js';
import { reshaped, type Tensor, type Tensors } from './tensor.js';

export interface RepeatVectorConfig {
  readonly n: number;
}

export function repeatVector({ n }: RepeatVectorConfig, _weights: Tensors, [x]: readonly [Tensor]): UnmaskedPass {
  const [batch, features] = x.shape;
  const repeated = stepMap(
    reshaped(x, [batch, 1, features]),
    Array.from({ length: n }, () => 0),
  );
  return {
    outputs: repeated.outputs,
    mask: undefined,
    backward(cotangents: Cotangents<readonly [Tensor]>) {
      const [dx] = repeated.backward(cotangents).inputs;
      return { inputs: [reshaped(dx, x.shape)], weights: [] };
    },
  };
}
