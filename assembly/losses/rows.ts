/** What losses and metrics share: how much a row counts, and sums of float32 lanes in float64. */

/** Keras's backend.epsilon(): what probabilities, norms and divisors are kept off 0 by. */
export const EPSILON: f32 = 1e-7;

/**
 * How much a row counts, of weights [rows]; weights 0: each row 1. A row of weight 0 is not looked at: whatever it holds, NaN
 * too, is no error.
 */
export function weightOf(weights: usize, row: i32): f32 {
  return weights == 0 ? 1 : load<f32>(weights + ((<usize>row) << 2));
}

/**
 * What a gradient is multiplied by, before the row's weight: scale / (what counts · the errors that a row has). What counts is
 * result[1], where countRows left it, or whoever knows more of the batch than this run has.
 */
export function gradientFactor(scale: f64, result: usize, errorsInRow: i32): f64 {
  const counted = load<f64>(result, 8);
  return counted == 0 ? 0 : scale / (counted * <f64>errorsInRow);
}

/** sum [2 × f64] + weight · the four lanes of x: lanes 0 and 2 to the first, 1 and 3 to the second. */
export function addLanes(sum: v128, x: v128, weight: v128 = f64x2.splat(1)): v128 {
  const both = f64x2.add(f64x2.promote_low_f32x4(x), f64x2.promote_low_f32x4(upperHalf(x)));
  return f64x2.add(sum, f64x2.mul(weight, both));
}

/** sum [2 × f64] + weight · the squares of the four lanes of x, each exact in float64. */
export function addSquares(sum: v128, x: v128, weight: v128 = f64x2.splat(1)): v128 {
  const low = f64x2.promote_low_f32x4(x);
  const high = f64x2.promote_low_f32x4(upperHalf(x));
  return f64x2.add(sum, f64x2.mul(weight, f64x2.add(f64x2.mul(low, low), f64x2.mul(high, high))));
}

/** sum [2 × f64] + the products of the lanes of x and y, each exact in float64. */
export function addProducts(sum: v128, x: v128, y: v128): v128 {
  const low = f64x2.mul(f64x2.promote_low_f32x4(x), f64x2.promote_low_f32x4(y));
  const high = f64x2.mul(f64x2.promote_low_f32x4(upperHalf(x)), f64x2.promote_low_f32x4(upperHalf(y)));
  return f64x2.add(sum, f64x2.add(low, high));
}

export function total(sum: v128): f64 {
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

export function addFloat(pointer: usize, value: f64): void {
  store<f32>(pointer, load<f32>(pointer) + <f32>value);
}

export function addDouble(pointer: usize, value: f64): void {
  store<f64>(pointer, load<f64>(pointer) + value);
}

function upperHalf(x: v128): v128 {
  return i64x2.shuffle(x, x, 1, 1);
}
