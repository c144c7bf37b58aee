/**
 * MaxPooling1D: of each window (windows.ts) and feature the largest value; padding does not count.
 *                                                            Keras 3, layers/pooling/max_pooling1d.py
 * Backwards the cotangent goes to where the largest value was, to the oldest if there are several.
 */
import type { Cotangents, UnmaskedPass } from './pass.js';
import { zeros, zerosLike, type Tensor, type Tensors } from './tensor.js';
import { windows, type Padding } from './windows.js';

export interface Pooling1dConfig {
  /** 2 by default. */
  readonly poolSize?: number;
  /** poolSize by default. */
  readonly strides?: number;
  /** valid by default. causal is an extension: a window ends at its step. */
  readonly padding?: Padding;
}

export function maxPooling1d(config: Pooling1dConfig, _weights: Tensors, [x]: readonly [Tensor]): UnmaskedPass {
  const { poolSize = 2, strides = poolSize, padding = 'valid' } = config;
  const [batch, time, features] = x.shape;
  const { length, taps } = windows(time, { size: poolSize, strides, padding });

  const y = zeros(batch, length, features);
  y.data.fill(-Infinity);
  /** For each value of y its place in x. */
  const places = new Uint32Array(y.data.length);
  for (let b = 0; b < batch; b++) {
    for (const { to, from } of taps) {
      for (let feature = 0; feature < features; feature++) {
        const at = (b * length + to) * features + feature;
        const place = (b * time + from) * features + feature;
        if (x.data[place] > y.data[at]) {
          y.data[at] = x.data[place];
          places[at] = place;
        }
      }
    }
  }
  return {
    outputs: [y],
    mask: undefined,
    backward([dy = zerosLike(y)]: Cotangents<readonly [Tensor]>) {
      const dx = zerosLike(x);
      places.forEach((place, at) => (dx.data[place] += dy.data[at]));
      return { inputs: [dx], weights: [] };
    },
  };
}
