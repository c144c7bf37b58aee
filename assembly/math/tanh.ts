import { multiplyAdd } from './multiply-add';

/** tanh x in every lane, as 2t / (1 + t²) with t = tanh(x/2) = x·P(x²) / Q(x²). */
export function tanhQuad(x: v128): v128 {
  const bounded = f32x4.pmax(f32x4.pmin(x, f32x4.splat(9)), f32x4.splat(-9));
  const z = f32x4.mul(bounded, bounded);
  let p = multiplyAdd(f32x4.splat(-3.455535274883514e-8), z, f32x4.splat(3.8358945869636556e-5));
  p = multiplyAdd(p, z, f32x4.splat(0.014175672900444638));
  p = multiplyAdd(p, z, f32x4.splat(0.49999999338726986));
  const n = f32x4.mul(p, bounded);
  let q = multiplyAdd(f32x4.splat(0.0010505107102920786), z, f32x4.splat(0.11168458986660067));
  q = multiplyAdd(q, z, f32x4.splat(1));
  const half = f32x4.mul(n, q);
  return f32x4.div(f32x4.add(half, half), multiplyAdd(q, q, f32x4.mul(n, n)));
}
