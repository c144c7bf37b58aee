import { clearPadding } from '../elementwise/activations';
import { lastQuadMask } from '../math/lanes';
import { errorQuad, LAST_OF_SQUARES, slopeQuad, SQUARED } from './element-errors';
import { addLanes, addSquares, gradientFactor, total, weightOf } from './rows';

/**
 * A loss that has an error for each value; which one says the code (./element-errors), with up to two numbers of its own.
 *   result[0] = Σ weight · error                                                              (float64)
 *   gradient += scale · weight · slope / (result[1] · errorsInRow), where countRows has left what counts
 * prediction, target, gradient [rows, features] with padded rows; gradient 0: none is wanted; its padding lanes become 0.
 * weights [rows], or 0. errorsInRow: the features, if a row's error is their mean, or 1, if it is their sum. smoothing mixes that
 * share of ½ into the targets. Summed in float64 all along, in the order of rows: sums of blocks would make it no more accurate.
 */
export function elementLoss(
  code: i32,
  prediction: usize,
  target: usize,
  gradient: usize,
  weights: usize,
  rows: i32,
  features: i32,
  errorsInRow: i32,
  first: f32,
  second: f32,
  smoothing: f32,
  scale: f64,
  result: usize,
): void {
  const factor = gradientFactor(scale, result, errorsInRow);
  const bytes: usize = ((features + 3) >> 2) << 4;
  const lastLanes = lastQuadMask(features);
  let sum = f64x2.splat(0);
  for (let row = 0; row < rows; row++) {
    const weight = weightOf(weights, row);
    if (weight == 0) continue;
    const at = <usize>row * bytes;
    const x = prediction + at;
    const y = target + at;
    const dx: usize = gradient == 0 ? 0 : gradient + at;
    const rowFactor = <f32>(factor * <f64>weight);
    if (code == SQUARED) sum = addSquaredErrors(sum, x, y, dx, bytes, lastLanes, weight, rowFactor);
    else sum = addErrors(sum, code, x, y, dx, bytes, lastLanes, first, second, smoothing, weight, rowFactor);
  }
  if (gradient) clearPadding(gradient, rows, features);
  store<f64>(result, total(sum));
}

/** The sum and one row's errors more; adds its gradient. */
function addErrors(
  sum: v128,
  code: i32,
  x: usize,
  y: usize,
  dx: usize,
  bytes: usize,
  lastLanes: v128,
  first: f32,
  second: f32,
  smoothing: f32,
  weight: f32,
  factor: f32,
): v128 {
  const rowWeight = f64x2.splat(<f64>weight);
  for (let i: usize = 0; i < bytes; i += 16) {
    const predicted = v128.load(x + i);
    let wanted = v128.load(y + i);
    if (smoothing != 0) {
      const kept = f32x4.mul(wanted, f32x4.splat(<f32>1 - smoothing));
      wanted = f32x4.add(kept, f32x4.splat(smoothing * 0.5));
    }
    let error = errorQuad(code, predicted, wanted, first, second);
    if (i + 16 == bytes) error = v128.and(error, lastLanes);
    sum = code <= LAST_OF_SQUARES ? addSquares(sum, error, rowWeight) : addLanes(sum, error, rowWeight);
    if (dx == 0) continue;
    const slope = slopeQuad(code, predicted, wanted, first, second);
    v128.store(dx + i, f32x4.add(v128.load(dx + i), f32x4.mul(slope, f32x4.splat(factor))));
  }
  return sum;
}

/** The same for SQUARED, the usual one, which is worth a loop without a branch and two calls for each quad. */
function addSquaredErrors(
  sum: v128,
  x: usize,
  y: usize,
  dx: usize,
  bytes: usize,
  lastLanes: v128,
  weight: f32,
  factor: f32,
): v128 {
  const rowWeight = f64x2.splat(<f64>weight);
  const twice = f32x4.splat(factor * 2);
  for (let i: usize = 0; i < bytes; i += 16) {
    let error = f32x4.sub(v128.load(x + i), v128.load(y + i));
    if (i + 16 == bytes) error = v128.and(error, lastLanes);
    sum = addSquares(sum, error, rowWeight);
    if (dx) v128.store(dx + i, f32x4.add(v128.load(dx + i), f32x4.mul(error, twice)));
  }
  return sum;
}
