import { lastQuadMask } from '../math/lanes';
import { multiplyAdd } from '../math/multiply-add';

/**
 * y [rows, N] = start + x·W, the sum going over taps (outer) and K inputs (inner), for W packed in panels [N/8][taps·K][8] (./panels.ts).
 *   y[r, n] = start + Σ_tap Σ_k x[r + tap][k] · W[tap·K + k][n],   row r of tap t at x + r·xStride + t·tapStride
 * start is bias[n], or with bias = 0 what y[r, n] holds: the sum goes on.
 * Every output is one float32 chain in this order, whatever the number of rows: the summation law.
 * Four rows × eight columns at a time where there are four rows, else one row × three panels. Lanes N … of y's last quad become 0.
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
  const half = packed + <usize>panels * panelBytes;
  const tiled = rows & ~3;
  for (let row = 0; row < tiled; row += 4) {
    const xRow = x + <usize>row * xStride;
    const yRow = y + <usize>row * yStride;
    for (let panel = 0; panel < panels; panel++) {
      const offset: usize = panel << 5;
      fourRows(
        xRow,
        xStride,
        packed + <usize>panel * panelBytes,
        bias ? bias + offset : 0,
        yRow + offset,
        yStride,
        taps,
        tapStride,
        inputs,
      );
    }
  }
  for (let row = tiled; row < rows; row++) {
    const xRow = x + <usize>row * xStride;
    const yRow = y + <usize>row * yStride;
    for (let panel = 0; panel < panels; panel += 3) {
      // Fewer than three panels left: the last is done several times over, with the same result.
      const second = min(panel + 1, panels - 1);
      const third = min(panel + 2, panels - 1);
      threePanels(
        xRow,
        packed + <usize>panel * panelBytes,
        <usize>(second - panel) * panelBytes,
        <usize>(third - panel) * panelBytes,
        bias,
        yRow,
        panel << 5,
        second << 5,
        third << 5,
        taps,
        tapStride,
        inputs,
      );
    }
  }
  if (quads & 1) {
    const offset: usize = panels << 5;
    for (let row = 0; row < rows; row += 4) {
      const last = rows - 1;
      halfPanel(
        x,
        xStride,
        half,
        bias ? bias + offset : 0,
        y + offset,
        yStride,
        row,
        min(row + 1, last),
        min(row + 2, last),
        min(row + 3, last),
        taps,
        tapStride,
        inputs,
      );
    }
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

/** One row × three panels; the second and third lie so many bytes behind the first. */
function threePanels(
  x: usize,
  w: usize,
  second: usize,
  third: usize,
  bias: usize,
  y: usize,
  offset0: usize,
  offset1: usize,
  offset2: usize,
  taps: i32,
  tapStride: usize,
  inputs: i32,
): void {
  const start = bias ? bias : y;
  let a0 = v128.load(start + offset0);
  let a1 = v128.load(start + offset0, 16);
  let b0 = v128.load(start + offset1);
  let b1 = v128.load(start + offset1, 16);
  let c0 = v128.load(start + offset2);
  let c1 = v128.load(start + offset2, 16);
  let u = w + second;
  let v = w + third;
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
  v128.store(y + offset0, a0);
  v128.store(y + offset0, a1, 16);
  v128.store(y + offset1, b0);
  v128.store(y + offset1, b1, 16);
  v128.store(y + offset2, c0);
  v128.store(y + offset2, c1, 16);
}

/** Four rows, which may coincide, × the half panel. */
function halfPanel(
  x: usize,
  xStride: usize,
  w: usize,
  bias: usize,
  y: usize,
  yStride: usize,
  row0: usize,
  row1: usize,
  row2: usize,
  row3: usize,
  taps: i32,
  tapStride: usize,
  inputs: i32,
): void {
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
