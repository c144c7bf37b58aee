import { expQuad } from '../math/exp';
import { multiplyAdd } from '../math/multiply-add';
import { normalTailQuad } from '../math/normal';
import { clearPadding, ELU } from './activations';
import {
  exponent,
  GELU,
  GELU_LINEAR,
  GELU_TANH,
  HARD_SILU,
  hardGate,
  LEAKY_RELU,
  MISH,
  mishNumerator,
  mishRest,
} from './input-activations';

/** 1 / √(2π) */
const NORMAL_PEAK: f32 = 0.3989422804014327;
/** 3 · 0.044715 · 2·√(2/π) */
const GELU_SLOPE_CUBIC: f32 = 0.21406444881478515;

/**
 * dx = dy ⊙ act'(x) for [rows, features], or with accumulate = 1 dx += …; from the activation's input x, codes and alpha as
 * activateByInput() takes them. At a kink it is the slope of the side below. Without accumulate, dx may be dy.
 */
export function activateByInputBackward(
  code: i32,
  alpha: f32,
  x: usize,
  dy: usize,
  dx: usize,
  rows: i32,
  features: i32,
  accumulate: i32,
): void {
  const end = dx + ((<usize>rows * ((features + 3) >> 2)) << 4);
  for (let target = dx; target < end; target += 16) {
    const slope = slopeOfInput(code, alpha, v128.load(x));
    const gradient = v128.load(dy);
    v128.store(target, accumulate ? multiplyAdd(gradient, slope, v128.load(target)) : f32x4.mul(gradient, slope));
    x += 16;
    dy += 16;
  }
  clearPadding(dx, rows, features);
}

function slopeOfInput(code: i32, alpha: f32, x: v128): v128 {
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  const isNegative = f32x4.lt(x, zero);
  if (code == LEAKY_RELU || code == ELU) {
    const power = code == ELU ? expQuad(f32x4.pmin(x, zero)) : one;
    // Not where x > 0, so that NaN goes on.
    return v128.bitselect(one, f32x4.mul(power, f32x4.splat(alpha)), f32x4.gt(x, zero));
  }
  if (code == HARD_SILU) {
    // Between the kinks h(x) + x / 6, else the gate's own 0 or 1.
    const isBetween = f32x4.lt(f32x4.abs(x), f32x4.splat(3));
    const gate = f32x4.add(hardGate(x), v128.and(x, isBetween));
    return f32x4.div(gate, f32x4.splat(6));
  }
  const limit = f32x4.splat(code == GELU ? 14 : 104);
  const bounded = f32x4.pmax(f32x4.pmin(x, limit), f32x4.neg(limit));
  // Not ∞, which would meet a 0 below.
  const power = f32x4.pmin(expQuad(exponent(code, bounded)), f32x4.splat(1e37));
  if (code == GELU) {
    // Φ(x) + x·φ(x)
    const tail = f32x4.mul(power, normalTailQuad(f32x4.abs(bounded)));
    const below = v128.bitselect(tail, f32x4.sub(one, tail), isNegative);
    return multiplyAdd(f32x4.mul(bounded, power), f32x4.splat(NORMAL_PEAK), below);
  }
  if (code == MISH) {
    // With y = x·s, s = tanh(ln(1 + eˣ)): s + x·(1 − s²)·σ(x), and 1 − s² = r·(2 − r) for r = 1 − s.
    const numerator = mishNumerator(power, isNegative);
    const difference = mishRest(power, isNegative);
    const denominator = f32x4.add(numerator, difference);
    const rest = f32x4.div(difference, denominator);
    const sigmoid = f32x4.div(v128.bitselect(power, one, isNegative), f32x4.add(one, power));
    const bend = f32x4.mul(f32x4.mul(rest, f32x4.sub(f32x4.splat(2), rest)), sigmoid);
    return multiplyAdd(bounded, bend, f32x4.div(numerator, denominator));
  }
  // With y = x·σ(u): σ(u) + x·u'·σ(u)·(1 − σ(u)), and 1 − σ(u) = σ(u)·e^−u
  const sigmoid = f32x4.div(one, f32x4.add(one, power));
  let inner = one;
  if (code == GELU_TANH) {
    const square = f32x4.mul(bounded, bounded);
    inner = f32x4.add(f32x4.mul(square, f32x4.splat(GELU_SLOPE_CUBIC)), f32x4.splat(GELU_LINEAR));
  }
  const bend = f32x4.mul(f32x4.mul(bounded, inner), f32x4.mul(f32x4.mul(sigmoid, power), sigmoid));
  return f32x4.add(sigmoid, bend);
}
