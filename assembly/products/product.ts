import { lastQuadMask } from '../math/lanes';
import { multiplyAdd } from '../math/multiply-add';

/**
 * y [rows, N] = start + x·W, the sum going over taps (outer) and K inputs (inner), for W packed in panels [N/8][taps·K][8] (./panels.ts).
 *   y[r, n] = start + Σ_tap Σ_k x[r + tap][k] · W[tap·K + k][n],   row r of tap t at x + r·xStride + t·tapStride
 * start is bias[n], or with bias = 0 what y[r, n] holds: the sum goes on.
 * Every output is one float32 chain in this order, whatever the number of rows: the summation law.
 * Four rows × one panel at a time where there are four rows, else one row × three panels. Lanes N … of y's last quad become 0.
 */
export function product(
  x: usize,
  xStride: i32,
  packed: usize,
  bias: usize,
  y: usize,
  yStride: i32,
  rows: i32,
  taps: i32,
  tapStride: i32,
  inputs: i32,
  outputs: i32,
): void {
  const quads = (outputs + 3) >> 2;
  const panels = quads >> 1;
  const panelBytes = (<usize>taps * inputs) << 5;
  const tiled = rows & ~3;
  let xRow = x;
  let yRow = y;
  for (let row = 0; row < tiled; row += 4) {
    let w = packed;
    for (let column: usize = 0; column < (<usize>panels) << 5; column += 32) {
      const target = yRow + column;
      fourRows(xRow, xStride, w, bias ? bias + column : 0, target, yStride, taps, tapStride, inputs);
      w += panelBytes;
    }
    xRow += xStride << 2;
    yRow += yStride << 2;
  }
  for (let row = tiled; row < rows; row++) {
    let w = packed;
    let target = yRow;
    let start = bias ? bias : yRow;
    for (let left = panels; left > 0;) {
      if (left == 3 || left > 4) {
        threePanels(xRow, w, panelBytes, start, target, taps, tapStride, inputs);
        w += 3 * panelBytes;
        start += 96;
        target += 96;
        left -= 3;
      } else {
        // A single panel is done twice over, with the same result.
        const second = left > 1 ? panelBytes : 0;
        twoPanels(xRow, w, second, start, target, left > 1 ? 32 : 0, taps, tapStride, inputs);
        w += 2 * panelBytes;
        start += 64;
        target += 64;
        left -= 2;
      }
    }
    xRow += xStride;
    yRow += yStride;
  }
  if (quads & 1) {
    const w = packed + <usize>panels * panelBytes;
    const column = (<usize>panels) << 5;
    for (let row = 0; row < rows; row += 4)
      halfPanel(x, xStride, w, bias ? bias + column : 0, y + column, yStride, row, rows - 1, taps, tapStride, inputs);
  }
  if (outputs & 3) {
    const mask = lastQuadMask(outputs);
    let last = y + ((<usize>(quads - 1)) << 4);
    for (let row = 0; row < rows; row++) {
      v128.store(last, v128.and(v128.load(last), mask));
      last += yStride;
    }
  }
}

/** Four rows × one panel. */
function fourRows(
  x: usize,
  xStride: usize,
  w: usize,
  bias: usize,
  y: usize,
  yStride: usize,
  taps: i32,
  tapStride: usize,
  inputs: i32,
): void {
  const y1 = y + yStride;
  const y2 = y1 + yStride;
  const y3 = y2 + yStride;
  let a0 = v128.load(bias ? bias : y);
  let a1 = v128.load(bias ? bias : y, 16);
  let b0 = v128.load(bias ? bias : y1);
  let b1 = v128.load(bias ? bias : y1, 16);
  let c0 = v128.load(bias ? bias : y2);
  let c1 = v128.load(bias ? bias : y2, 16);
  let d0 = v128.load(bias ? bias : y3);
  let d1 = v128.load(bias ? bias : y3, 16);
  for (let tap = inputs ? taps : 0; tap > 0; tap--) {
    let p0 = x;
    let p1 = p0 + xStride;
    let p2 = p1 + xStride;
    let p3 = p2 + xStride;
    const end = w + ((<usize>inputs) << 5);
    do {
      const w0 = v128.load(w);
      const w1 = v128.load(w, 16);
      const a = v128.load32_splat(p0);
      a0 = multiplyAdd(a, w0, a0);
      a1 = multiplyAdd(a, w1, a1);
      const b = v128.load32_splat(p1);
      b0 = multiplyAdd(b, w0, b0);
      b1 = multiplyAdd(b, w1, b1);
      const c = v128.load32_splat(p2);
      c0 = multiplyAdd(c, w0, c0);
      c1 = multiplyAdd(c, w1, c1);
      const d = v128.load32_splat(p3);
      d0 = multiplyAdd(d, w0, d0);
      d1 = multiplyAdd(d, w1, d1);
      p0 += 4;
      p1 += 4;
      p2 += 4;
      p3 += 4;
      w += 32;
    } while (w < end);
    x += tapStride;
  }
  v128.store(y, a0);
  v128.store(y, a1, 16);
  v128.store(y1, b0);
  v128.store(y1, b1, 16);
  v128.store(y2, c0);
  v128.store(y2, c1, 16);
  v128.store(y3, d0);
  v128.store(y3, d1, 16);
}

