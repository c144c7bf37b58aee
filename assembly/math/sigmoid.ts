import { expQuad } from './exp';

/** σ(x) = 1 / (1 + e^−x) in every lane. */
export function sigmoidQuad(x: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.div(one, f32x4.add(one, expQuad(f32x4.neg(x))));
}
