import { expQuad } from '../math/exp';
import { lastQuadMask } from '../math/lanes';
import { log1pQuad, logQuad } from '../math/log';
import { EPSILON } from './cross-entropy';
import { addLanes, rowLanes, storeResult, validRows } from './rows';

/**
 * Binary cross-entropy, as Keras has it: the mean over the features of −y ln p − (1 − y) ln(1 − p), then over the valid rows.
 *   from probabilities: p = ŷ clipped to [1e-7, 1 − 1e-7], slope (1 − y) / (1 − p) − y / p, 0 where it is clipped
 *   fromLogits = 1: max(ŷ, 0) − ŷ y + ln(1 + e^−|ŷ|), slope σ(ŷ) − y
 * gradient += slope / (valid rows · features). result, mask and operands as in meanSquaredError. smoothing mixes that share of ½
 * into y.
 */
export function binaryCrossentropy(
  prediction: usize,
  target: usize,
  gradient: usize,
  mask: usize,
  rows: i32,
  features: i32,
  fromLogits: i32,
  smoothing: f32,
  result: usize,
): void {
  const valid = validRows(mask, rows);
  const factor = f32x4.splat(valid > 0 ? <f32>(1.0 / (<f64>valid * <f64>features)) : 0.0);
  const kept = f32x4.splat(<f32>1.0 - smoothing);
  const mixed = f32x4.splat(smoothing * 0.5);
  const lastLanes = lastQuadMask(features);
  const quads = (features + 3) >> 2;
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  let sum = f64x2.splat(0.0);
  let at: usize = 0;
  for (let row = 0; row < rows; row++) {
    const lanes = rowLanes(mask, row);
    for (let quad = 1; quad <= quads; quad++) {
      const trueLanes = quad < quads ? i32x4.splat(-1) : lastLanes;
      const x = v128.load(prediction + at);
      const y = f32x4.add(f32x4.mul(v128.load(target + at), kept), mixed);
      let loss: v128;
      let slope: v128;
      if (fromLogits) {
        const power = expQuad(f32x4.neg(f32x4.abs(x)));
        loss = f32x4.add(f32x4.sub(f32x4.pmax(x, zero), f32x4.mul(x, y)), log1pQuad(power));
        const numerator = v128.bitselect(power, one, f32x4.lt(x, zero));
        slope = f32x4.sub(f32x4.div(numerator, f32x4.add(one, power)), y);
      } else {
        const p = f32x4.pmin(f32x4.pmax(x, f32x4.splat(EPSILON)), f32x4.splat(<f32>1.0 - EPSILON));
        const rest = f32x4.sub(one, p);
        const restOfY = f32x4.sub(one, y);
        loss = f32x4.neg(f32x4.add(f32x4.mul(y, logQuad(p)), f32x4.mul(restOfY, logQuad(rest))));
        // Where p was clipped it is not x. (NaN is not x either, but stays NaN.)
        const isClipped = v128.and(f32x4.ne(p, x), f32x4.eq(x, x));
        slope = v128.andnot(f32x4.sub(f32x4.div(restOfY, rest), f32x4.div(y, p)), isClipped);
      }
      const counted = v128.and(lanes, trueLanes);
      sum = addLanes(sum, v128.and(loss, counted));
      if (gradient) {
        const total = f32x4.add(v128.load(gradient + at), f32x4.mul(v128.and(slope, counted), factor));
        v128.store(gradient + at, v128.and(total, trueLanes));
      }
      at += 16;
    }
  }
  storeResult(result, sum, valid);
}
