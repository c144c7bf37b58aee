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
  const lastLanes = lastQuadMask(features);
  const bytes: usize = ((features + 3) >> 2) << 4;
  const kept = f32x4.splat(<f32>1 - smoothing);
  const mixed = f32x4.splat(smoothing * 0.5);
  const isSquare = code <= LAST_OF_SQUARES;
  let sum = f64x2.splat(0);
  for (let row = 0; row < rows; row++) {
    const rowWeight = weightOf(weights, row);
    if (rowWeight == 0) continue;
    const at = <usize>row * bytes;
    const weight = f64x2.splat(<f64>rowWeight);
    const rowFactor = f32x4.splat(<f32>(factor * <f64>rowWeight));
    for (let i = at; i < at + bytes; i += 16) {
      const x = v128.load(prediction + i);
      let y = v128.load(target + i);
      if (smoothing != 0) y = f32x4.add(f32x4.mul(y, kept), mixed);
      // The usual one is inlined; the functions are too large for that.
      let error = code == SQUARED ? f32x4.sub(x, y) : errorQuad(code, x, y, first, second);
      if (gradient) {
        const slope = code == SQUARED ? f32x4.add(error, error) : slopeQuad(code, x, y, first, second);
        v128.store(gradient + i, f32x4.add(v128.load(gradient + i), f32x4.mul(slope, rowFactor)));
      }
      if (i + 16 == at + bytes) error = v128.and(error, lastLanes);
      sum = isSquare ? addSquares(sum, error, weight) : addLanes(sum, error, weight);
    }
  }
  if (gradient) clearPadding(gradient, rows, features);
  store<f64>(result, total(sum));
}
