/**
 * AveragePooling1D: the mean of each window (windows.ts), of its steps only: padding counts neither in the sum nor in
 * what it is divided by.                                     Keras 3, layers/pooling/average_pooling1d.py
 */
import type { Pooling1dConfig } from './max-pooling1d.js';
import type { Cotangents, UnmaskedPass } from './pass.js';
import { addStepInto, scale, stepOf, zeros, zerosLike, type Tensor, type Tensors } from './tensor.js';
import { windows } from './windows.js';

export function averagePooling1d(config: Pooling1dConfig, _weights: Tensors, [x]: readonly [Tensor]): UnmaskedPass {
  const { poolSize = 2, strides = poolSize, padding = 'valid' } = config;
  const [batch, time, features] = x.shape;
  const { length, taps } = windows(time, { size: poolSize, strides, padding });
  const counts = new Uint32Array(length);
  for (const { to } of taps) counts[to]++;

  const y = zeros(batch, length, features);
  for (const { to, from } of taps) addStepInto(y, to, scale(stepOf(x, from), 1 / counts[to]));
  return {
    outputs: [y],
    mask: undefined,
    backward([dy = zerosLike(y)]: Cotangents<readonly [Tensor]>) {
      const dx = zerosLike(x);
      for (const { to, from } of taps) addStepInto(dx, from, scale(stepOf(dy, to), 1 / counts[to]));
      return { inputs: [dx], weights: [] };
    },
  };
}
