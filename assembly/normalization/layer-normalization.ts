import { lastQuadMask, sumOfLanes } from '../math/lanes';
import { multiplyAdd } from '../math/multiply-add';

/**
 * y = (x − μ) / √(σ² + ε) ⊙ gamma + beta for [rows, features], in place allowed; μ and σ² (1 / n) of each row. Ba et al. 2016.
 * gamma or beta [features] may be 0: none. A row is summed quad by quad into four lanes, and these as (0 + 2) + (1 + 3).
 */
export function layerNormalization(
  x: usize,
  gamma: usize,
  beta: usize,
  y: usize,
  rows: i32,
  features: i32,
  epsilon: f32,
): void {
  const bytes = (<usize>((features + 3) >> 2)) << 4;
  const lanes = lastQuadMask(features);
  for (let row = 0; row < rows; row++) {
    const mean = rowMean(x, bytes, features);
    const scale = rowScale(x, mean, bytes, features, epsilon);
    for (let i: usize = 0; i < bytes; i += 16) {
      let value = f32x4.mul(f32x4.sub(v128.load(x + i), mean), scale);
      if (gamma) value = f32x4.mul(value, v128.load(gamma + i));
      v128.store(y + i, beta ? f32x4.add(value, v128.load(beta + i)) : value);
    }
    v128.store(y + bytes - 16, v128.and(v128.load(y + bytes - 16), lanes));
    x += bytes;
    y += bytes;
  }
}

/** The mean of a row, in every lane. */
export function rowMean(x: usize, bytes: usize, features: i32): v128 {
  let sum = v128.and(v128.load(x + bytes - 16), lastQuadMask(features));
  for (let i: usize = 0; i < bytes - 16; i += 16) sum = f32x4.add(sum, v128.load(x + i));
  return f32x4.div(sumOfLanes(sum), f32x4.splat(<f32>features));
}

/** 1 / √(σ² + ε) of a row, in every lane. */
export function rowScale(x: usize, mean: v128, bytes: usize, features: i32, epsilon: f32): v128 {
  const tail = v128.and(f32x4.sub(v128.load(x + bytes - 16), mean), lastQuadMask(features));
  let sum = f32x4.mul(tail, tail);
  for (let i: usize = 0; i < bytes - 16; i += 16) {
    const difference = f32x4.sub(v128.load(x + i), mean);
    sum = multiplyAdd(difference, difference, sum);
  }
  const variance = f32x4.div(sumOfLanes(sum), f32x4.splat(<f32>features));
  return f32x4.div(f32x4.splat(1), f32x4.sqrt(f32x4.add(variance, f32x4.splat(epsilon))));
}
