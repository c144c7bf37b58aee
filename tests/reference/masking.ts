/**
 * Masking: a step is valid if any of its features differs from maskValue; the features of the others become 0.
 *                                                            Keras 3, layers/core/masking.py
 */
import type { Cotangents, SimplePass } from './pass.js';
import { map, zerosLike, type Mask, type Tensor, type Tensors } from './tensor.js';

export interface MaskingConfig {
  /** 0 by default. */
  readonly maskValue?: number;
}

export function masking(
  config: MaskingConfig,
  _weights: Tensors,
  [x]: readonly [Tensor],
): SimplePass & { readonly mask: Mask } {
  const { maskValue = 0 } = config;
  const [batch, time, features] = x.shape;
  const mask = Array.from({ length: batch }, (_b, b) =>
    Array.from({ length: time }, (_t, t) => {
      const at = (b * time + t) * features;
      return x.data.subarray(at, at + features).some((value) => value !== maskValue);
    }),
  );
  const onlyValid = (a: Tensor): Tensor =>
    map(a, (value, i) => {
      const step = Math.floor(i / features);
      return mask[Math.floor(step / time)][step % time] ? value : 0;
    });
  return {
    outputs: [onlyValid(x)],
    mask,
    backward([dy = zerosLike(x)]: Cotangents<readonly [Tensor]>) {
      return { inputs: [onlyValid(dy)], weights: [] };
    },
  };
}
