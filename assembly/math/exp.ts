import { multiplyAdd } from './multiply-add';

// prettier-ignore
const EXP: usize = memory.data<f32>([
  88.8, 88.8, 88.8, 88.8, // HIGH
  -87.9, -87.9, -87.9, -87.9, // LOW
  1.4426950408889634, 1.4426950408889634, 1.4426950408889634, 1.4426950408889634, // 1 / ln 2
  12583039, 12583039, 12583039, 12583039, // 1.5 · 2²³ + 127
  -0.693359375, -0.693359375, -0.693359375, -0.693359375, // -ln 2, high part
  2.12194440e-4, 2.12194440e-4, 2.12194440e-4, 2.12194440e-4, // low part
  1, 1, 1, 1,
  0.5000023717750004, 0.5000023717750004, 0.5000023717750004, 0.5000023717750004,
  0.16663108541492147, 0.16663108541492147, 0.16663108541492147, 0.16663108541492147,
  0.04185776742907987, 0.04185776742907987, 0.04185776742907987, 0.04185776742907987,
  0.007864466510481779, 0.007864466510481779, 0.007864466510481779, 0.007864466510481779,
  0.0019145170611520445, 0.0019145170611520445, 0.0019145170611520445, 0.0019145170611520445,
], 16);

/**
 * e^x in every lane.
 * x = n·ln 2 + r with n = ⌊x / ln 2⌋, so that e^r is in [1, 2) and 2ⁿ alone decides: 2¹²⁸ is ∞ and 2⁻¹²⁷ is taken as 0.
 */
export function expQuad(x: v128): v128 {
  const bounded = f32x4.pmax(f32x4.pmin(x, v128.load(EXP, 0)), v128.load(EXP, 16));
  const n = f32x4.floor(f32x4.mul(bounded, v128.load(EXP, 32)));
  const power = i32x4.shl(f32x4.add(n, v128.load(EXP, 48)), 23);
  const r = multiplyAdd(n, v128.load(EXP, 80), multiplyAdd(n, v128.load(EXP, 64), bounded));
  let p = multiplyAdd(v128.load(EXP, 176), r, v128.load(EXP, 160));
  p = multiplyAdd(p, r, v128.load(EXP, 144));
  p = multiplyAdd(p, r, v128.load(EXP, 128));
  p = multiplyAdd(p, r, v128.load(EXP, 112));
  p = f32x4.add(v128.load(EXP, 96), multiplyAdd(p, f32x4.mul(r, r), r));
  return f32x4.mul(p, power);
}

/** e^x − 1 in every lane, for x ≤ 0: exact to a few units even near 0, where e^x − 1 computed in this order loses all digits. */
export function expm1Quad(x: v128): v128 {
  const bounded = f32x4.pmax(x, v128.load(EXP, 16));
  const n = f32x4.nearest(f32x4.mul(bounded, v128.load(EXP, 32)));
  const power = i32x4.shl(f32x4.add(n, v128.load(EXP, 48)), 23);
  const r = multiplyAdd(n, v128.load(EXP, 80), multiplyAdd(n, v128.load(EXP, 64), bounded));
  let p = multiplyAdd(v128.load(EXP, 176), r, v128.load(EXP, 160));
  p = multiplyAdd(p, r, v128.load(EXP, 144));
  p = multiplyAdd(p, r, v128.load(EXP, 128));
  p = multiplyAdd(p, r, v128.load(EXP, 112));
  p = multiplyAdd(p, f32x4.mul(r, r), r);
  return multiplyAdd(p, power, f32x4.sub(power, v128.load(EXP, 96)));
}
