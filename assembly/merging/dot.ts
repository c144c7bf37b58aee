import { lastQuadMask } from '../math/lanes';
import { multiplyAdd } from '../math/multiply-add';

/**
 * Batch-wise products of two tensors, summed over any axis of each: for all b < batch, i < I, j < J
 *   z(b, i, j) (+)= Σ_k x(b, i, k) · y(b, j, k)
 * Each operand's element lies at its pointer plus b, i or j, and k times its strides (in bytes, multiples of 4). So a kernel
 * serves every pair of axes of Keras's Dot, and its gradients: dx += Σ_j dz · y and dy += Σ_i dz · x are such sums too.
 * Every sum is one float32 chain from 0, k in order; accumulate = 1 adds it to what is there. Where the j of z lie side by
 * side (zJ = 4), the rest of its last quad becomes 0; else nothing but its elements is written.
 * (Measured, Node 20, sums of 64: one i at a time 4 to 7 GFLOP/s, four 14 to 19.)
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
    for (let i = 0; i < I; i += 4) {
      // Four i × four j at a time; where fewer are left, the last stands for the missing ones.
      const lastI = min(I - 1 - i, 3);
      const left = x + <usize>(b * xB + i * xI);
      const left1 = <usize>(min(1, lastI) * xI);
      const left2 = <usize>(min(2, lastI) * xI);
      const left3 = <usize>(lastI * xI);
      for (let j = 0; j < J; j += 4) {
        const lastJ = min(J - 1 - j, 3);
        const right1 = <usize>(min(1, lastJ) * yJ);
        const right2 = <usize>(min(2, lastJ) * yJ);
        const right3 = <usize>(lastJ * yJ);
        let from = left;
        let at = y + <usize>(b * yB + j * yJ);
        let sum0 = f32x4.splat(0);
        let sum1 = f32x4.splat(0);
        let sum2 = f32x4.splat(0);
        let sum3 = f32x4.splat(0);
        for (let k = 0; k < K; k++) {
          let values: v128;
          if (yJ == 4) {
            values = v128.load(at);
          } else {
            values = v128.load32_splat(at);
            values = v128.load_lane<f32>(at + right1, values, 1);
            values = v128.load_lane<f32>(at + right2, values, 2);
            values = v128.load_lane<f32>(at + right3, values, 3);
          }
          sum0 = multiplyAdd(v128.load32_splat(from), values, sum0);
          sum1 = multiplyAdd(v128.load32_splat(from + left1), values, sum1);
          sum2 = multiplyAdd(v128.load32_splat(from + left2), values, sum2);
          sum3 = multiplyAdd(v128.load32_splat(from + left3), values, sum3);
          from += xK;
          at += yK;
        }
        let target = z + <usize>(b * zB + i * zI + j * zJ);
        for (let row = 0; row <= lastI; row++) {
          storeSums(target, sum0, zJ, lastJ, accumulate);
          sum0 = sum1;
          sum1 = sum2;
          sum2 = sum3;
          target += zI;
        }
      }
    }
  }
}

/** Writes the sums of four j, or adds them. */
function storeSums(target: usize, sums: v128, zJ: usize, lastJ: i32, accumulate: i32): void {
  if (zJ == 4) {
    const total = accumulate ? f32x4.add(sums, v128.load(target)) : sums;
    v128.store(target, v128.and(total, lastQuadMask(lastJ + 1)));
    return;
  }
  for (let lane = 0; lane <= lastJ; lane++) {
    const value = f32x4.extract_lane(sums, 0);
    store<f32>(target, accumulate ? load<f32>(target) + value : value);
    sums = v128.shuffle<f32>(sums, sums, 1, 2, 3, 0);
    target += zJ;
  }
}
