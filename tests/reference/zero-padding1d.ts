/** ZeroPadding1D: steps of zeros before and after the sequence.     Keras 3, layers/reshaping/zero_padding1d.py */
import type { UnmaskedPass } from './pass.js';
import { stepMap } from './step-map.js';
import type { Tensor, Tensors } from './tensor.js';

export interface ZeroPadding1dConfig {
  /** Steps on both sides, or before and after; 1 by default. */
  readonly padding?: number | readonly [before: number, after: number];
}

export function zeroPadding1d(config: ZeroPadding1dConfig, _weights: Tensors, [x]: readonly [Tensor]): UnmaskedPass {
  const { padding = 1 } = config;
  const [before, after] = typeof padding === 'number' ? [padding, padding] : padding;
  const [, time] = x.shape;
  return stepMap(
    x,
    Array.from({ length: before + time + after }, (_, t) =>
      t >= before && t < before + time ? t - before : undefined,
    ),
  );
}
