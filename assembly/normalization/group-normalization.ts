import { lastQuadMask } from '../math/lanes';
import { multiplyAdd } from '../math/multiply-add';

/**
 * GroupNormalization (Wu & He 2018) of x [steps, B, F] → y, in place allowed: the features fall into groups of neighbours, and each
 * group of a batch row gets mean 0 and variance 1 over all steps, then ⊙ gamma + beta ([F] each, or 0: none).
 * moments: for each batch row its features' means and their 1 / √(σ² + ε), two padded rows, which the way back needs; behind
 * them room for two rows of float64. Sums are float64: of each feature from step to step, then over the features of a group.
 */
export function groupNormalization(
  x: usize,
  gamma: usize,
  beta: usize,
  y: usize,
  moments: usize,
  steps: i32,
  batch: i32,
  features: i32,
  groups: i32,
  epsilon: f64,
): void {
  if (steps == 0) return;
  const rowBytes = (<usize>((features + 3) >> 2)) << 4;
  const stepBytes = <usize>batch * rowBytes;
  const end = <usize>steps * stepBytes;
  const lanes = lastQuadMask(features);
  const sums = moments + 2 * stepBytes;
  const width = features / groups;
  const n = <f64>width * <f64>steps;
  for (let b = 0; b < batch; b++) {
    const mean = moments + 2 * <usize>b * rowBytes;
    const scale = mean + rowBytes;
    memory.fill(mean, 0, 2 * rowBytes);
    // First the means, then what scales by the deviations from them.
    for (let squares = 0; squares < 2; squares++) {
      for (let i: usize = 0; i < rowBytes; i += 16) {
        addSteps(x + i, v128.load(mean + i), sums + 2 * i, steps, stepBytes, squares);
      }
      const target = squares ? scale : mean;
      for (let group = 0; group < groups; group++) {
        const moment = groupSum(sums, group, width) / n;
        fillGroup(target, group, width, <f32>(squares ? 1.0 / sqrt(moment + epsilon) : moment));
      }
    }
    for (let i: usize = 0; i < rowBytes; i += 16) {
      const center = v128.load(mean + i);
      const gain = gamma ? f32x4.mul(v128.load(scale + i), v128.load(gamma + i)) : v128.load(scale + i);
      const shift = beta ? v128.load(beta + i) : f32x4.splat(0);
      const trueLanes = i + 16 < rowBytes ? i32x4.splat(-1) : lanes;
      for (let at = i; at < end; at += stepBytes) {
        const value = multiplyAdd(f32x4.sub(v128.load(x + at), center), gain, shift);
        v128.store(y + at, v128.and(value, trueLanes));
      }
    }
    x += rowBytes;
    y += rowBytes;
  }
}

/** sums [4 × f64] = Σ_t (x − center), or of its squares, of four features of one batch row. */
function addSteps(x: usize, center: v128, sums: usize, steps: i32, stepBytes: usize, squares: i32): void {
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  for (let t = 0; t < steps; t++) {
    let value = f32x4.sub(v128.load(x), center);
    if (squares) value = f32x4.mul(value, value);
    low = f64x2.add(low, f64x2.promote_low_f32x4(value));
    high = f64x2.add(high, f64x2.promote_low_f32x4(i64x2.shuffle(value, value, 1, 1)));
    x += stepBytes;
  }
  v128.store(sums, low);
  v128.store(sums, high, 16);
}

/** The sum of a group's float64 sums of its features. */
export function groupSum(sums: usize, group: i32, width: i32): f64 {
  let sum: f64 = 0;
  for (let i = group * width; i < (group + 1) * width; i++) sum += load<f64>(sums + ((<usize>i) << 3));
  return sum;
}

function fillGroup(target: usize, group: i32, width: i32, value: f32): void {
  for (let i = group * width; i < (group + 1) * width; i++) store<f32>(target + ((<usize>i) << 2), value);
}
