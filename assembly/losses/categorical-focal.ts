import { clearPadding } from '../elementwise/activations';
import { expQuad } from '../math/exp';
import { lastQuadMask, sumOfLanes } from '../math/lanes';
import { logQuad } from '../math/log';
import { greatest } from './cross-entropy';
import { power } from './element-errors';
import { addLanes, EPSILON, gradientFactor, total, weightOf } from './rows';

/**
 * Categorical focal cross-entropy of each row, −Σ α (1 − p)^γ y ln p over its classes (Lin et al. 2017, as Keras has it).
 *   p = ŷ / Σ ŷ, or with fromLogits = 1 softmax(ŷ), clipped to [1e-7, 1 − 1e-7], where its slope d is 0
 *   slope (d − Σ d p) / Σ ŷ,   from logits p (d − Σ d p)
 * Operands, result and gradient as in categoricalCrossentropy.
 */
export function categoricalFocal(
  prediction: usize,
  target: usize,
  gradient: usize,
  weights: usize,
  rows: i32,
  classes: i32,
  fromLogits: i32,
  smoothing: f32,
  gamma: f32,
  alpha: f32,
  scale: f64,
  result: usize,
): void {
  const factor = gradientFactor(scale, result, 1);
  const bytes: usize = ((classes + 3) >> 2) << 4;
  const kept = f32x4.splat(<f32>1 - smoothing);
  const mixed = f32x4.splat(smoothing / <f32>classes);
  const lastLanes = lastQuadMask(classes);
  let losses = f64x2.splat(0);
  for (let row = 0; row < rows; row++) {
    const rowWeight = weightOf(weights, row);
    if (rowWeight == 0) continue;
    const x = prediction + <usize>row * bytes;
    const y = target + <usize>row * bytes;
    const top = fromLogits ? greatest(x, bytes, lastLanes) : f32x4.splat(0);
    let sum = f32x4.splat(0);
    for (let i: usize = 0; i < bytes; i += 16) {
      const trueLanes = i + 16 < bytes ? i32x4.splat(-1) : lastLanes;
      sum = f32x4.add(sum, v128.and(part(v128.load(x + i), top, fromLogits), trueLanes));
    }
    sum = sumOfLanes(sum);
    const weight = f64x2.splat(<f64>rowWeight);
    let inner = f32x4.splat(0);
    for (let i: usize = 0; i < bytes; i += 16) {
      const trueLanes = i + 16 < bytes ? i32x4.splat(-1) : lastLanes;
      const wanted = f32x4.add(f32x4.mul(v128.load(y + i), kept), mixed);
      const p = f32x4.div(part(v128.load(x + i), top, fromLogits), sum);
      const bounded = clipped(p);
      const focus = f32x4.mul(f32x4.splat(-alpha), power(f32x4.sub(f32x4.splat(1), bounded), gamma));
      const error = f32x4.mul(f32x4.mul(focus, wanted), logQuad(bounded));
      losses = addLanes(losses, v128.and(error, trueLanes), weight);
      inner = f32x4.add(inner, v128.and(f32x4.mul(slopeOf(p, wanted, gamma, alpha), p), trueLanes));
    }
    if (!gradient) continue;
    inner = sumOfLanes(inner);
    const dx = gradient + <usize>row * bytes;
    const rowFactor = f32x4.splat(<f32>(factor * <f64>rowWeight));
    for (let i: usize = 0; i < bytes; i += 16) {
      const wanted = f32x4.add(f32x4.mul(v128.load(y + i), kept), mixed);
      const p = f32x4.div(part(v128.load(x + i), top, fromLogits), sum);
      const direct = f32x4.sub(slopeOf(p, wanted, gamma, alpha), inner);
      const slope = fromLogits ? f32x4.mul(p, direct) : f32x4.div(direct, sum);
      v128.store(dx + i, f32x4.add(v128.load(dx + i), f32x4.mul(slope, rowFactor)));
    }
  }
  if (gradient) clearPadding(gradient, rows, classes);
  store<f64>(result, total(losses));
}

/** What is summed to share by: ŷ, or e^(ŷ − max). */
function part(x: v128, top: v128, fromLogits: i32): v128 {
  return fromLogits ? expQuad(f32x4.sub(x, top)) : x;
}

function clipped(p: v128): v128 {
  return f32x4.pmin(f32x4.pmax(p, f32x4.splat(EPSILON)), f32x4.splat(<f32>1 - EPSILON));
}

/** d = α y (γ (1 − p)^(γ − 1) ln p − (1 − p)^γ / p), where p is not clipped. */
function slopeOf(p: v128, y: v128, gamma: f32, alpha: f32): v128 {
  const bounded = clipped(p);
  const rest = f32x4.sub(f32x4.splat(1), bounded);
  const less = f32x4.mul(f32x4.splat(gamma), f32x4.div(logQuad(bounded), rest));
  const slope = f32x4.mul(power(rest, gamma), f32x4.sub(less, f32x4.div(f32x4.splat(1), bounded)));
  const isCut = v128.and(f32x4.ne(bounded, p), f32x4.eq(p, p));
  return v128.andnot(f32x4.mul(f32x4.mul(f32x4.splat(alpha), y), slope), isCut);
}
