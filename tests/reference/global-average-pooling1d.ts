/**
 * GlobalAveragePooling1D: of each feature the mean over all valid steps. Keras 3, layers/pooling/global_average_pooling1d.py
 * A row without a valid step has mean 0 (in Keras 0 / 0).
 */
import type { GlobalPooling1dConfig } from './global-max-pooling1d.js';
import type { Cotangents, UnmaskedPass } from './pass.js';
import { reshaped, stepOf, addStepInto, addInto, map, zeros, zerosLike } from './tensor.js';
import type { Mask, Tensor, Tensors } from './tensor.js';

export function globalAveragePooling1d(
  config: GlobalPooling1dConfig,
  _weights: Tensors,
  [x]: readonly [Tensor],
  mask?: Mask,
): UnmaskedPass {
  const [batch, time, features] = x.shape;
  const steps = Array.from({ length: time }, (_, t) => t);
  const counts = Array.from({ length: batch }, (_, b) => steps.filter((t) => mask?.[b][t] ?? true).length);
  /** What each row of a step counts in its mean. */
  const weighted = (rows: Tensor, t: number): Tensor =>
    map(rows, (value, i) => {
      const b = Math.floor(i / features);
      return (mask?.[b][t] ?? true) ? value / counts[b] : 0;
    });

  const y = zeros(batch, features);
  for (const t of steps) addInto(y, weighted(stepOf(x, t), t));
  return {
    outputs: [config.keepdims === true ? reshaped(y, [batch, 1, features]) : y],
    mask: undefined,
    backward([dy = zerosLike(y)]: Cotangents<readonly [Tensor]>) {
      const dx = zerosLike(x);
      for (const t of steps) addStepInto(dx, t, weighted(reshaped(dy, [batch, features]), t));
      return { inputs: [dx], weights: [] };
    },
  };
}
