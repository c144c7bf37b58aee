/**
 * The slopes of the usual activations, from their outputs. They are inlined where they are used; slopeQuad, which knows
 * all activations, is too large for that and is called for each vector. (Measured, Node 20, 64 units: a step of
 * lstmBackward takes 1.18 µs, with slopeQuad alone 1.45; bench/recurrent-kernels.ts.)
 */

/** tanh' = 1 − y² */
export function tanhSlope(y: v128): v128 {
  return f32x4.sub(f32x4.splat(1), f32x4.mul(y, y));
}

/** σ' = y·(1 − y) */
export function sigmoidSlope(y: v128): v128 {
  return f32x4.mul(y, f32x4.sub(f32x4.splat(1), y));
}