/** One row × three panels, panelBytes apart. */
function threePanels(
  x: usize,
  w: usize,
  panelBytes: usize,
  start: usize,
  y: usize,
  taps: i32,
  tapStride: usize,
  inputs: i32,
): void {
  let a0 = v128.load(start);
  let a1 = v128.load(start, 16);
  let b0 = v128.load(start, 32);
  let b1 = v128.load(start, 48);
  let c0 = v128.load(start, 64);
  let c1 = v128.load(start, 80);
  let u = w + panelBytes;
  let v = u + panelBytes;
  for (let tap = inputs ? taps : 0; tap > 0; tap--) {
    let p = x;
    const end = w + ((<usize>inputs) << 5);
    do {
      const a = v128.load32_splat(p);
      a0 = multiplyAdd(a, v128.load(w), a0);
      a1 = multiplyAdd(a, v128.load(w, 16), a1);
      b0 = multiplyAdd(a, v128.load(u), b0);
      b1 = multiplyAdd(a, v128.load(u, 16), b1);
      c0 = multiplyAdd(a, v128.load(v), c0);
      c1 = multiplyAdd(a, v128.load(v, 16), c1);
      p += 4;
      w += 32;
      u += 32;
      v += 32;
    } while (w < end);
    x += tapStride;
  }
  v128.store(y, a0);
  v128.store(y, a1, 16);
  v128.store(y, b0, 32);
  v128.store(y, b1, 48);
  v128.store(y, c0, 64);
  v128.store(y, c1, 80);
}

/** One row × two panels, panelBytes apart in W and column bytes in y: 0 and 0 if there is but one. */
function twoPanels(
  x: usize,
  w: usize,
  panelBytes: usize,
  start: usize,
  y: usize,
  column: usize,
  taps: i32,
  tapStride: usize,
  inputs: i32,
): void {
  let a0 = v128.load(start);
  let a1 = v128.load(start, 16);
  let b0 = v128.load(start + column);
  let b1 = v128.load(start + column, 16);
  let u = w + panelBytes;
  for (let tap = inputs ? taps : 0; tap > 0; tap--) {
    let p = x;
    const end = w + ((<usize>inputs) << 5);
    do {
      const a = v128.load32_splat(p);
      a0 = multiplyAdd(a, v128.load(w), a0);
      a1 = multiplyAdd(a, v128.load(w, 16), a1);
      b0 = multiplyAdd(a, v128.load(u), b0);
      b1 = multiplyAdd(a, v128.load(u, 16), b1);
      p += 4;
      w += 32;
      u += 32;
    } while (w < end);
    x += tapStride;
  }
  v128.store(y, a0);
  v128.store(y, a1, 16);
  v128.store(y + column, b0);
  v128.store(y + column, b1, 16);
}

/** Four rows × the half panel. Rows past the last are taken as the last, with the same result. */
function halfPanel(
  x: usize,
  xStride: usize,
  w: usize,
  bias: usize,
  y: usize,
  yStride: usize,
  row: i32,
  lastRow: i32,
  taps: i32,
  tapStride: usize,
  inputs: i32,
): void {
  const row0 = <usize>row;
  const row1 = <usize>min(row + 1, lastRow);
  const row2 = <usize>min(row + 2, lastRow);
  const row3 = <usize>min(row + 3, lastRow);
  const y0 = y + row0 * yStride;
  const y1 = y + row1 * yStride;
  const y2 = y + row2 * yStride;
  const y3 = y + row3 * yStride;
  let a = v128.load(bias ? bias : y0);
  let b = v128.load(bias ? bias : y1);
  let c = v128.load(bias ? bias : y2);
  let d = v128.load(bias ? bias : y3);
  for (let tap = inputs ? taps : 0; tap > 0; tap--) {
    let p0 = x + row0 * xStride;
    let p1 = x + row1 * xStride;
    let p2 = x + row2 * xStride;
    let p3 = x + row3 * xStride;
    const end = w + ((<usize>inputs) << 4);
    do {
      const weights = v128.load(w);
      a = multiplyAdd(v128.load32_splat(p0), weights, a);
      b = multiplyAdd(v128.load32_splat(p1), weights, b);
      c = multiplyAdd(v128.load32_splat(p2), weights, c);
      d = multiplyAdd(v128.load32_splat(p3), weights, d);
      p0 += 4;
      p1 += 4;
      p2 += 4;
      p3 += 4;
      w += 16;
    } while (w < end);
    x += tapStride;
  }
  v128.store(y0, a);
  v128.store(y1, b);
  v128.store(y2, c);
  v128.store(y3, d);
}
