/** Small things done to the four lanes of a vector. */

/** Values below 2⁻¹⁰⁰ in magnitude become +0: they would decay into subnormal numbers, which slow every processor. NaN is kept. */
export function flushTiny(x: v128): v128 {
  return v128.andnot(x, f32x4.lt(f32x4.abs(x), f32x4.splat(reinterpret<f32>(0x0d800000))));
}

/** Ones in the lanes of a row's last quad that hold true features, zeros in its padding lanes. */
export function lastQuadMask(features: i32): v128 {
  return i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(((features - 1) & 3) + 1));
}
