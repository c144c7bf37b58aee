import { expQuad } from '../math/exp';
import { lastQuadMask, sumOfLanes } from '../math/lanes';

/** dx = dy − e^y · Σ dy for [rows, features], or with accumulate = 1 dx += …; from y = logSoftmax(x). Without accumulate, dx may be dy. */
export function logSoftmaxBackward(y: usize, dy: usize, dx: usize, rows: i32, features: i32, accumulate: i32): void {
  const bytes = (<usize>((features + 3) >> 2)) << 4;
  const last = bytes - 16;
  const mask = lastQuadMask(features);
  for (let row = 0; row < rows; row++) {
    let sum = v128.and(v128.load(dy + last), mask);
    for (let i: usize = 0; i < last; i += 16) sum = f32x4.add(sum, v128.load(dy + i));
    sum = sumOfLanes(sum);
    for (let i: usize = 0; i < bytes; i += 16) {
      const slope = f32x4.sub(v128.load(dy + i), f32x4.mul(expQuad(v128.load(y + i)), sum));
      v128.store(dx + i, accumulate ? f32x4.add(v128.load(dx + i), slope) : slope);
    }
    v128.store(dx + last, v128.and(v128.load(dx + last), mask));
    dx += bytes;
    dy += bytes;
    y += bytes;
  }
}
