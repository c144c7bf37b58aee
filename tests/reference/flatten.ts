/** Flatten: [batch, …] as [batch, values].                                  Keras 3, layers/reshaping/flatten.py */
import type { UnmaskedPass } from './pass.js';
import { reshape } from './reshape.js';
import type { Tensor, Tensors } from './tensor.js';

export function flatten(_config: object, _weights: Tensors, inputs: readonly [Tensor]): UnmaskedPass {
  return reshape({ targetShape: [-1] }, [], inputs);
}
