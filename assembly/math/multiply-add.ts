/**
 * a·b + c in every lane: rounded twice, so that all engines agree; fused where the relaxed build's engine fuses.
 * The only place in the kernels that knows of the two builds.
 */
export function multiplyAdd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}
