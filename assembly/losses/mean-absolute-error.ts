import { lastQuadMask } from '../math/lanes';
import { addLanes, rowLanes, storeResult, validRows } from './rows';

/**
 * Mean absolute error, as Keras has it: the mean over the features of |prediction − target|, then over the valid rows.
 *   gradient += sign(prediction − target) / (valid rows · features),   sign(0) = 0
 *   result[0] = Σ |prediction − target|,   result[1] = valid rows   (both float64; loss = [0] / ([1] · features))
 * Operands and sums as in meanSquaredError; a prediction that is NaN makes its gradient NaN, as it does there.
 */
export function meanAbsoluteError(
  prediction: usize,
  target: usize,
  gradient: usize,
  mask: usize,
  rows: i32,
  features: i32,
  result: usize,
): void {
  const valid = validRows(mask, rows);
  const factor = f32x4.splat(valid > 0 ? <f32>(1.0 / (<f64>valid * <f64>features)) : 0.0);
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
      sum = addLanes(sum, f32x4.abs(counted));
      if (gradient) {
        const total = f32x4.add(v128.load(gradient + at), signed(factor, counted));
        v128.store(gradient + at, v128.and(total, trueLanes));
      }
      at += 16;
    }
  }
  storeResult(result, sum, valid);
}

/** factor · sign(x): 0 where x is 0, NaN where x is NaN (all bits set). factor is positive. */
function signed(factor: v128, x: v128): v128 {
  const sign = v128.and(x, f32x4.splat(-0.0));
  const magnitude = v128.and(factor, f32x4.ne(x, f32x4.splat(0.0)));
  return v128.or(v128.or(magnitude, sign), f32x4.ne(x, x));
}
