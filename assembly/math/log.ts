import { multiplyAdd } from './multiply-add';

/** ln x in every lane: −∞ for ±0, NaN below 0. */
export function logQuad(x: v128): v128 {
  // Subnormal numbers are scaled to where their exponent can be read.
  const small = f32x4.lt(x, f32x4.splat(reinterpret<f32>(0x00800000)));
  const scaled = f32x4.mul(x, v128.bitselect(f32x4.splat(16777216), f32x4.splat(1), small));
  const finite = logNormalQuad(scaled, v128.and(small, f32x4.splat(24)));
  const special = v128.bitselect(
    f32x4.splat(-Infinity),
    v128.bitselect(x, f32x4.splat(NaN), f32x4.eq(x, f32x4.splat(Infinity))),
    f32x4.eq(x, f32x4.splat(0)),
  );
  const regular = v128.and(f32x4.gt(x, f32x4.splat(0)), f32x4.lt(x, f32x4.splat(Infinity)));
  return v128.bitselect(finite, special, regular);
}

/** ln x − less · ln 2 in every lane, for numbers that are positive, finite and not subnormal: of others it means nothing. */
export function logNormalQuad(x: v128, less: v128): v128 {
  // x = 2ⁿ·m with m in [√½, √2): the bits' difference to √½ holds n above the mantissa.
  const offset = i32x4.sub(x, i32x4.splat(0x3f3504f3));
  const exponent = i32x4.shr_s(offset, 23);
  const m = i32x4.sub(x, i32x4.shl(exponent, 23));
  return logSum(f32x4.sub(f32x4.convert_i32x4_s(exponent), less), f32x4.sub(m, f32x4.splat(1)));
}

// prettier-ignore
const LOG: usize = memory.data<f32>([
  // 0 … 28: (ln(1 + f) − f + f²/2) / f³, degree 7. scripts/fit-activations: 5.8e-9 relative; 0.9 ulp as computed here
  0.3333333134651184, -0.250008225440979, 0.20001250505447388, -0.16623356938362122,
  0.14201761782169342, -0.131601944565773, 0.12761549651622772, -0.07634429633617401,
  // 32, 36: ln 2 in two parts, the first so short that its product with n is exact
  0.693359375, -2.1219444005469057e-4,
]);

/** n·ln 2 + ln(1 + f), for whole n and f in [√½ − 1, √2 − 1). */
function logSum(n: v128, f: v128): v128 {
  let p = multiplyAdd(v128.load32_splat(LOG, 28), f, v128.load32_splat(LOG, 24));
  p = multiplyAdd(p, f, v128.load32_splat(LOG, 20));
  p = multiplyAdd(p, f, v128.load32_splat(LOG, 16));
  p = multiplyAdd(p, f, v128.load32_splat(LOG, 12));
  p = multiplyAdd(p, f, v128.load32_splat(LOG, 8));
  p = multiplyAdd(p, f, v128.load32_splat(LOG, 4));
  p = multiplyAdd(p, f, v128.load32_splat(LOG));
  const square = f32x4.mul(f, f);
  const low = multiplyAdd(n, v128.load32_splat(LOG, 36), f32x4.mul(f32x4.mul(p, f), square));
  const sum = f32x4.add(f, multiplyAdd(f32x4.splat(-0.5), square, low));
  return multiplyAdd(n, v128.load32_splat(LOG, 32), sum);
}

/** ln(1 + x) in every lane, for x in [0, 1]: exact to a few units even near 0. */
export function log1pQuad(x: v128): v128 {
  // From √2 on, 1 + x = 2·(1 + (x − 1) / 2).
  const one = f32x4.splat(1);
  const large = f32x4.gt(x, f32x4.splat(0.41421354));
  const halved = f32x4.mul(f32x4.sub(x, one), f32x4.splat(0.5));
  return logSum(v128.and(large, one), v128.bitselect(halved, x, large));
}
