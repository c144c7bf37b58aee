import { expQuad } from '../math/exp';
import { expm1Quad } from '../math/expm1';
import { log1pQuad, logQuad } from '../math/log';
import { EPSILON } from './rows';

/*
 * Losses that are a sum of one error for each value: the error of a prediction x by its target y, and its slope by x.
 * As Keras 3 has them (losses/losses.py), if nothing else is said; src/training/loss-table.ts uses the codes.
 */

/** (x − y)² */
export const SQUARED = 0;
/** (ln(1 + x) − ln(1 + y))², x and y at least 1e-7 */
export const SQUARED_LOGARITHMIC = 1;
/** max(1 − xy, 0)²; a target of 0 counts as −1 */
export const SQUARED_HINGE = 2;
/** |x − y| */
export const ABSOLUTE = 3;
/** 100 |x − y| / max(|y|, 1e-7) */
export const PERCENTAGE = 4;
/** e² / 2 up to |e| = δ, from there on δ |e| − δ² / 2. first: δ. Huber 1964 */
export const HUBER = 5;
/** ln cosh(x − y) */
export const LOG_COSH = 6;
/** x − y ln(x + 1e-7) */
export const POISSON = 7;
/** y ln(y / x), both in [1e-7, 1] */
export const DIVERGENCE = 8;
/** max(1 − xy, 0); a target of 0 counts as −1 */
export const HINGE = 9;
/** max(τ (y − x), (τ − 1) (y − x)). first: τ. Koenker & Bassett 1978 */
export const QUANTILE = 10;
/** −y ln p − (1 − y) ln(1 − p), p = x in [1e-7, 1 − 1e-7] */
export const BINARY = 11;
/** the same, p = σ(x) */
export const BINARY_LOGITS = 12;
/**
 * (1 − pₜ)^γ times BINARY, pₜ = yp + (1 − y)(1 − p). first: γ, second: α, which weighs it by yα + (1 − y)(1 − α), or below 0
 * not. Lin et al. 2017
 */
export const FOCAL = 13;
/** the same, p = σ(x) */
export const FOCAL_LOGITS = 14;
/** x itself, which some layer has computed */
export const VALUE = 15;

/** Up to this code errorQuad gives the square root of the error: the square is then exact in float64. */
export const LAST_OF_SQUARES = SQUARED_HINGE;

/** The errors of four values. */
export function errorQuad(code: i32, x: v128, y: v128, first: f32, second: f32): v128 {
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  const difference = f32x4.sub(x, y);
  const size = f32x4.abs(difference);
  switch (code) {
    case SQUARED:
      return difference;
    case SQUARED_LOGARITHMIC:
      return f32x4.sub(log1p(atLeast(x, EPSILON)), log1p(atLeast(y, EPSILON)));
    case HINGE:
    case SQUARED_HINGE:
      return f32x4.pmax(f32x4.sub(one, f32x4.mul(x, asSign(y))), zero);
    case ABSOLUTE:
      return size;
    case PERCENTAGE:
      return f32x4.div(f32x4.mul(size, f32x4.splat(100)), atLeast(f32x4.abs(y), EPSILON));
    case HUBER: {
      const squared = f32x4.mul(f32x4.mul(size, size), f32x4.splat(0.5));
      const linear = f32x4.mul(f32x4.splat(first), f32x4.sub(size, f32x4.splat(first * 0.5)));
      return v128.bitselect(linear, squared, f32x4.gt(size, f32x4.splat(first)));
    }
    case LOG_COSH: {
      // ln cosh e = |e| + ln((1 + e^−2|e|) / 2)
      const half = f32x4.mul(expm1Quad(f32x4.mul(size, f32x4.splat(-2))), f32x4.splat(0.5));
      return f32x4.add(size, logQuad(f32x4.add(one, half)));
    }
    case POISSON:
      return f32x4.sub(x, f32x4.mul(y, logQuad(f32x4.add(x, f32x4.splat(EPSILON)))));
    case DIVERGENCE: {
      const wanted = between(y, EPSILON, 1);
      return f32x4.mul(wanted, logQuad(f32x4.div(wanted, between(x, EPSILON, 1))));
    }
    case QUANTILE: {
      const below = f32x4.mul(difference, f32x4.splat(-first));
      const above = f32x4.mul(difference, f32x4.splat(<f32>1 - first));
      return v128.bitselect(above, below, f32x4.gt(difference, zero));
    }
    case BINARY:
      return binaryError(between(x, EPSILON, <f32>1 - EPSILON), y);
    case BINARY_LOGITS: {
      const tail = log1pQuad(expQuad(f32x4.neg(f32x4.abs(x))));
      return f32x4.add(f32x4.sub(f32x4.pmax(x, zero), f32x4.mul(x, y)), tail);
    }
    case FOCAL: {
      const p = between(x, EPSILON, <f32>1 - EPSILON);
      return f32x4.mul(focus(x, y, first, second), binaryError(p, y));
    }
    case FOCAL_LOGITS:
      return f32x4.mul(focus(sigmoid(x), y, first, second), errorQuad(BINARY_LOGITS, x, y, 0, 0));
  }
  return x;
}

