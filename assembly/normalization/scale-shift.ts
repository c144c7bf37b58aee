import { clearPadding } from '../elementwise/activations';
import { lastQuadMask } from '../math/lanes';
import { multiplyAdd } from '../math/multiply-add';

/**
 * y = (x − center) ⊙ scale + shift for [rows, features], in place allowed: BatchNormalization, Normalization and its inverse.
 * center or shift [features] may be 0: none. (x·scale + shift with the center taken into the shift would need one vector less,
 * but lose as many digits as the center is larger than the deviation.)
 */
export function scaleShift(
  x: usize,
  center: usize,
  scale: usize,
  shift: usize,
  y: usize,
  rows: i32,
  features: i32,
): void {
  const bytes = (<usize>((features + 3) >> 2)) << 4;
  const zero = f32x4.splat(0);
  let target = y;
  for (let row = 0; row < rows; row++) {
    for (let i: usize = 0; i < bytes; i += 16) {
      const difference = f32x4.sub(v128.load(x + i), center ? v128.load(center + i) : zero);
      v128.store(target + i, multiplyAdd(difference, v128.load(scale + i), shift ? v128.load(shift + i) : zero));
    }
    x += bytes;
    target += bytes;
  }
  clearPadding(y, rows, features);
}

/**
 * What scaleShift() scales by, from variances [features]: with d = max(√(variance + epsilon), least) it is gamma / d (gamma
 * [features], or 0: 1 / d), or with invert = 1 it is d. BatchNormalization: least = 0; Normalization: epsilon = 0, least = 1e-7.
 */
export function deviationScale(
  variance: usize,
  gamma: usize,
  scale: usize,
  features: i32,
  epsilon: f32,
  least: f32,
  invert: i32,
): void {
  const bytes = (<usize>((features + 3) >> 2)) << 4;
  for (let i: usize = 0; i < bytes; i += 16) {
    const root = f32x4.sqrt(f32x4.add(v128.load(variance + i), f32x4.splat(epsilon)));
    const deviation = f32x4.pmax(root, f32x4.splat(least));
    const numerator = gamma ? v128.load(gamma + i) : f32x4.splat(1);
    v128.store(scale + i, invert ? deviation : f32x4.div(numerator, deviation));
  }
  const last = scale + bytes - 16;
  v128.store(last, v128.and(v128.load(last), lastQuadMask(features)));
}
