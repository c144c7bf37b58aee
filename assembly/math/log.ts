import { multiplyAdd } from './multiply-add';

/** ln x in every lane: −∞ for ±0, NaN below 0. */
export function logQuad(x: v128): v128 {
  // Subnormal numbers are scaled to where their exponent can be read.
  const small = f32x4.lt(x, f32x4.splat(reinterpret<f32>(0x00800000)));
  const scaled = f32x4.mul(x, v128.bitselect(f32x4.splat(16777216), f32x4.splat(1), small));
  // x = 2ⁿ·m with m in [√½, √2): the bits' difference to √½ holds n above the mantissa.
  const offset = i32x4.sub(scaled, i32x4.splat(0x3f3504f3));
  const exponent = i32x4.shr_s(offset, 23);
  const m = i32x4.sub(scaled, i32x4.shl(exponent, 23));
  const n = f32x4.sub(f32x4.convert_i32x4_s(exponent), v128.and(small, f32x4.splat(24)));
  const finite = logSum(f32x4.sub(m, f32x4.splat(1)), n);
  const special = v128.bitselect(
    f32x4.splat(-Infinity),
    v128.bitselect(x, f32x4.splat(NaN), f32x4.eq(x, f32x4.splat(Infinity))),
    f32x4.eq(x, f32x4.splat(0)),
  );
  const regular = v128.and(f32x4.gt(x, f32x4.splat(0)), f32x4.lt(x, f32x4.splat(Infinity)));
  return v128.bitselect(finite, special, regular);
}

/** n·ln 2 + ln(1 + f), for f in [√½ − 1, √2 − 1). */
export function logSum(f: v128, n: v128): v128 {
  let p = multiplyAdd(f32x4.splat(-0.07362867871779093), f, f32x4.splat(0.12620327489049726));
  p = multiplyAdd(p, f, f32x4.splat(-0.1320210420882296));
  p = multiplyAdd(p, f, f32x4.splat(0.14227114035843588));
  p = multiplyAdd(p, f, f32x4.splat(-0.16621369910246517));
  p = multiplyAdd(p, f, f32x4.splat(0.19999826572958507));
  p = multiplyAdd(p, f, f32x4.splat(-0.25000851943542846));
  p = multiplyAdd(p, f, f32x4.splat(0.3333335404727914));
  const square = f32x4.mul(f, f);
  const low = multiplyAdd(n, f32x4.splat(-2.1219444e-4), f32x4.mul(f32x4.mul(p, f), square));
  const sum = f32x4.add(f, multiplyAdd(f32x4.splat(-0.5), square, low));
  return multiplyAdd(n, f32x4.splat(0.693359375), sum);
}

/** ln(1 + x) in every lane, for x in [0, 1]: exact to a few units even near 0. */
export function log1pQuad(x: v128): v128 {
  // From √2 on, 1 + x = 2·(1 + (x − 1) / 2).
  const one = f32x4.splat(1);
  const large = f32x4.gt(x, f32x4.splat(0.41421354));
  const halved = f32x4.mul(f32x4.sub(x, one), f32x4.splat(0.5));
  return logSum(v128.bitselect(halved, x, large), v128.and(large, one));
}
