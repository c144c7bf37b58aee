import { clearPadding } from '../elementwise/activations';

/** What two inputs become. Of more than two, y takes in one after the other: y = merge(y, next). */
export const ADD = 0;
export const SUBTRACT = 1;
export const MULTIPLY = 2;
/** (a + b) / divisor: the last step of a mean of as many inputs, all others being sums */
export const AVERAGE = 3;
/** NaN if one of them is, as NumPy and Keras have it */
export const MAXIMUM = 4;
export const MINIMUM = 5;

/**
 * y[r] = a[r] ∘ b[r mod bRows] for rows r of a, y [rows, features]; y may be a, or b where all rows are its own. With bRows = B a
 * tensor [B, F] meets every step: so a dropout mask of a sequence is applied. Keras's merging layers; ∘ by the codes above.
 */
export function merge(
  code: i32,
  a: usize,
  b: usize,
  y: usize,
  rows: i32,
  features: i32,
  bRows: i32,
  divisor: f32,
): void {
  const bytes = (<usize>((features + 3) >> 2)) << 4;
  const end = y + <usize>rows * bytes;
  if (bRows >= rows && code == ADD) addQuads(a, b, y, end);
  else if (bRows >= rows && code == MULTIPLY) multiplyQuads(a, b, y, end);
  else mergeQuads(code, a, b, y, end, <usize>bRows * bytes, divisor);
  clearPadding(y, rows, features);
}

/**
 * y [… end] = a + b. Sums and products are what residual connections and gates are made of, so they have loops of their own, twice
 * as fast as the one for all (measured: 0.16 for 0.33 ns an element; bench/kernels).
 */
function addQuads(a: usize, b: usize, y: usize, end: usize): void {
  while (y < end) {
    v128.store(y, f32x4.add(v128.load(a), v128.load(b)));
    a += 16;
    b += 16;
    y += 16;
  }
}

/** y [… end] = a · b */
function multiplyQuads(a: usize, b: usize, y: usize, end: usize): void {
  while (y < end) {
    v128.store(y, f32x4.mul(v128.load(a), v128.load(b)));
    a += 16;
    b += 16;
    y += 16;
  }
}

/** y [… end] = a ∘ b; b begins anew after bBytes. */
function mergeQuads(code: i32, a: usize, b: usize, y: usize, end: usize, bBytes: usize, divisor: f32): void {
  const divisors = f32x4.splat(divisor);
  let at: usize = 0;
  for (; y < end; y += 16) {
    const left = v128.load(a);
    const right = v128.load(b + at);
    let result: v128;
    if (code == MULTIPLY) result = f32x4.mul(left, right);
    else if (code == SUBTRACT) result = f32x4.sub(left, right);
    else if (code == MAXIMUM) result = f32x4.max(left, right);
    else if (code == MINIMUM) result = f32x4.min(left, right);
    else result = f32x4.add(left, right);
    v128.store(y, code == AVERAGE ? f32x4.div(result, divisors) : result);
    a += 16;
    at = at + 16 < bBytes ? at + 16 : 0;
  }
}
