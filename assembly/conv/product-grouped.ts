import { lastQuadMask } from '../math/lanes';
import { multiplyAdd } from '../math/multiply-add';
import { panelStride, quadInPanels } from '../products/panels';

/** So many rows are finished, in all their columns, before the next ones: their inputs then stay near the processor. */
const blockRows = 64;

/**
 * As product(), in groups: N outputs in G groups, each over the K inputs of its own group, x [rows, G·K].
 *   y[r, n] = start + Σ_tap Σ_k x[r + tap][group(n)·K + k] · W[tap·K + k][n],   group(n) = ⌊n / (N/G)⌋
 * W's panels (../products/panels.ts) have taps·K rows, and the columns of all groups side by side, as Keras's kernel does.
 * K = 1 is a depthwise convolution, N/G its depth multiplier. `inputs` is K.
 */
export function productGrouped(
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
  groups: i32,
): void {
  const quads = (outputs + 3) >> 2;
  const ofGroup = outputs / groups;
  const startStride = bias ? 0 : yStride;
  for (; rows > 0; rows -= blockRows) {
    const block = min(rows, blockRows);
    for (let quad = 0; quad < quads; quad++) {
      const w = quadInPanels(packed, quad, taps * inputs);
      const wStride = panelStride(quad, quads);
      const column = (<usize>quad) << 4;
      const to = y + column;
      // Sums start at the bias in every row, or each at its own y.
      const start = bias ? bias + column : to;
      if (ofGroup == 1 && inputs == 1) {
        depthwiseRows(x + column, xStride, w, wStride, start, startStride, to, yStride, block, taps, tapStride);
      } else {
        const first = groupOffset(quad << 2, outputs, ofGroup, inputs);
        const second = groupOffset((quad << 2) + 1, outputs, ofGroup, inputs);
        const third = groupOffset((quad << 2) + 2, outputs, ofGroup, inputs);
        const last = groupOffset((quad << 2) + 3, outputs, ofGroup, inputs);
        const from = x + first;
        if (first == last) {
          sameGroupRows(from, xStride, w, wStride, start, startStride, to, yStride, block, taps, tapStride, inputs);
        } else {
          gatheredRows(
            from,
            xStride,
            second - first,
            third - first,
            last - first,
            w,
            wStride,
            start,
            startStride,
            to,
            yStride,
            block,
            taps,
            tapStride,
            inputs,
          );
        }
      }
    }
    if (outputs & 3) {
      const mask = lastQuadMask(outputs);
      let last = y + ((<usize>(quads - 1)) << 4);
      for (let row = 0; row < block; row++) {
        v128.store(last, v128.and(v128.load(last), mask));
        last += yStride;
      }
    }
    x += <usize>blockRows * xStride;
    y += <usize>blockRows * yStride;
  }
}

/** Where the inputs of an output's group begin in a row of x, in bytes. Outputs past the last are taken as the last. */
export function groupOffset(output: i32, outputs: i32, ofGroup: i32, inputs: i32): usize {
  return (<usize>((min(output, outputs - 1) / ofGroup) * inputs)) << 2;
}

/** A quad of outputs that have one input each, as in a quad of x. Four rows at a time; rows past the last are taken as the last. */
function depthwiseRows(
  x: usize,
  xStride: usize,
  w: usize,
  wStride: usize,
  start: usize,
  startStride: usize,
  y: usize,
  yStride: usize,
  rows: i32,
  taps: i32,
  tapStride: usize,
): void {
  for (let row = 0; row < rows; row += 4) {
    const row1: usize = min(1, rows - row - 1);
    const row2: usize = min(2, rows - row - 1);
    const row3: usize = min(3, rows - row - 1);
    const y1 = y + row1 * yStride;
    const y2 = y + row2 * yStride;
    const y3 = y + row3 * yStride;
    let a = v128.load(start);
    let b = v128.load(start + row1 * startStride);
    let c = v128.load(start + row2 * startStride);
    let d = v128.load(start + row3 * startStride);
    let p0 = x;
    let p1 = x + row1 * xStride;
    let p2 = x + row2 * xStride;
    let p3 = x + row3 * xStride;
    let tapOfW = w;
    for (let tap = taps; tap > 0; tap--) {
      const weights = v128.load(tapOfW);
      a = multiplyAdd(v128.load(p0), weights, a);
      b = multiplyAdd(v128.load(p1), weights, b);
      c = multiplyAdd(v128.load(p2), weights, c);
      d = multiplyAdd(v128.load(p3), weights, d);
      p0 += tapStride;
      p1 += tapStride;
      p2 += tapStride;
      p3 += tapStride;
      tapOfW += wStride;
    }
    v128.store(y, a);
    v128.store(y1, b);
    v128.store(y2, c);
    v128.store(y3, d);
    x += xStride << 2;
    y += yStride << 2;
    start += startStride << 2;
  }
}

