import { multiplyAdd } from '../math/multiply-add';

/** Sums over rows go in blocks of so many, each from 0, and the blocks' sums are added in order: one long float32 chain loses digits. */
const blockRows = 256;

/**
 * dw [K, N] += xᵀ·dy: the gradient of weights, dw[k, n] += Σ_r x[r, k] · dy[r, n], for x [rows, K], dy [rows, N]. dw's rows are quad(N) wide.
 */
export function productGradient(
  x: usize,
  xStride: i32,
  dy: usize,
  dyStride: i32,
  dw: usize,
  rows: i32,
  inputs: i32,
  outputs: i32,
): void {
  const quads = (outputs + 3) >> 2;
  const dwStride: usize = quads << 4;
  for (let row = 0; row < rows; row += blockRows) {
    const block = min(rows - row, blockRows);
    for (let quad = 0; quad < quads; quad += 2) {
      const offset: usize = quad << 4;
      // An odd last quad is taken as both halves of the tile.
      const second: usize = quad + 1 < quads ? 16 : 0;
      for (let k = 0; k < inputs; k += 4) {
        // Inputs past the last are taken as the last.
        const k1 = min(k + 1, inputs - 1);
        const k2 = min(k + 2, inputs - 1);
        const k3 = min(k + 3, inputs - 1);
        gradientTile(x, xStride, dy + offset, second, dyStride, dw + offset, dwStride, block, k, k1, k2, k3);
      }
    }
    x += <usize>blockRows * xStride;
    dy += <usize>blockRows * dyStride;
  }
}

/** Four inputs × two quads of outputs, over one block of rows. */
function gradientTile(
  x: usize,
  xStride: usize,
  dy: usize,
  second: usize,
  dyStride: usize,
  dw: usize,
  dwStride: usize,
  rows: i32,
  k0: usize,
  k1: usize,
  k2: usize,
  k3: usize,
): void {
  let x0 = x + (k0 << 2);
  let x1 = x + (k1 << 2);
  let x2 = x + (k2 << 2);
  let x3 = x + (k3 << 2);
  let a0 = f32x4.splat(0);
  let a1 = f32x4.splat(0);
  let b0 = f32x4.splat(0);
  let b1 = f32x4.splat(0);
  let c0 = f32x4.splat(0);
  let c1 = f32x4.splat(0);
  let d0 = f32x4.splat(0);
  let d1 = f32x4.splat(0);
  do {
    const dy0 = v128.load(dy);
    const dy1 = v128.load(dy + second);
    const a = v128.load32_splat(x0);
    a0 = multiplyAdd(a, dy0, a0);
    a1 = multiplyAdd(a, dy1, a1);
    const b = v128.load32_splat(x1);
    b0 = multiplyAdd(b, dy0, b0);
    b1 = multiplyAdd(b, dy1, b1);
    const c = v128.load32_splat(x2);
    c0 = multiplyAdd(c, dy0, c0);
    c1 = multiplyAdd(c, dy1, c1);
    const d = v128.load32_splat(x3);
    d0 = multiplyAdd(d, dy0, d0);
    d1 = multiplyAdd(d, dy1, d1);
    x0 += xStride;
    x1 += xStride;
    x2 += xStride;
    x3 += xStride;
    dy += dyStride;
  } while (--rows);
  const target0 = dw + k0 * dwStride;
  const target1 = dw + k1 * dwStride;
  const target2 = dw + k2 * dwStride;
  const target3 = dw + k3 * dwStride;
  // All is read before anything is written, for targets may coincide.
  a0 = f32x4.add(v128.load(target0), a0);
  a1 = f32x4.add(v128.load(target0 + second), a1);
  b0 = f32x4.add(v128.load(target1), b0);
  b1 = f32x4.add(v128.load(target1 + second), b1);
  c0 = f32x4.add(v128.load(target2), c0);
  c1 = f32x4.add(v128.load(target2 + second), c1);
  d0 = f32x4.add(v128.load(target3), d0);
  d1 = f32x4.add(v128.load(target3 + second), d1);
  v128.store(target0, a0);
  v128.store(target0 + second, a1);
  v128.store(target1, b0);
  v128.store(target1 + second, b1);
  v128.store(target2, c0);
  v128.store(target2 + second, c1);
  v128.store(target3, d0);
  v128.store(target3 + second, d1);
}

/** db [N] += Σ_r dy[r]: the gradient of a bias. */
export function columnSums(dy: usize, dyStride: i32, db: usize, rows: i32, outputs: i32): void {
  const end = ((<usize>outputs + 3) & ~3) << 2;
  for (let row = 0; row < rows; row += blockRows) {
    const block = min(rows - row, blockRows);
    for (let offset: usize = 0; offset < end; offset += 16) {
      let source = dy + offset;
      let sum = f32x4.splat(0);
      for (let r = 0; r < block; r++) {
        sum = f32x4.add(sum, v128.load(source));
        source += dyStride;
      }
      v128.store(db + offset, f32x4.add(v128.load(db + offset), sum));
    }
    dy += <usize>blockRows * dyStride;
  }
}
