/** What is done to gradients before the optimizer's step: flat blocks of count floats, a multiple of four. */

/** g ← factor · g, as clipping by a norm needs it. */
export function scale(g: usize, count: i32, factor: f32): void {
  const factors = f32x4.splat(factor);
  const end = g + ((<usize>count) << 2);
  for (; g < end; g += 16) v128.store(g, f32x4.mul(v128.load(g), factors));
}

/** g ← g, at least −limit and at most limit; NaN is kept (pmin and pmax give their first operand when one is NaN). */
export function clipValue(g: usize, count: i32, limit: f32): void {
  const upper = f32x4.splat(limit);
  const lower = f32x4.splat(-limit);
  const end = g + ((<usize>count) << 2);
  for (; g < end; g += 16) v128.store(g, f32x4.pmax(f32x4.pmin(v128.load(g), upper), lower));
}

/**
 * Σ g², in float64 from the squares on (which are exact there, and cannot overflow): no block sums are needed.
 * Floats 4k + l go to lane l of their own, the four lane sums are added at the end: one order by count alone.
 */
export function sumOfSquares(g: usize, count: i32): f64 {
  let even = f64x2.splat(0.0);
  let odd = f64x2.splat(0.0);
  const end = g + ((<usize>count) << 2);
  for (; g < end; g += 16) {
    const quad = v128.load(g);
    const low = f64x2.promote_low_f32x4(quad);
    const high = f64x2.promote_low_f32x4(i64x2.shuffle(quad, quad, 1, 1));
    even = f64x2.add(even, f64x2.mul(low, low));
    odd = f64x2.add(odd, f64x2.mul(high, high));
  }
  const sum = f64x2.add(even, odd);
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/** The index of the first NaN or infinity among count floats, −1 if all are finite. */
export function firstNonFinite(pointer: usize, count: i32): i32 {
  const exponent = i32x4.splat(0x7f800000);
  for (let i = 0; i < count; i += 4) {
    const quad = v128.load(pointer + ((<usize>i) << 2));
    const lanes = i32x4.bitmask(i32x4.eq(v128.and(quad, exponent), exponent));
    if (lanes) return i + ctz(lanes);
  }
  return -1;
}
