/**
 * GlobalMaxPooling1D: of each feature the largest value over all steps, whatever the mask.
 *                                                            Keras 3, layers/pooling/global_max_pooling1d.py
 * Backwards the cotangent goes to where the largest value was, to the oldest if there are several. There must be a step.
 */
import { maxPooling1d } from './max-pooling1d.js';
import type { Cotangents, UnmaskedPass } from './pass.js';
import { reshaped, type Tensor, type Tensors } from './tensor.js';

export interface GlobalPooling1dConfig {
  /** Whether the time axis stays, with one step: [batch, 1, features]. false by default. */
  readonly keepdims?: boolean;
}

export function globalMaxPooling1d(
  config: GlobalPooling1dConfig,
  _weights: Tensors,
  [x]: readonly [Tensor],
): UnmaskedPass {
  const [batch, time, features] = x.shape;
  if (time === 0) throw new Error('globalMaxPooling1d: nothing is the largest of no steps');
  const pooled = maxPooling1d({ poolSize: time }, [], [x]);
  return {
    outputs: [reshaped(pooled.outputs[0], config.keepdims === true ? [batch, 1, features] : [batch, features])],
    mask: undefined,
    backward([dy]: Cotangents<readonly [Tensor]>) {
      return pooled.backward([dy && reshaped(dy, [batch, 1, features])]);
    },
  };
}
