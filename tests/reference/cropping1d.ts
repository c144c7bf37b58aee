/** Cropping1D: the sequence without its first and last steps.            Keras 3, layers/reshaping/cropping1d.py */
import type { UnmaskedPass } from './pass.js';
import { stepMap } from './step-map.js';
import type { Tensor, Tensors } from './tensor.js';

export interface Cropping1dConfig {
  /** Steps on both sides, or at the beginning and the end; 1 by default. */
  readonly cropping?: number | readonly [first: number, last: number];
}

export function cropping1d(config: Cropping1dConfig, _weights: Tensors, [x]: readonly [Tensor]): UnmaskedPass {
  const { cropping = 1 } = config;
  const [first, last] = typeof cropping === 'number' ? [cropping, cropping] : cropping;
  const [, time] = x.shape;
  return stepMap(
    x,
    Array.from({ length: Math.max(time - first - last, 0) }, (_, t) => first + t),
  );
}
