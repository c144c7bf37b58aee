import { expm1Quad } from '../math/expm1';
import { multiplyAdd } from '../math/multiply-add';
import {
  clearPadding,
  ELU,
  EXPONENTIAL,
  HARD_SIGMOID,
  HARD_SIGMOID_LEGACY,
  RELU,
  RELU6,
  SELU,
  SELU_BELOW,
  SELU_SCALE,
  SIGMOID,
  SOFTPLUS,
  SOFTSIGN,
  TANH,
} from './activations';

/** tanh' = 1 − y² */
export function tanhSlope(y: v128): v128 {
  return f32x4.sub(f32x4.splat(1), f32x4.mul(y, y));
}

/** σ' = y·(1 − y) */
export function sigmoidSlope(y: v128): v128 {
  return f32x4.mul(y, f32x4.sub(f32x4.splat(1), y));
}

/** 1 where y > 0 */
function reluSlope(y: v128): v128 {
  return v128.and(f32x4.gt(y, f32x4.splat(0)), f32x4.splat(1));
}

/** act'(x) of four values, from y = act(x). At a kink it is the slope of the flat side. */
export function slopeQuad(code: i32, y: v128): v128 {
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  switch (code) {
    case RELU:
      return reluSlope(y);
    case TANH:
      return tanhSlope(y);
    case SIGMOID:
      return sigmoidSlope(y);
    case HARD_SIGMOID:
      return v128.and(v128.and(f32x4.gt(y, zero), f32x4.lt(y, one)), f32x4.splat(1.0 / 6.0));
    case HARD_SIGMOID_LEGACY:
      return v128.and(v128.and(f32x4.gt(y, zero), f32x4.lt(y, one)), f32x4.splat(0.2));
    case RELU6:
      return v128.and(v128.and(f32x4.gt(y, zero), f32x4.lt(y, f32x4.splat(6))), one);
    case ELU:
      return v128.bitselect(one, f32x4.add(y, one), f32x4.gt(y, zero));
    case SELU:
      return v128.bitselect(f32x4.splat(SELU_SCALE), f32x4.add(y, f32x4.splat(SELU_BELOW)), f32x4.gt(y, zero));
    case SOFTPLUS:
      return f32x4.neg(expm1Quad(f32x4.neg(y)));
    case SOFTSIGN: {
      const rest = f32x4.sub(one, f32x4.abs(y));
      return f32x4.mul(rest, rest);
    }
    case EXPONENTIAL:
      return y;
  }
  return one;
}

/** dx = dy ⊙ act'(x) for [rows, features], or with accumulate = 1 dx += …; from y = act(x). Without accumulate, dx may be dy. */
export function activateBackward(
  code: i32,
  y: usize,
  dy: usize,
  dx: usize,
  rows: i32,
  features: i32,
  accumulate: i32,
): void {
  const end = dx + ((<usize>rows * ((features + 3) >> 2)) << 4);
  for (let target = dx; target < end; target += 16) {
    const value = v128.load(y);
    const gradient = v128.load(dy);
    let slope: v128;
    // The usual ones are inlined here; slopeQuad is too large for that, and a call costs more than a slope (measured: 1.1 ns an element,
    // inlined 0.35; bench/kernels).
    if (code == RELU) slope = reluSlope(value);
    else if (code == TANH) slope = tanhSlope(value);
    else if (code == SIGMOID) slope = sigmoidSlope(value);
    else slope = slopeQuad(code, value);
    v128.store(target, accumulate ? multiplyAdd(gradient, slope, v128.load(target)) : f32x4.mul(gradient, slope));
    y += 16;
    dy += 16;
  }
  clearPadding(dx, rows, features);
}
