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

/** act'(x) of four values, from y = act(x). At a kink it is the slope of the flat side. */
export function slopeQuad(code: i32, y: v128): v128 {
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  if (code == TANH) return f32x4.sub(one, f32x4.mul(y, y));
  if (code == SIGMOID) return f32x4.mul(y, f32x4.sub(one, y));
  if (code == RELU) return v128.and(f32x4.gt(y, zero), one);
  switch (code) {
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

/**
 * dx = dy ⊙ act'(x) for quads that lie so many bytes apart, from y = act(x). dx may be dy, or y.
 */
export function activateBackwardQuads(
  code: i32,
  y: usize,
  yStride: usize,
  dy: usize,
  dyStride: usize,
  dx: usize,
  dxStride: usize,
  quads: i32,
): void {
  for (let quad = 0; quad < quads; quad++) {
    v128.store(dx, f32x4.mul(v128.load(dy), slopeQuad(code, v128.load(y))));
    y += yStride;
    dy += dyStride;
    dx += dxStride;
  }
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
  const quads = rows * ((features + 3) >> 2);
  if (accumulate) {
    for (let offset: usize = 0, end: usize = quads << 4; offset < end; offset += 16) {
      const slope = slopeQuad(code, v128.load(y + offset));
      v128.store(dx + offset, multiplyAdd(v128.load(dy + offset), slope, v128.load(dx + offset)));
    }
  } else {
    activateBackwardQuads(code, y, 16, dy, 16, dx, 16, quads);
  }
  clearPadding(dx, rows, features);
}
