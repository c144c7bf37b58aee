import { lastQuadMask } from '../math/lanes';
import { multiplyAdd } from '../math/multiply-add';

/** Sums over rows go in blocks of so many, in float32; blocks are added in float64. */
const blockRows = 256;

/** What Keras adds to the number of valid rows, so that there may be none. */
const ADDED_WITH_MASK = 1e-7;

/**
 * mean, variance [features] of x [rows, features], over the rows that mask [rows] leaves (0 = no mask: all); the variance is
 * Σ (x − mean)² / n. Without a valid row both are 0. Keras 3.16, layers/normalization/batch_normalization.py.
 */
export function batchMoments(x: usize, mask: usize, mean: usize, variance: usize, rows: i32, features: i32): void {
  const quads = (features + 3) >> 2;
  const rowBytes = (<usize>quads) << 4;
  const n = f64x2.splat(countRows(mask, rows));
  for (let quad = 0; quad < quads; quad++) {
    const offset = (<usize>quad) << 4;
    const lanes = quad + 1 < quads ? i32x4.splat(-1) : lastQuadMask(features);
    let center = f32x4.splat(0);
    // First the sum, then the sum of squares.
    for (let squares = 0; squares < 2; squares++) {
      let low = f64x2.splat(0);
      let high = f64x2.splat(0);
      for (let row = 0; row < rows; row += blockRows) {
        const end = min(row + blockRows, rows);
        let sum = f32x4.splat(0);
        for (let r = row; r < end; r++) {
          if (!isValid(mask, r)) continue;
          const difference = f32x4.sub(v128.load(x + offset + <usize>r * rowBytes), center);
          sum = squares ? multiplyAdd(difference, difference, sum) : f32x4.add(sum, difference);
        }
        low = f64x2.add(low, f64x2.promote_low_f32x4(sum));
        high = f64x2.add(high, upperHalf(sum));
      }
      center = v128.and(narrow(f64x2.div(low, n), f64x2.div(high, n)), lanes);
      v128.store((squares ? variance : mean) + offset, center);
    }
  }
}

/** average ← momentum · average + (1 − momentum) · value, for so many floats, a multiple of 4. */
export function movingAverage(average: usize, value: usize, count: i32, momentum: f64): void {
  const kept = f32x4.splat(<f32>momentum);
  const added = f32x4.splat(<f32>(1.0 - momentum));
  const end = average + ((<usize>count) << 2);
  for (; average < end; average += 16) {
    v128.store(average, multiplyAdd(v128.load(average), kept, f32x4.mul(v128.load(value), added)));
    value += 16;
  }
}

/**
 * The gradients of scaleShift(x, mean, gamma / √(variance + ε), beta) where mean and variance are x's own, batchMoments(). With
 * s = 1 / √(σ² + ε), x̂ = (x − μ)·s, sums over all rows, n the number of valid ones:
 *   dx += gamma · s · (dy − (Σ dy + x̂ · Σ dy ⊙ x̂) / n),   the bracketed term in valid rows only
 *   dgamma += Σ dy ⊙ x̂,   dbeta += Σ dy
 * gamma, dgamma, dbeta and mask may be 0.
 */
export function batchNormalizationBackward(
  x: usize,
  mean: usize,
  variance: usize,
  gamma: usize,
  dy: usize,
  dx: usize,
  dgamma: usize,
  dbeta: usize,
  mask: usize,
  rows: i32,
  features: i32,
  epsilon: f32,
): void {
  const quads = (features + 3) >> 2;
  const rowBytes = (<usize>quads) << 4;
  const n = f64x2.splat(countRows(mask, rows));
  for (let quad = 0; quad < quads; quad++) {
    const offset = (<usize>quad) << 4;
    const lanes = quad + 1 < quads ? i32x4.splat(-1) : lastQuadMask(features);
    const center = v128.load(mean + offset);
    const deviation = f32x4.sqrt(f32x4.add(v128.load(variance + offset), f32x4.splat(epsilon)));
    const scale = f32x4.div(f32x4.splat(1), deviation);
    let low = f64x2.splat(0);
    let high = f64x2.splat(0);
    let lowAlong = f64x2.splat(0);
    let highAlong = f64x2.splat(0);
    for (let row = 0; row < rows; row += blockRows) {
      const end = min(row + blockRows, rows);
      let sum = f32x4.splat(0);
      let along = f32x4.splat(0);
      for (let r = row; r < end; r++) {
        const at = offset + <usize>r * rowBytes;
        const gradient = v128.load(dy + at);
        const normal = f32x4.mul(f32x4.sub(v128.load(x + at), center), scale);
        sum = f32x4.add(sum, gradient);
        along = multiplyAdd(gradient, normal, along);
      }
      low = f64x2.add(low, f64x2.promote_low_f32x4(sum));
      high = f64x2.add(high, upperHalf(sum));
      lowAlong = f64x2.add(lowAlong, f64x2.promote_low_f32x4(along));
      highAlong = f64x2.add(highAlong, upperHalf(along));
    }
    if (dbeta) addTo(dbeta + offset, v128.and(narrow(low, high), lanes));
    if (dgamma) addTo(dgamma + offset, v128.and(narrow(lowAlong, highAlong), lanes));
    const share = narrow(f64x2.div(low, n), f64x2.div(high, n));
    const shareAlong = narrow(f64x2.div(lowAlong, n), f64x2.div(highAlong, n));
    const gain = gamma ? f32x4.mul(scale, v128.load(gamma + offset)) : scale;
    for (let row = 0; row < rows; row++) {
      const at = offset + <usize>row * rowBytes;
      let rest = v128.load(dy + at);
      if (isValid(mask, row)) {
        const normal = f32x4.mul(f32x4.sub(v128.load(x + at), center), scale);
        rest = f32x4.sub(f32x4.sub(rest, share), f32x4.mul(normal, shareAlong));
      }
      v128.store(dx + at, v128.and(multiplyAdd(rest, gain, v128.load(dx + at)), lanes));
    }
  }
}

function isValid(mask: usize, row: i32): bool {
  return mask == 0 || load<f32>(mask + ((<usize>row) << 2)) != 0;
}

function countRows(mask: usize, rows: i32): f64 {
  if (mask == 0) return <f64>max(rows, 1);
  let count = 0;
  for (let row = 0; row < rows; row++) count += i32(isValid(mask, row));
  return <f64>count + ADDED_WITH_MASK;
}

function upperHalf(x: v128): v128 {
  return f64x2.promote_low_f32x4(i64x2.shuffle(x, x, 1, 1));
}

/** Four float64 to float32. */
function narrow(low: v128, high: v128): v128 {
  return i64x2.shuffle(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 2);
}

function addTo(target: usize, value: v128): void {
  v128.store(target, f32x4.add(v128.load(target), value));
}
