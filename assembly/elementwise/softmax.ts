import { expQuads } from '../math/exp';
import { lastQuadMask } from '../math/lanes';

/**
 * y = softmax(x) for [rows, features], in place allowed: e^(x − max) over its sum, so that nothing overflows.
 * A row is summed quad by quad into four lanes, and these as (0 + 2) + (1 + 3): one order, by the number of features alone.
 */
export function softmax(x: usize, y: usize, rows: i32, features: i32): void {
  const quads = (features + 3) >> 2;
  const bytes: usize = quads << 4;
  const last = bytes - 16;
  const mask = lastQuadMask(features);
  for (let row = 0; row < rows; row++) {
    // −∞ in the padding lanes, which e^x makes 0.
    const tail = v128.bitselect(v128.load(x + last), f32x4.splat(-Infinity), mask);
    let top = tail;
    for (let i: usize = 0; i < last; i += 16) top = f32x4.pmax(top, v128.load(x + i));
    top = f32x4.pmax(top, v128.shuffle<f32>(top, top, 2, 3, 0, 1));
    top = f32x4.pmax(top, v128.shuffle<f32>(top, top, 1, 0, 3, 2));
    for (let i: usize = 0; i < last; i += 16) v128.store(y + i, f32x4.sub(v128.load(x + i), top));
    v128.store(y + last, f32x4.sub(tail, top));
    expQuads(y, quads, 16, i32x4.splat(0));
    let sum = v128.load(y);
    for (let i: usize = 16; i < bytes; i += 16) sum = f32x4.add(sum, v128.load(y + i));
    sum = f32x4.add(sum, v128.shuffle<f32>(sum, sum, 2, 3, 0, 1));
    sum = f32x4.add(sum, v128.shuffle<f32>(sum, sum, 1, 0, 3, 2));
    for (let i: usize = 0; i < bytes; i += 16) v128.store(y + i, f32x4.div(v128.load(y + i), sum));
    v128.store(y + last, v128.and(v128.load(y + last), mask));
    x += bytes;
    y += bytes;
  }
}
