/** What the losses share: which rows count, and sums of float32 lanes in float64. */

/** How many of the rows are valid under a mask [rows] of 0 and 1 (mask 0: all). */
export function validRows(mask: usize, rows: i32): i32 {
  if (mask == 0) return rows;
  let valid = 0;
  for (let row = 0; row < rows; row++) valid += i32(isValid(mask, row));
  return valid;
}

/**
 * Ones in all lanes for a valid row, zeros for a masked one: whatever a masked row holds, NaN too, becomes an error of
 * 0.
 */
export function rowLanes(mask: usize, row: i32): v128 {
  return i32x4.splat(mask == 0 || isValid(mask, row) ? -1 : 0);
}

/** sum [2 × f64] + the four lanes of x: lanes 0 and 2 to the first, 1 and 3 to the second. */
export function addLanes(sum: v128, x: v128): v128 {
  return f64x2.add(sum, f64x2.add(f64x2.promote_low_f32x4(x), f64x2.promote_low_f32x4(upperHalf(x))));
}

/** sum [2 × f64] + the squares of the four lanes of x, each exact in float64. */
export function addSquares(sum: v128, x: v128): v128 {
  const low = f64x2.promote_low_f32x4(x);
  const high = f64x2.promote_low_f32x4(upperHalf(x));
  return f64x2.add(sum, f64x2.add(f64x2.mul(low, low), f64x2.mul(high, high)));
}

/** Writes a loss's result: the sum of errors, and the number of valid rows, both float64. */
export function storeResult(result: usize, sum: v128, valid: i32): void {
  store<f64>(result, f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1));
  store<f64>(result + 8, <f64>valid);
}

function isValid(mask: usize, row: i32): bool {
  return load<f32>(mask + ((<usize>row) << 2)) != 0.0;
}

function upperHalf(x: v128): v128 {
  return i64x2.shuffle(x, x, 1, 1);
}
