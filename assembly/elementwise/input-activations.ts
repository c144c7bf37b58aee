import { expQuad } from '../math/exp';
import { expm1Quad } from '../math/expm1';
import { normalTailQuad } from '../math/normal';
import { clearPadding, ELU } from './activations';

/**
 * Activations whose slope cannot be had from their output alone, and those with a parameter: layers have them, recurrent cells
 * do not. Their codes go on from those of ./activations; ELU is there too, here it takes its alpha.
 */
/** x·Φ(x), Φ the normal distribution: Hendrycks & Gimpel 2016 */
export const GELU = 12;
/** the same by tanh: ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))) */
export const GELU_TANH = 13;
/** x·σ(x): Elfwing et al. 2017, Ramachandran et al. 2017 */
export const SILU = 14;
/** x·tanh(ln(1 + eˣ)): Misra 2019 */
export const MISH = 15;
/** x·relu6(x + 3) / 6: Howard et al. 2019 */
export const HARD_SILU = 16;
/** x, below 0 alpha·x: Maas et al. 2013 */
export const LEAKY_RELU = 17;

/**
 * Where these activations have long reached their limits, so that ∞·0 does not come up. Below −88.7, where their values are
 * less than 3e-37 in magnitude, they are 0.
 */
const LOWEST: f32 = -104;
/** Φ(−14) = 8e-45 */
const FARTHEST: f32 = 14;
/** 2·√(2/π), and 0.044715 times that: ½ (1 + tanh u) = σ(2u) */
export const GELU_LINEAR: f32 = 1.5957691216057308;
const GELU_CUBIC: f32 = 0.07135481627159505;

/**
 * y = act(x) for [rows, features], in place allowed; the padding lanes of y become 0. alpha is read by LEAKY_RELU and ELU.
 * Largest errors in units of the last place, measured: LEAKY_RELU 0.5, ELU 1.7, HARD_SILU 1.8, SILU 3, MISH 3.8; from −1 on
 * GELU_TANH 2.6 and GELU 5.9. Farther down, where these two tend to 0, errors of their exponents tell: there the absolute error
 * stays below 7e-8. (tests/kernels/input-activations.test.ts)
 */
export function activateByInput(code: i32, alpha: f32, x: usize, y: usize, rows: i32, features: i32): void {
  const end = y + ((<usize>rows * ((features + 3) >> 2)) << 4);
  for (let target = y; target < end; target += 16) {
    v128.store(target, valueQuad(code, alpha, v128.load(x)));
    x += 16;
  }
  clearPadding(y, rows, features);
}

function valueQuad(code: i32, alpha: f32, x: v128): v128 {
  const zero = f32x4.splat(0);
  const isNegative = f32x4.lt(x, zero);
  if (code == LEAKY_RELU) return v128.bitselect(f32x4.mul(x, f32x4.splat(alpha)), x, isNegative);
  if (code == ELU) return v128.bitselect(f32x4.mul(expm1Quad(x), f32x4.splat(alpha)), x, isNegative);
  if (code == HARD_SILU) {
    const bounded = f32x4.pmax(x, f32x4.splat(-3));
    return f32x4.mul(bounded, f32x4.div(hardGate(bounded), f32x4.splat(6)));
  }
  const bounded = f32x4.pmax(x, f32x4.splat(LOWEST));
  const power = expQuad(exponent(code, bounded));
  if (code == GELU) {
    const a = f32x4.pmin(f32x4.abs(x), f32x4.splat(FARTHEST));
    return f32x4.sub(f32x4.pmax(x, zero), f32x4.mul(a, f32x4.mul(power, normalTailQuad(a))));
  }
  if (code == MISH) {
    const numerator = mishNumerator(power, isNegative);
    return f32x4.div(f32x4.mul(bounded, numerator), f32x4.add(numerator, mishRest(power, isNegative)));
  }
  return f32x4.div(bounded, f32x4.add(f32x4.splat(1), power));
}

/** What the exponential that each activation needs is taken of. */
export function exponent(code: i32, x: v128): v128 {
  if (code == SILU) return f32x4.neg(x);
  if (code == MISH) return f32x4.neg(f32x4.abs(x));
  const square = f32x4.mul(x, x);
  if (code == GELU) return f32x4.mul(square, f32x4.splat(-0.5));
  const slope = f32x4.add(f32x4.mul(square, f32x4.splat(GELU_CUBIC)), f32x4.splat(GELU_LINEAR));
  return f32x4.mul(f32x4.neg(x), slope);
}

/** 6 times the hard sigmoid. */
export function hardGate(x: v128): v128 {
  return f32x4.pmin(f32x4.pmax(f32x4.add(x, f32x4.splat(3)), f32x4.splat(0)), f32x4.splat(6));
}

/**
 * tanh(ln(1 + eˣ)) = ((1 + eˣ)² − 1) / ((1 + eˣ)² + 1), with w = e^−|x|: (1 + 2w) / (1 + 2w + 2w²), and below 0
 * (2w + w²) / (2w + w² + 2). Neither form overflows.
 */
export function mishNumerator(w: v128, isNegative: v128): v128 {
  const twice = f32x4.add(w, w);
  return f32x4.add(twice, v128.bitselect(f32x4.mul(w, w), f32x4.splat(1), isNegative));
}

/** The denominator less the numerator. */
export function mishRest(w: v128, isNegative: v128): v128 {
  const half = v128.bitselect(f32x4.splat(1), f32x4.mul(w, w), isNegative);
  return f32x4.add(half, half);
}
