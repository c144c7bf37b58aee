/**
 * Brings the norms of a weight's vectors between two bounds: Keras's MaxNorm (0, maxValue, rate 1), UnitNorm (1, 1, 1), MinMaxNorm.
 *   w ← w · (rate · clip(|w|, least, most) + (1 − rate) · |w|) / (|w| + 1e-7)
 * The weight is seen as [outer, length, inner], and a norm taken over `length`: a kernel [K, N] with axis 0 is [1, K, N], with axis
 * 1 it is [K, N, 1]; axes 0 and 1 of a convolution's [taps, K, N] are [1, taps·K, N]. Its values lie outerStride and stride bytes
 * apart, those of `inner` side by side. Squares are summed in float64, in order.
 */
export function constrainNorm(
  w: usize,
  outer: i32,
  length: i32,
  inner: i32,
  outerStride: i32,
  stride: i32,
  least: f64,
  most: f64,
  rate: f64,
): void {
  const bytes = <usize>length * <usize>stride;
  for (let o = 0; o < outer; o++) {
    for (let column = 0; column < inner; column += 4) {
      const first = w + <usize>o * <usize>outerStride + ((<usize>column) << 2);
      let low = f64x2.splat(0.0);
      let high = f64x2.splat(0.0);
      for (let i: usize = 0; i < bytes; i += stride) {
        const value = v128.load(first + i);
        const left = f64x2.promote_low_f32x4(value);
        const right = f64x2.promote_low_f32x4(i64x2.shuffle(value, value, 1, 1));
        low = f64x2.add(low, f64x2.mul(left, left));
        high = f64x2.add(high, f64x2.mul(right, right));
      }
      const factors = i64x2.shuffle(
        f32x4.demote_f64x2_zero(normFactors(low, least, most, rate)),
        f32x4.demote_f64x2_zero(normFactors(high, least, most, rate)),
        0,
        2,
      );
      // Where fewer than four columns are left, what lies behind them stays as it is.
      const lanes = i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(inner - column));
      for (let i: usize = 0; i < bytes; i += stride) {
        const value = v128.load(first + i);
        v128.store(first + i, v128.bitselect(f32x4.mul(value, factors), value, lanes));
      }
    }
  }
}

/** What two vectors are multiplied by, from the squares of their norms. */
function normFactors(squares: v128, least: f64, most: f64, rate: f64): v128 {
  const norms = f64x2.sqrt(squares);
  const bounded = f64x2.pmin(f64x2.pmax(norms, f64x2.splat(least)), f64x2.splat(most));
  const wanted = f64x2.add(f64x2.mul(bounded, f64x2.splat(rate)), f64x2.mul(norms, f64x2.splat(1.0 - rate)));
  return f64x2.div(wanted, f64x2.add(norms, f64x2.splat(1e-7)));
}
