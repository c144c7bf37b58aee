/** UpSampling1D: each step `size` times.                                Keras 3, layers/reshaping/up_sampling1d.py */
import type { UnmaskedPass } from './pass.js';
import { stepMap } from './step-map.js';
import type { Tensor, Tensors } from './tensor.js';

export interface UpSampling1dConfig {
  /** 2 by default. */
  readonly size?: number;
}

export function upSampling1d(config: UpSampling1dConfig, _weights: Tensors, [x]: readonly [Tensor]): UnmaskedPass {
  const { size = 2 } = config;
  const [, time] = x.shape;
  return stepMap(
    x,
    Array.from({ length: time * size }, (_, t) => Math.floor(t / size)),
  );
}