/** The slopes of four values' errors by the predictions. */
export function slopeQuad(code: i32, x: v128, y: v128, first: f32, second: f32): v128 {
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  const difference = f32x4.sub(x, y);
  switch (code) {
    case SQUARED:
      return f32x4.add(difference, difference);
    case SQUARED_LOGARITHMIC: {
      const bounded = atLeast(x, EPSILON);
      const root = errorQuad(SQUARED_LOGARITHMIC, x, y, 0, 0);
      const slope = f32x4.div(f32x4.add(root, root), f32x4.add(one, bounded));
      return v128.andnot(slope, f32x4.lt(x, f32x4.splat(EPSILON)));
    }
    case SQUARED_HINGE: {
      const root = errorQuad(HINGE, x, y, 0, 0);
      return f32x4.neg(f32x4.mul(asSign(y), f32x4.add(root, root)));
    }
    case HINGE:
      return v128.and(f32x4.neg(asSign(y)), f32x4.gt(errorQuad(HINGE, x, y, 0, 0), zero));
    case ABSOLUTE:
      return signOf(difference);
    case PERCENTAGE:
      return f32x4.div(f32x4.mul(signOf(difference), f32x4.splat(100)), atLeast(f32x4.abs(y), EPSILON));
    case HUBER: {
      const linear = f32x4.mul(signOf(difference), f32x4.splat(first));
      return v128.bitselect(linear, difference, f32x4.gt(f32x4.abs(difference), f32x4.splat(first)));
    }
    case LOG_COSH: {
      // tanh |e| = −(e^−2|e| − 1) / (e^−2|e| + 1)
      const less = expm1Quad(f32x4.mul(f32x4.abs(difference), f32x4.splat(-2)));
      return f32x4.mul(signOf(difference), f32x4.div(f32x4.neg(less), f32x4.add(less, f32x4.splat(2))));
    }
    case POISSON:
      return f32x4.sub(one, f32x4.div(y, f32x4.add(x, f32x4.splat(EPSILON))));
    case DIVERGENCE: {
      const p = between(x, EPSILON, 1);
      return v128.andnot(f32x4.neg(f32x4.div(between(y, EPSILON, 1), p)), isCut(x, p));
    }
    case QUANTILE: {
      const slope = v128.bitselect(f32x4.splat(<f32>1 - first), f32x4.splat(-first), f32x4.gt(difference, zero));
      return v128.or(v128.and(slope, f32x4.ne(difference, zero)), f32x4.ne(difference, difference));
    }
    case BINARY: {
      const p = between(x, EPSILON, <f32>1 - EPSILON);
      return v128.andnot(binarySlope(p, y), isCut(x, p));
    }
    case BINARY_LOGITS:
      return f32x4.sub(sigmoid(x), y);
    case FOCAL: {
      const p = between(x, EPSILON, <f32>1 - EPSILON);
      const direct = v128.andnot(binarySlope(p, y), isCut(x, p));
      return focalSlope(x, y, first, second, binaryError(p, y), direct);
    }
    case FOCAL_LOGITS: {
      const p = sigmoid(x);
      const slopeOfP = f32x4.mul(p, sigmoid(f32x4.neg(x)));
      const error = errorQuad(BINARY_LOGITS, x, y, 0, 0);
      const throughFocus = f32x4.mul(focusSlope(p, y, first, second), slopeOfP);
      return f32x4.add(f32x4.mul(throughFocus, error), f32x4.mul(focus(p, y, first, second), f32x4.sub(p, y)));
    }
  }
  return one;
}

