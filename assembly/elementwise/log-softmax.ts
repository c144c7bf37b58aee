import { expQuad } from '../math/exp';
import { lastQuadMask, maximumOfLanes, sumOfLanes } from '../math/lanes';
import { logNormalQuad } from '../math/log';

/**
 * y = ln softmax(x) = x − max − ln Σ e^(x − max) for [rows, features], in place allowed. Summed in softmax()'s order.
 */
export function logSoftmax(x: usize, y: usize, rows: i32, features: i32): void {
  const bytes = (<usize>((features + 3) >> 2)) << 4;
  const last = bytes - 16;
  const mask = lastQuadMask(features);
  for (let row = 0; row < rows; row++) {
    // −∞ in the padding lanes, which e^x makes 0.
    const tail = v128.bitselect(v128.load(x + last), f32x4.splat(-Infinity), mask);
    let top = tail;
    for (let i: usize = 0; i < last; i += 16) top = f32x4.pmax(top, v128.load(x + i));
    top = maximumOfLanes(top);
    let sum = f32x4.splat(0);
    for (let i: usize = 0; i < bytes; i += 16) {
      const value = f32x4.sub(i < last ? v128.load(x + i) : tail, top);
      v128.store(y + i, value);
      sum = f32x4.add(sum, expQuad(value));
    }
    sum = sumOfLanes(sum);
    // It is at least 1, or NaN, which sum − sum hands on.
    const logSum = f32x4.add(logNormalQuad(sum, f32x4.splat(0)), f32x4.sub(sum, sum));
    for (let i: usize = 0; i < bytes; i += 16) v128.store(y + i, f32x4.sub(v128.load(y + i), logSum));
    v128.store(y + last, v128.and(v128.load(y + last), mask));
    x += bytes;
    y += bytes;
  }
}
