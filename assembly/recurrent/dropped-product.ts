import { multiplyAdd } from '../math/multiply-add';
import { panelStride, quadInPanels } from '../products/panels';

/**
 * The product of rows that dropout has gone over, with other factors for each gate, as Keras has it in an LSTM or GRU with
 * recurrentDropout (layers/rnn/lstm.py, `implementation` 1). For all steps, rows and gate-interleaved columns (g, u):
 *   y[t, b, (g, u)] = start + Σ_k x[t, b, k] · factors[g, b, k] · W[k, (g, u)]
 * start is bias[(g, u)], or with bias = 0 what y holds. x: rows of K, xStride bytes apart, T·B of them; factors [G, B, K], padded
 * rows, keep / (1 − rate); packed: W's panels for G gates of so many units. Every output is one float32 chain, k in order, as in
 * product(). scratch: room for x ⊙ factors of one step, [G, B, quad(K)], which stays there after the last one.
 */
export function droppedProduct(
  x: usize,
  xStride: i32,
  factors: usize,
  packed: usize,
  bias: usize,
  y: usize,
  yStride: i32,
  scratch: usize,
  steps: i32,
  batch: i32,
  inputs: i32,
  units: i32,
  gates: i32,
): void {
  const rowBytes = ((inputs + 3) >> 2) << 4;
  const quads = gates * ((units + 3) >> 2);
  for (let t = 0; t < steps; t++) {
    for (let gate = 0; gate < gates; gate++) {
      const offset = gate * batch * rowBytes;
      multiplyRows(x, xStride, factors + offset, scratch + offset, batch, rowBytes);
    }
    for (let quad = 0; quad < quads; quad++) {
      const rows = scratch + <usize>((quad % gates) * batch * rowBytes);
      const w = quadInPanels(packed, quad, inputs);
      const wStride = panelStride(quad, quads);
      const column: usize = quad << 4;
      for (let row = 0; row < batch; row += 4) {
        const target = y + column + <usize>row * <usize>yStride;
        const start = bias ? bias + column : target;
        const from = rows + <usize>row * rowBytes;
        fourRows(
          from,
          rowBytes,
          w,
          wStride,
          start,
          bias ? 0 : yStride,
          target,
          yStride,
          min(batch - row - 1, 3),
          inputs,
        );
      }
    }
    x += batch * xStride;
    y += batch * yStride;
  }
}

/** target = x ⊙ factors, for so many rows of rowBytes. */
export function multiplyRows(
  x: usize,
  xStride: usize,
  factors: usize,
  target: usize,
  rows: i32,
  rowBytes: usize,
): void {
  for (let row = 0; row < rows; row++) {
    for (let i: usize = 0; i < rowBytes; i += 16) {
      v128.store(target + i, f32x4.mul(v128.load(x + i), v128.load(factors + i)));
    }
    x += xStride;
    factors += rowBytes;
    target += rowBytes;
  }
}

/** Four rows × one quad of outputs. Rows past the last are taken as the last, with the same result. */
function fourRows(
  x: usize,
  xStride: usize,
  w: usize,
  wStride: usize,
  start: usize,
  startStride: usize,
  y: usize,
  yStride: usize,
  last: i32,
  inputs: i32,
): void {
  const row1 = <usize>min(1, last);
  const row2 = <usize>min(2, last);
  const row3 = <usize>last;
  let a = v128.load(start);
  let b = v128.load(start + row1 * startStride);
  let c = v128.load(start + row2 * startStride);
  let d = v128.load(start + row3 * startStride);
  let p0 = x;
  let p1 = x + row1 * xStride;
  let p2 = x + row2 * xStride;
  let p3 = x + row3 * xStride;
  const end = x + ((<usize>inputs) << 2);
  while (p0 < end) {
    const weights = v128.load(w);
    a = multiplyAdd(v128.load32_splat(p0), weights, a);
    b = multiplyAdd(v128.load32_splat(p1), weights, b);
    c = multiplyAdd(v128.load32_splat(p2), weights, c);
    d = multiplyAdd(v128.load32_splat(p3), weights, d);
    p0 += 4;
    p1 += 4;
    p2 += 4;
    p3 += 4;
    w += wStride;
  }
  v128.store(y, a);
  v128.store(y + row1 * yStride, b);
  v128.store(y + row2 * yStride, c);
  v128.store(y + row3 * yStride, d);
}
