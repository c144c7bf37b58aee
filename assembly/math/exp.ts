import { multiplyAdd } from './multiply-add';

/**
 * Constants of the exponentials, read from memory where they are used: V8 from 13 on builds every constant vector anew at each use, in
 * four instructions. load32_splat makes one number a vector as fast as a whole vector is loaded (measured; bench/kernels).
 */
// prettier-ignore
const EXP: usize = memory.data<f32>([
  // 0, 4: beyond these e^x is ∞, and below 2⁻¹²⁶
  88.8, -87.9,
  // 8, 12, 16: 1 / ln 2; −ln 2 in two parts, the first so short that its product with n is exact
  1.4426950408889634, -0.693359375, 2.1219444005469057e-4,
  // 20: 1.5 · 2²³ + 127: added to a whole number n, it leaves n + 127 in the lowest bits
  12583039,
  // 24
  1,
  // 28 … 44: (e^r − 1 − r) / r² on [0, ln 2), degree 4. scripts/fit-activations: 2.9e-9 relative, in float32 1.4 ulp; e^x 1.9 ulp
  0.5000022649765015, 0.16663195192813873, 0.04185498133301735, 0.007868423126637936, 0.0019124926766380668,
]);

/**
 * e^x in every lane.
 * x = n·ln 2 + r with n = ⌊x / ln 2⌋, so e^r is in [1, 2), and n alone decides what is ∞ (2¹²⁸) and what is taken as 0 (2⁻¹²⁷).
 */
export function expQuad(x: v128): v128 {
  const bounded = f32x4.pmax(f32x4.pmin(x, v128.load32_splat(EXP)), v128.load32_splat(EXP, 4));
  const n = f32x4.floor(f32x4.mul(bounded, v128.load32_splat(EXP, 8)));
  const power = i32x4.shl(f32x4.add(n, v128.load32_splat(EXP, 20)), 23);
  let r = multiplyAdd(n, v128.load32_splat(EXP, 12), bounded);
  r = multiplyAdd(n, v128.load32_splat(EXP, 16), r);
  const square = f32x4.mul(r, r);
  let p = multiplyAdd(v128.load32_splat(EXP, 40), r, v128.load32_splat(EXP, 36));
  const low = multiplyAdd(v128.load32_splat(EXP, 32), r, v128.load32_splat(EXP, 28));
  p = multiplyAdd(v128.load32_splat(EXP, 44), square, p);
  p = multiplyAdd(p, square, low);
  p = multiplyAdd(p, square, f32x4.add(r, v128.load32_splat(EXP, 24)));
  return f32x4.mul(p, power);
}

/**
 * e^±x in place over quads that lie so many bytes apart, for at least one. flip: the bits to change in every lane first, −0 for e^−x.
 * The arithmetic of expQuad, on two vectors in turn that share each constant (measured: 0.65 ns an element, 0.95 one by one; bench/kernels).
 */
export function expQuads(pointer: usize, quads: i32, strideBytes: usize, flip: v128): void {
  const end = pointer + <usize>quads * strideBytes;
  do {
    // The last of an odd number is its own partner.
    const partner = pointer + strideBytes < end ? pointer + strideBytes : pointer;
    const high = v128.load32_splat(EXP);
    const lowest = v128.load32_splat(EXP, 4);
    const x0 = f32x4.pmax(f32x4.pmin(v128.xor(v128.load(pointer), flip), high), lowest);
    const x1 = f32x4.pmax(f32x4.pmin(v128.xor(v128.load(partner), flip), high), lowest);
    const perLn2 = v128.load32_splat(EXP, 8);
    const n0 = f32x4.floor(f32x4.mul(x0, perLn2));
    const n1 = f32x4.floor(f32x4.mul(x1, perLn2));
    const exponent = v128.load32_splat(EXP, 20);
    const power0 = i32x4.shl(f32x4.add(n0, exponent), 23);
    const power1 = i32x4.shl(f32x4.add(n1, exponent), 23);
    const ln2High = v128.load32_splat(EXP, 12);
    let r0 = multiplyAdd(n0, ln2High, x0);
    let r1 = multiplyAdd(n1, ln2High, x1);
    const ln2Low = v128.load32_splat(EXP, 16);
    r0 = multiplyAdd(n0, ln2Low, r0);
    r1 = multiplyAdd(n1, ln2Low, r1);
    const square0 = f32x4.mul(r0, r0);
    const square1 = f32x4.mul(r1, r1);
    const c3 = v128.load32_splat(EXP, 40);
    const c2 = v128.load32_splat(EXP, 36);
    let p0 = multiplyAdd(c3, r0, c2);
    let p1 = multiplyAdd(c3, r1, c2);
    const c1 = v128.load32_splat(EXP, 32);
    const c0 = v128.load32_splat(EXP, 28);
    const low0 = multiplyAdd(c1, r0, c0);
    const low1 = multiplyAdd(c1, r1, c0);
    const c4 = v128.load32_splat(EXP, 44);
    p0 = multiplyAdd(c4, square0, p0);
    p1 = multiplyAdd(c4, square1, p1);
    p0 = multiplyAdd(p0, square0, low0);
    p1 = multiplyAdd(p1, square1, low1);
    const one = v128.load32_splat(EXP, 24);
    p0 = multiplyAdd(p0, square0, f32x4.add(r0, one));
    p1 = multiplyAdd(p1, square1, f32x4.add(r1, one));
    v128.store(pointer, f32x4.mul(p0, power0));
    v128.store(partner, f32x4.mul(p1, power1));
    pointer = partner + strideBytes;
  } while (pointer < end);
}
