import { lastQuadMask } from '../math/lanes';
import { multiplyAdd } from '../math/multiply-add';

/** dx = y ⊙ (dy − Σ dy·y) for [rows, features], or with accumulate = 1 dx += …; from y = softmax(x). Without accumulate, dx may be dy. */
export function softmaxBackward(y: usize, dy: usize, dx: usize, rows: i32, features: i32, accumulate: i32): void {
  const bytes: usize = ((features + 3) >> 2) << 4;
  const mask = lastQuadMask(features);
  for (let row = 0; row < rows; row++) {
    let sum = f32x4.splat(0);
    for (let i: usize = 0; i < bytes; i += 16) sum = multiplyAdd(v128.load(dy + i), v128.load(y + i), sum);
    sum = f32x4.add(sum, v128.shuffle<f32>(sum, sum, 2, 3, 0, 1));
    sum = f32x4.add(sum, v128.shuffle<f32>(sum, sum, 1, 0, 3, 2));
    for (let i: usize = 0; i < bytes; i += 16) {
      const slope = f32x4.mul(v128.load(y + i), f32x4.sub(v128.load(dy + i), sum));
      v128.store(dx + i, accumulate ? f32x4.add(v128.load(dx + i), slope) : slope);
    }
    const last = dx + bytes - 16;
    v128.store(last, v128.and(v128.load(last), mask));
    dx += bytes;
    dy += bytes;
    y += bytes;
  }
}
