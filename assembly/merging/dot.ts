import { lastQuadMask } from '../math/lanes';
import { multiplyAdd } from '../math/multiply-add';

/**
 * Batch-wise products of two tensors, summed over any axis of each: for all b < batch, i < I, j < J
 *   z(b, i, j) (+)= Σ_k x(b, i, k) · y(b, j, k)
 * Each operand's element lies at its pointer plus b, i or j, and k times its strides (in bytes, multiples of 4). So a kernel
 * serves every pair of axes of Keras's Dot, and its gradients: dx += Σ_j dz · y and dy += Σ_i dz · x are such sums too.
 * Every sum is one float32 chain from 0, k in order; accumulate = 1 adds it to what is there. Where the j of z lie side by
 * side (zJ = 4), the rest of its last quad becomes 0; else nothing but its elements is written.
 */
export function dot(
  x: usize,
  y: usize,
  z: usize,
  batch: i32,
  I: i32,
  J: i32,
  K: i32,
  xB: i32,
  xI: i32,
  xK: i32,
  yB: i32,
  yJ: i32,
  yK: i32,
  zB: i32,
  zI: i32,
  zJ: i32,
  accumulate: i32,
): void {
  for (let b = 0; b < batch; b++) {
    for (let i = 0; i < I; i++) {
      const left = x + <usize>(b * xB + i * xI);
      for (let j = 0; j < J; j += 4) {
        // Where fewer than four j are left, the last stands for the missing ones.
        const last = min(J - 1 - j, 3);
        const right0 = y + <usize>(b * yB + j * yJ);
        const right1 = right0 + <usize>(min(1, last) * yJ);
        const right2 = right0 + <usize>(min(2, last) * yJ);
        const right3 = right0 + <usize>(last * yJ);
        let sum = f32x4.splat(0);
        let from = left;
        let at: usize = 0;
        for (let k = 0; k < K; k++) {
          let values: v128;
          if (yJ == 4) {
            values = v128.load(right0 + at);
          } else {
            values = v128.load32_splat(right0 + at);
            values = v128.load_lane<f32>(right1 + at, values, 1);
            values = v128.load_lane<f32>(right2 + at, values, 2);
            values = v128.load_lane<f32>(right3 + at, values, 3);
          }
          sum = multiplyAdd(v128.load32_splat(from), values, sum);
          from += xK;
          at += yK;
        }
        let target = z + <usize>(b * zB + i * zI + j * zJ);
        if (zJ == 4) {
          if (accumulate) sum = f32x4.add(sum, v128.load(target));
          v128.store(target, last < 3 ? v128.and(sum, lastQuadMask(J)) : sum);
          continue;
        }
        for (let lane = 0; lane <= last; lane++) {
          const value = f32x4.extract_lane(sum, 0);
          store<f32>(target, accumulate ? load<f32>(target) + value : value);
          sum = v128.shuffle<f32>(sum, sum, 1, 2, 3, 0);
          target += zJ;
        }
      }
    }
  }
}
