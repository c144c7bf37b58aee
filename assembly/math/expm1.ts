import { multiplyAdd } from './multiply-add';

// prettier-ignore
const EXPM1: usize = memory.data<f32>([
  // 0 … 20: as in ./exp
  -87.9, 1.4426950408889634, -0.693359375, 2.1219444005469057e-4, 12583039, 1,
  // 24 … 40: (e^r − 1 − r) / r² on [−ln 2 / 2, ln 2 / 2], degree 4. scripts/fit-activations: 1.3e-8 relative; 1.0 ulp as computed here
  0.5, 0.1666654646396637, 0.04166732728481293, 0.008366400375962257, 0.0013882518978789449,
]);

/**
 * e^x − 1 in every lane, for x ≤ 0. Near 0 no digits are lost: x = n·ln 2 + r with the nearest whole n, which there is 0, and
 * e^x − 1 = 2ⁿ·(e^r − 1) + (2ⁿ − 1).
 */
export function expm1Quad(x: v128): v128 {
  const bounded = f32x4.pmax(x, v128.load32_splat(EXPM1));
  const n = f32x4.nearest(f32x4.mul(bounded, v128.load32_splat(EXPM1, 4)));
  const power = i32x4.shl(f32x4.add(n, v128.load32_splat(EXPM1, 16)), 23);
  let r = multiplyAdd(n, v128.load32_splat(EXPM1, 8), bounded);
  r = multiplyAdd(n, v128.load32_splat(EXPM1, 12), r);
  const square = f32x4.mul(r, r);
  let p = multiplyAdd(v128.load32_splat(EXPM1, 36), r, v128.load32_splat(EXPM1, 32));
  const low = multiplyAdd(v128.load32_splat(EXPM1, 28), r, v128.load32_splat(EXPM1, 24));
  p = multiplyAdd(v128.load32_splat(EXPM1, 40), square, p);
  p = multiplyAdd(p, square, low);
  p = multiplyAdd(p, square, r);
  return multiplyAdd(p, power, f32x4.sub(power, v128.load32_splat(EXPM1, 20)));
}
