import { randomWords, unitInterval } from './philox';

/**
 * target[i] = minimum + (maximum − minimum) · u, u uniform in [0, 1), i < count; count need not be a multiple of four.
 * Element i is word i mod 4 of counter (⌊i/4⌋, 0, 0, 0), so it depends on (seed, stream, i) alone. maximum itself comes
 * by rounding only.
 */
export function randomUniform(target: usize, count: i32, minimum: f32, maximum: f32, seed: i32, stream: i32): void {
  const start = f32x4.splat(minimum);
  const width = f32x4.splat(maximum - minimum);
  for (let i = 0; i < count; i += 4) {
    const u = unitInterval(randomWords(seed, stream, i >> 2, 0, 0, 0));
    const values = f32x4.add(start, f32x4.mul(width, u)); // never fused: all builds start from the same weights
    storeFirst(target + ((<usize>i) << 2), count - i, values);
  }
}

/** target[i] = value, i < count; count need not be a multiple of four. */
export function fill(target: usize, count: i32, value: f32): void {
  const values = f32x4.splat(value);
  for (let i = 0; i < count; i += 4) storeFirst(target + ((<usize>i) << 2), count - i, values);
}

/** Stores the first `count` lanes, all four if there are more: what follows an odd-sized block stays as it is. */
function storeFirst(target: usize, count: i32, values: v128): void {
  if (count >= 4) {
    v128.store(target, values);
    return;
  }
  v128.store_lane<f32>(target, values, 0);
  if (count > 1) v128.store_lane<f32>(target, values, 1, 4);
  if (count > 2) v128.store_lane<f32>(target, values, 2, 8);
}
