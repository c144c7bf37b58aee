/** Small things done to the four lanes of a vector. */

/** Values below 2⁻¹⁰⁰ in magnitude become +0: they would decay into subnormal numbers, which slow every processor. NaN is kept. */
export function flushTiny(x: v128): v128 {
  return v128.andnot(x, f32x4.lt(f32x4.abs(x), f32x4.splat(reinterpret<f32>(0x0d800000))));
}

/** Four lanes of ones, then three of zeros: read from lane n on, they are the mask of a quad with 4 − n true features. */
const ONES: usize = memory.data<i32>([-1, -1, -1, -1, 0, 0, 0]);

/** Ones in the lanes of a row's last quad that hold true features, zeros in its padding lanes. */
export function lastQuadMask(features: i32): v128 {
  return v128.load(ONES + ((<usize>(-features & 3)) << 2));
}

/** The sum of the four lanes in each of them, as (0 + 2) + (1 + 3). */
export function sumOfLanes(x: v128): v128 {
  const halves = f32x4.add(x, v128.shuffle<f32>(x, x, 2, 3, 0, 1));
  return f32x4.add(halves, v128.shuffle<f32>(halves, halves, 1, 0, 3, 2));
}

/** The greatest of the four lanes in each of them. */
export function maximumOfLanes(x: v128): v128 {
  const halves = f32x4.pmax(x, v128.shuffle<f32>(x, x, 2, 3, 0, 1));
  return f32x4.pmax(halves, v128.shuffle<f32>(halves, halves, 1, 0, 3, 2));
}
