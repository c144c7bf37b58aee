import { lastQuadMask } from '../math/lanes';
import { addSquares, rowLanes, storeResult, validRows } from './rows';

/**
 * Mean squared error, as Keras has it: the mean over the features of (prediction − target)², then over the valid rows.
 *   gradient += 2 (prediction − target) / (valid rows · features)
 *   result[0] = Σ (prediction − target)²,   result[1] = valid rows   (both float64; loss = [0] / ([1] · features))
 * prediction, target, gradient [rows, features] with padded rows; mask [rows] or 0 (all rows count); gradient 0: none
 * is wanted. A masked row's prediction may be anything, NaN too. Padding lanes of the gradient become 0.
 * Summed in float64 all along, in the order of rows: sums of blocks would make it no more accurate.
 */
export function meanSquaredError(
  prediction: usize,
  target: usize,
  gradient: usize,
  mask: usize,
  rows: i32,
  features: i32,
  result: usize,
): void {
  const valid = validRows(mask, rows);
  const factor = f32x4.splat(valid > 0 ? <f32>(2.0 / (<f64>valid * <f64>features)) : 0.0);
  const lastLanes = lastQuadMask(features);
  const quads = (features + 3) >> 2;
  let sum = f64x2.splat(0.0);
  let at: usize = 0;
  for (let row = 0; row < rows; row++) {
    const lanes = rowLanes(mask, row);
    for (let quad = 1; quad <= quads; quad++) {
      const trueLanes = quad < quads ? i32x4.splat(-1) : lastLanes;
      const error = f32x4.sub(v128.load(prediction + at), v128.load(target + at));
      const counted = v128.and(v128.and(error, lanes), trueLanes);
      sum = addSquares(sum, counted);
      if (gradient) {
        const total = f32x4.add(v128.load(gradient + at), f32x4.mul(counted, factor));
        v128.store(gradient + at, v128.and(total, trueLanes));
      }
      at += 16;
    }
  }
  storeResult(result, sum, valid);
}
