import { flushTiny, lastQuadMask } from '../math/lanes';

/**
 * Users' numbers into a tensor: source [batch, steps, features], dense → target [steps, batch, features], time-major with padded rows.
 * Values below 2⁻¹⁰⁰ become +0.
 */
export function importRows(source: usize, target: usize, batch: i32, steps: i32, features: i32): void {
  const mask = lastQuadMask(features);
  for (let t = 0; t < steps; t++) {
    for (let b = 0; b < batch; b++) {
      let from = source + ((<usize>(b * steps + t) * features) << 2);
      const end = from + (((<usize>(features - 1)) >> 2) << 4);
      for (; from < end; from += 16) {
        v128.store(target, flushTiny(v128.load(from)));
        target += 16;
      }
      // The last quad reaches into the next row, or into the slack behind the source.
      v128.store(target, v128.and(flushTiny(v128.load(from)), mask));
      target += 16;
    }
  }
}

/** A tensor as users see it: source [steps, batch, features] with padded rows → target [batch, steps, features], dense. */
export function exportRows(source: usize, target: usize, batch: i32, steps: i32, features: i32): void {
  const stride = ((<usize>(features + 3)) >> 2) << 4;
  const bytes: usize = features << 2;
  for (let t = 0; t < steps; t++) {
    for (let b = 0; b < batch; b++) {
      memory.copy(target + <usize>(b * steps + t) * bytes, source, bytes);
      source += stride;
    }
  }
}

/** target[t] = source[steps − 1 − t], or with accumulate = 1 target[t] += …; a step is rowBytes long, a multiple of 4. */
export function reverseTime(source: usize, target: usize, steps: i32, rowBytes: usize, accumulate: i32): void {
  source += <usize>steps * rowBytes;
  for (let t = 0; t < steps; t++) {
    source -= rowBytes;
    if (accumulate) {
      for (let i: usize = 0; i < rowBytes; i += 4)
        store<f32>(target + i, load<f32>(target + i) + load<f32>(source + i));
    } else {
      memory.copy(target, source, rowBytes);
    }
    target += rowBytes;
  }
}
