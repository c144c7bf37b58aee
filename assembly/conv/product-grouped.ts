import { lastQuadMask } from '../math/lanes';
import { multiplyAdd } from '../math/multiply-add';
import { product } from '../products/product';
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
  if ((ofGroup & 7) == 0) {
    // Each group has panels of its own.
    for (let quad = 0; quad < quads; quad += ofGroup >> 2) {
      const column = (<usize>quad) << 4;
      const w = quadInPanels(packed, quad, taps * inputs);
      product(x, xStride, w, bias ? bias + column : 0, y + column, yStride, rows, taps, tapStride, inputs, ofGroup);
      x += (<usize>inputs) << 2;
    }
    return;
  }
  const startStride = bias ? 0 : yStride;
  for (; rows > 0; rows -= blockRows) {
    const block = min(rows, blockRows);
    for (let quad = 0; quad < quads; quad++) {
      const column = (<usize>quad) << 4;
      const w = quadInPanels(packed, quad, taps * inputs);
      const wStride = panelStride(quad, quads);
      const to = y + column;
      // Sums start at the bias in every row, or each at its own y.
      const start = bias ? bias + column : to;
      if (ofGroup == 1 && inputs == 1) {
        depthwiseRows(x + column, xStride, w, wStride, start, startStride, to, yStride, block, taps, tapStride);
      } else {
        const first = groupOffset(quad << 2, outputs, ofGroup, inputs);
        gatheredRows(
          x + first,
          xStride,
          groupOffset((quad << 2) + 1, outputs, ofGroup, inputs) - first,
          groupOffset((quad << 2) + 2, outputs, ofGroup, inputs) - first,
          groupOffset((quad << 2) + 3, outputs, ofGroup, inputs) - first,
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

/** A quad of outputs with one input each, which lie likewise in a quad of x. */
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
  for (let count = 4; rows > 0; rows -= count) {
    // Four rows at a time; where fewer are left, each is done four times over, with the same result.
    if (rows < 4) count = 1;
    const xs = count == 4 ? xStride : 0;
    const ys = count == 4 ? yStride : 0;
    const starts = count == 4 ? startStride : 0;
    let a = v128.load(start);
    let b = v128.load(start + starts);
    let c = v128.load(start + 2 * starts);
    let d = v128.load(start + 3 * starts);
    let p0 = x;
    let p1 = p0 + xs;
    let p2 = p1 + xs;
    let p3 = p2 + xs;
    let rowOfW = w;
    for (let tap = taps; tap > 0; tap--) {
      const weights = v128.load(rowOfW);
      a = multiplyAdd(v128.load(p0), weights, a);
      b = multiplyAdd(v128.load(p1), weights, b);
      c = multiplyAdd(v128.load(p2), weights, c);
      d = multiplyAdd(v128.load(p3), weights, d);
      p0 += tapStride;
      p1 += tapStride;
      p2 += tapStride;
      p3 += tapStride;
      rowOfW += wStride;
    }
    v128.store(y, a);
    v128.store(y + ys, b);
    v128.store(y + 2 * ys, c);
    v128.store(y + 3 * ys, d);
    x += <usize>count * xStride;
    y += <usize>count * yStride;
    start += <usize>count * startStride;
  }
}

/** A quad of outputs whose inputs are loaded one by one, so many bytes behind the first one's. */
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
  for (let count = 4; rows > 0; rows -= count) {
    // Four rows at a time; where fewer are left, each is done four times over, with the same result.
    if (rows < 4) count = 1;
    const xs = count == 4 ? xStride : 0;
    const ys = count == 4 ? yStride : 0;
    const starts = count == 4 ? startStride : 0;
    let a = v128.load(start);
    let b = v128.load(start + starts);
    let c = v128.load(start + 2 * starts);
    let d = v128.load(start + 3 * starts);
    let xOfTap = x;
    let rowOfW = w;
    for (let tap = taps; tap > 0; tap--) {
      let p0 = xOfTap;
      let p1 = p0 + xs;
      let p2 = p1 + xs;
      let p3 = p2 + xs;
      const end = p0 + ((<usize>inputs) << 2);
      do {
        const weights = v128.load(rowOfW);
        a = multiplyAdd(gather(p0, second, third, fourth), weights, a);
        b = multiplyAdd(gather(p1, second, third, fourth), weights, b);
        c = multiplyAdd(gather(p2, second, third, fourth), weights, c);
        d = multiplyAdd(gather(p3, second, third, fourth), weights, d);
        p0 += 4;
        p1 += 4;
        p2 += 4;
        p3 += 4;
        rowOfW += wStride;
      } while (p0 < end);
      xOfTap += tapStride;
    }
    v128.store(y, a);
    v128.store(y + ys, b);
    v128.store(y + 2 * ys, c);
    v128.store(y + 3 * ys, d);
    x += <usize>count * xStride;
    y += <usize>count * yStride;
    start += <usize>count * startStride;
  }
}

/** Four floats from a place and from so many bytes behind it. */
export function gather(p: usize, second: usize, third: usize, fourth: usize): v128 {
  const one = v128.load32_zero(p);
  const two = v128.load_lane<f32>(p + second, one, 1);
  const three = v128.load_lane<f32>(p + third, two, 2);
  return v128.load_lane<f32>(p + fourth, three, 3);
}