/** −y ln p − (1 − y) ln(1 − p) */
function binaryError(p: v128, y: v128): v128 {
  const one = f32x4.splat(1);
  const ofOthers = f32x4.mul(f32x4.sub(one, y), logQuad(f32x4.sub(one, p)));
  return f32x4.neg(f32x4.add(f32x4.mul(y, logQuad(p)), ofOthers));
}

/** (1 − y) / (1 − p) − y / p */
function binarySlope(p: v128, y: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.sub(f32x4.div(f32x4.sub(one, y), f32x4.sub(one, p)), f32x4.div(y, p));
}

/** What a focal loss weighs the cross-entropy by. */
function focus(p: v128, y: v128, gamma: f32, alpha: f32): v128 {
  return f32x4.mul(power(missed(p, y), gamma), balance(y, alpha));
}

/** Its slope by p: −γ (1 − pₜ)^(γ − 1) (2y − 1). */
function focusSlope(p: v128, y: v128, gamma: f32, alpha: f32): v128 {
  if (gamma == 0) return f32x4.splat(0);
  const towards = f32x4.sub(f32x4.add(y, y), f32x4.splat(1));
  const slope = f32x4.mul(f32x4.splat(-gamma), f32x4.mul(power(missed(p, y), gamma - 1), towards));
  return f32x4.mul(slope, balance(y, alpha));
}

function focalSlope(p: v128, y: v128, gamma: f32, alpha: f32, error: v128, slope: v128): v128 {
  const throughFocus = f32x4.mul(focusSlope(p, y, gamma, alpha), error);
  return f32x4.add(throughFocus, f32x4.mul(focus(p, y, gamma, alpha), slope));
}

/** 1 − pₜ = y (1 − p) + (1 − y) p */
function missed(p: v128, y: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.add(f32x4.mul(y, f32x4.sub(one, p)), f32x4.mul(f32x4.sub(one, y), p));
}

function balance(y: v128, alpha: f32): v128 {
  if (alpha < 0) return f32x4.splat(1);
  const ofOthers = f32x4.mul(f32x4.sub(f32x4.splat(1), y), f32x4.splat(<f32>1 - alpha));
  return f32x4.add(f32x4.mul(y, f32x4.splat(alpha)), ofOthers);
}

/** x^exponent, for x ≥ 0. */
export function power(x: v128, exponent: f32): v128 {
  if (exponent == 0) return f32x4.splat(1);
  if (exponent == 1) return x;
  return expQuad(f32x4.mul(f32x4.splat(exponent), logQuad(x)));
}

function sigmoid(x: v128): v128 {
  const one = f32x4.splat(1);
  const shrunk = expQuad(f32x4.neg(f32x4.abs(x)));
  const numerator = v128.bitselect(shrunk, one, f32x4.lt(x, f32x4.splat(0)));
  return f32x4.div(numerator, f32x4.add(one, shrunk));
}

/** ln(1 + x), for x ≥ 0. */
function log1p(x: v128): v128 {
  const one = f32x4.splat(1);
  const large = f32x4.gt(x, one);
  return v128.bitselect(logQuad(f32x4.add(one, x)), log1pQuad(f32x4.pmin(x, one)), large);
}

/** NaN stays NaN here and below. */
function atLeast(x: v128, least: f32): v128 {
  return f32x4.pmax(x, f32x4.splat(least));
}

function between(x: v128, least: f32, most: f32): v128 {
  return f32x4.pmin(atLeast(x, least), f32x4.splat(most));
}

/** Where a bounded x is not x: there it does not move with x. */
function isCut(x: v128, bounded: v128): v128 {
  return v128.and(f32x4.ne(bounded, x), f32x4.eq(x, x));
}

/** Targets 0 and 1 as −1 and 1; others as they are. */
function asSign(y: v128): v128 {
  return v128.bitselect(f32x4.splat(-1), y, f32x4.eq(y, f32x4.splat(0)));
}

/** −1, 0 or 1; NaN where x is. */
function signOf(x: v128): v128 {
  const sign = v128.and(x, f32x4.splat(-0.0));
  const size = v128.and(f32x4.splat(1), f32x4.ne(x, f32x4.splat(0)));
  return v128.or(v128.or(size, sign), f32x4.ne(x, x));
}
