import { clearPadding } from '../elementwise/activations';
import { expQuad } from '../math/exp';
import { lastQuadMask, maximumOfLanes, sumOfLanes } from '../math/lanes';
import { logQuad } from '../math/log';
import { addLanes, EPSILON, gradientFactor, total, weightOf } from './rows';

/**
 * Categorical cross-entropy of each row, −Σ y ln p over its classes, as Keras has it.
 *   from probabilities ŷ: p = ŷ / Σ ŷ, clipped to [1e-7, 1 − 1e-7], where its slope is 0
 *     with d = −y / p: slope (d − Σ d p) / Σ ŷ
 *   fromLogits = 1: p = softmax(ŷ), slope p Σ y − y
 *   result[0] = Σ weight · loss,   gradient += scale · weight · slope / result[1], where countRows has left what counts
 * prediction, gradient [rows, classes] with padded rows; target: rows of as many values, targetStride bytes apart, or with
 * sparse = 1 one value a row, the number of its class; rows of class `ignored` (NaN: none) then do not count. smoothing mixes
 * that share of equal probabilities into y. weights [rows] or 0; gradient 0: none is wanted. What a row holds that does not
 * count is never read as a number.
 */
export function categoricalCrossentropy(
  prediction: usize,
  target: usize,
  targetStride: i32,
  gradient: usize,
  weights: usize,
  rows: i32,
  classes: i32,
  sparse: i32,
  fromLogits: i32,
  smoothing: f32,
  ignored: f32,
  scale: f64,
  result: usize,
): void {
  const factor = gradientFactor(scale, result, 1);
  const bytes = (<usize>((classes + 3) >> 2)) << 4;
  const kept = f32x4.splat(<f32>1.0 - smoothing);
  const mixed = f32x4.splat(smoothing / <f32>classes);
  const lanes = lastQuadMask(classes);
  const one = f32x4.splat(1);
  const least = f32x4.splat(EPSILON);
  const most = f32x4.splat(<f32>1.0 - EPSILON);
  let losses = f64x2.splat(0.0);
  for (let row = 0; row < rows; row++) {
    const x = prediction + <usize>row * bytes;
    const y = target + <usize>row * <usize>targetStride;
    const rowWeight = weightOf(weights, row);
    if (rowWeight == 0 || (sparse && load<f32>(y) == ignored)) continue;
    const weight = f64x2.splat(<f64>rowWeight);
    // What is summed before the losses: ŷ, or e^(ŷ − max), and y.
    const top = fromLogits ? greatest(x, bytes, lanes) : f32x4.splat(0);
    let sum = f32x4.splat(0);
    let sumOfTargets = f32x4.splat(0);
    for (let i: usize = 0; i < bytes; i += 16) {
      const trueLanes = i + 16 < bytes ? i32x4.splat(-1) : lanes;
      const value = v128.load(x + i);
      const share = fromLogits ? expQuad(f32x4.sub(value, top)) : value;
      sum = f32x4.add(sum, v128.and(share, trueLanes));
      const wanted = f32x4.add(f32x4.mul(targetQuad(y, i, sparse), kept), mixed);
      sumOfTargets = f32x4.add(sumOfTargets, v128.and(wanted, trueLanes));
    }
    sum = sumOfLanes(sum);
    sumOfTargets = sumOfLanes(sumOfTargets);
    const logSum = logQuad(sum);
    let inner = f32x4.splat(0);
    for (let i: usize = 0; i < bytes; i += 16) {
      const trueLanes = i + 16 < bytes ? i32x4.splat(-1) : lanes;
      const wanted = f32x4.add(f32x4.mul(targetQuad(y, i, sparse), kept), mixed);
      let log: v128;
      if (fromLogits) {
        log = f32x4.sub(f32x4.sub(v128.load(x + i), top), logSum);
      } else {
        const share = f32x4.div(v128.load(x + i), sum);
        const clipped = f32x4.pmin(f32x4.pmax(share, least), most);
        log = logQuad(clipped);
        inner = f32x4.add(inner, v128.and(v128.and(wanted, f32x4.eq(share, clipped)), trueLanes));
      }
      // 0 · ln 0 is 0.
      const isWanted = v128.and(f32x4.ne(wanted, f32x4.splat(0)), trueLanes);
      losses = addLanes(losses, v128.and(f32x4.neg(f32x4.mul(wanted, log)), isWanted), weight);
    }
    if (!gradient) continue;
    inner = sumOfLanes(inner);
    const rowFactor = f32x4.splat(<f32>(factor * <f64>rowWeight));
    const dx = gradient + <usize>row * bytes;
    for (let i: usize = 0; i < bytes; i += 16) {
      const wanted = f32x4.add(f32x4.mul(targetQuad(y, i, sparse), kept), mixed);
      let slope: v128;
      if (fromLogits) {
        const share = f32x4.div(expQuad(f32x4.sub(v128.load(x + i), top)), sum);
        slope = f32x4.sub(f32x4.mul(share, sumOfTargets), wanted);
      } else {
        const share = f32x4.div(v128.load(x + i), sum);
        const isInside = v128.and(f32x4.ge(share, least), f32x4.le(share, most));
        const direct = v128.and(f32x4.div(wanted, share), isInside);
        slope = f32x4.mul(f32x4.sub(inner, direct), f32x4.div(one, sum));
      }
      v128.store(dx + i, f32x4.add(v128.load(dx + i), f32x4.mul(slope, rowFactor)));
    }
  }
  if (gradient) clearPadding(gradient, rows, classes);
  store<f64>(result, total(losses));
}

/** Four values of y from the one at byte i on: read, or 1 at the class whose number y holds. */
export function targetQuad(y: usize, i: usize, sparse: i32): v128 {
  if (!sparse) return v128.load(y + i);
  const classes = i32x4.add(i32x4(0, 1, 2, 3), i32x4.splat((<i32>i) >> 2));
  return v128.and(f32x4.eq(f32x4.convert_i32x4_s(classes), v128.load32_splat(y)), f32x4.splat(1));
}

/** The greatest value of a row, in every lane. */
export function greatest(x: usize, bytes: usize, lanes: v128): v128 {
  let top = v128.bitselect(v128.load(x + bytes - 16), f32x4.splat(-Infinity), lanes);
  for (let i: usize = 0; i < bytes - 16; i += 16) top = f32x4.pmax(top, v128.load(x + i));
  return maximumOfLanes(top);
}