/** A quad of outputs of one group. Four rows at a time; rows past the last are taken as the last. */
function sameGroupRows(
  x: usize,
  xStride: usize,
  w: usize,
  wStride: usize,
  start: usize,
  startStride: usize,
  y: usize,
  yStride: usize,
  rows: i32,
  taps: i32,
  tapStride: usize,
  inputs: i32,
): void {
  for (let row = 0; row < rows; row += 4) {
    const row1: usize = min(1, rows - row - 1);
    const row2: usize = min(2, rows - row - 1);
    const row3: usize = min(3, rows - row - 1);
    const y1 = y + row1 * yStride;
    const y2 = y + row2 * yStride;
    const y3 = y + row3 * yStride;
    let a = v128.load(start);
    let b = v128.load(start + row1 * startStride);
    let c = v128.load(start + row2 * startStride);
    let d = v128.load(start + row3 * startStride);
    let xOfTap = x;
    let rowOfW = w;
    for (let tap = taps; tap > 0; tap--) {
      let p0 = xOfTap;
      let p1 = xOfTap + row1 * xStride;
      let p2 = xOfTap + row2 * xStride;
      let p3 = xOfTap + row3 * xStride;
      const end = p0 + ((<usize>inputs) << 2);
      do {
        const weights = v128.load(rowOfW);
        a = multiplyAdd(v128.load32_splat(p0), weights, a);
        b = multiplyAdd(v128.load32_splat(p1), weights, b);
        c = multiplyAdd(v128.load32_splat(p2), weights, c);
        d = multiplyAdd(v128.load32_splat(p3), weights, d);
        p0 += 4;
        p1 += 4;
        p2 += 4;
        p3 += 4;
        rowOfW += wStride;
      } while (p0 < end);
      xOfTap += tapStride;
    }
    v128.store(y, a);
    v128.store(y1, b);
    v128.store(y2, c);
    v128.store(y3, d);
    x += xStride << 2;
    y += yStride << 2;
    start += startStride << 2;
  }
}

/** A quad of outputs of several groups: each lane's input is loaded by itself, so many bytes behind the first lane's. */
function gatheredRows(
  x: usize,
  xStride: usize,
  second: usize,
  third: usize,
  fourth: usize,
  w: usize,
  wStride: usize,
  start: usize,
  startStride: usize,
  y: usize,
  yStride: usize,
  rows: i32,
  taps: i32,
  tapStride: usize,
  inputs: i32,
): void {
  for (let row = 0; row < rows; row++) {
    let sum = v128.load(start);
    let xOfTap = x;
    let rowOfW = w;
    for (let tap = taps; tap > 0; tap--) {
      let p = xOfTap;
      const end = p + ((<usize>inputs) << 2);
      do {
        sum = multiplyAdd(gather(p, second, third, fourth), v128.load(rowOfW), sum);
        p += 4;
        rowOfW += wStride;
      } while (p < end);
      xOfTap += tapStride;
    }
    v128.store(y, sum);
    x += xStride;
    y += yStride;
    start += startStride;
  }
}

/** Four floats from a place and from so many bytes behind it. */
export function gather(p: usize, second: usize, third: usize, fourth: usize): v128 {
  const one = v128.load32_zero(p);
  const two = v128.load_lane<f32>(p + second, one, 1);
  const three = v128.load_lane<f32>(p + third, two, 2);
  return v128.load_lane<f32>(p + fourth, three, 3);
}
