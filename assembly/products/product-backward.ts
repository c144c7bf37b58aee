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
  productGradientInto(x, xStride, dy, dyStride, dw, ((outputs + 3) & ~3) << 2, rows, inputs, outputs);
}

/** As productGradient(), into rows of dw that lie dwStride bytes apart. */
export function productGradientInto(
  x: usize,
  xStride: i32,
  dy: usize,
  dyStride: i32,
  dw: usize,
  dwStride: i32,
  rows: i32,
  inputs: i32,
  outputs: i32,
): void {
  const quads = (outputs + 3) >> 2;
  for (let row = 0; row < rows; row += blockRows) {
    const block = min(rows - row, blockRows);
    for (let quad = 0; quad < quads; quad += 2) {
      const offset: usize = quad << 4;
      let tile = dw + offset;
      for (let k = 0; k < inputs; k += 4) {
        gradientTile(
          x + ((<usize>k) << 2),
          xStride,
          dy + offset,
          dyStride,
          tile,
          dwStride,
          block,
          inputs - k,
          quads - quad,
        );
        tile += dwStride << 2;
      }
    }
    x += <usize>blockRows * xStride;
    dy += <usize>blockRows * dyStride;
  }
}

/**
 * Four inputs × two quads of outputs, over one block of rows. Where fewer inputs or quads are left, what lies behind them is multiplied
 * too (the padding, the next row, or the slack behind the tensor) and dropped.
 */
function gradientTile(
  x: usize,
  xStride: usize,
  dy: usize,
  dyStride: usize,
  dw: usize,
  dwStride: usize,
  rows: i32,
  inputsLeft: i32,
  quadsLeft: i32,
): void {
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
    const dy1 = v128.load(dy, 16);
    const a = v128.load32_splat(x);
    a0 = multiplyAdd(a, dy0, a0);
    a1 = multiplyAdd(a, dy1, a1);
    const b = v128.load32_splat(x, 4);
    b0 = multiplyAdd(b, dy0, b0);
    b1 = multiplyAdd(b, dy1, b1);
    const c = v128.load32_splat(x, 8);
    c0 = multiplyAdd(c, dy0, c0);
    c1 = multiplyAdd(c, dy1, c1);
    const d = v128.load32_splat(x, 12);
    d0 = multiplyAdd(d, dy0, d0);
    d1 = multiplyAdd(d, dy1, d1);
    x += xStride;
    dy += dyStride;
  } while (--rows);
  const two = quadsLeft > 1;
  addTo(dw, a0, a1, two);
  if (inputsLeft > 1) addTo(dw + dwStride, b0, b1, two);
  if (inputsLeft > 2) addTo(dw + 2 * dwStride, c0, c1, two);
  if (inputsLeft > 3) addTo(dw + 3 * dwStride, d0, d1, two);
}

function addTo(target: usize, first: v128, second: v128, two: bool): void {
  v128.store(target, f32x4.add(v128.load(target), first));
  if (two) v128.store(target, f32x4.add(v128.load(target, 16), second), 16);
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
