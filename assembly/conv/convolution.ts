import { product } from '../products/product';
import { productGrouped } from './product-grouped';

/**
 * Convolution over time, x [T, B, K] → y [steps, B, N]: strided, dilated, grouped, or transposed (strided backward).
 * Step t of y reads the input steps newest, newest − dilation, … of x, as many as its phase has taps:
 *   newest(t) = ⌊(t + skip) / up⌋ · down + lead,   phase(t) = (t + skip) mod up
 *   y[t] = bias + Σ_tap x[newest − (taps − 1 − tap)·dilation] · W[phase][tap],   one chain, the oldest step first
 * Conv1D and DepthwiseConv1D:  up 1, down the stride, skip 0, lead = (taps − 1)·dilation − left padding.
 * Conv1DTranspose:             up the stride, down 1, lead 0, skip the steps cropped before the first.
 *   Input step q adds to the output steps q·up + i, i = 0 … taps − 1, so phase p has the taps i = p, p + up, …
 * W: the phases' panels one behind the other, each [taps of the phase · K/groups][N] from its oldest input step on, which for
 * a transposed convolution is the last tap. A phase without taps is the bias alone. With bias = 0 the sum goes on from y.
 * What is read before x's first step, or behind its last, must be there: room of zeros, or a stream's history.
 */
export function convolution(
  x: usize,
  packed: usize,
  bias: usize,
  y: usize,
  steps: i32,
  batch: i32,
  taps: i32,
  dilation: i32,
  up: i32,
  down: i32,
  lead: i32,
  skip: i32,
  inputs: i32,
  outputs: i32,
  groups: i32,
): void {
  const xStride = ((inputs + 3) & ~3) << 2;
  const yStride = ((outputs + 3) & ~3) << 2;
  const xStep = batch * xStride;
  const yStep = batch * yStride;
  const inputsOfGroup = inputs / groups;
  for (let phase = 0; phase < up; phase++) {
    const tapsOfPhase = ceilOf(taps - phase, up);
    // The first step of this phase that is not cropped, and its input step if there were no `down`.
    const turn = ceilOf(skip - phase, up);
    const first = turn * up + phase - skip;
    const newest = turn * down + lead;
    productOfSteps(
      x + <usize>(newest - (tapsOfPhase - 1) * dilation) * xStep,
      down * xStep,
      xStride,
      packed,
      bias,
      y + <usize>first * yStep,
      up * yStep,
      yStride,
      ceilOf(steps - first, up),
      batch,
      tapsOfPhase,
      dilation * xStep,
      inputsOfGroup,
      outputs,
      groups,
    );
    packed += <usize>(tapsOfPhase * inputsOfGroup) * yStride;
  }
}

/** n / d rounded up, 0 for negative n: how many of 0, d, 2·d … are less than n. A division by 1 is spared: streams do it all the time. */
export function ceilOf(n: i32, d: i32): i32 {
  return d == 1 ? max(n, 0) : max(n + d - 1, 0) / d;
}

/**
 * product(), or productGrouped(), of rows in two levels: row (t, b) of x is at x + t·xStep + b·xStride, y likewise. Any order
 * of the rows gives the same bits: the longer of the two levels is left to the product, which takes four rows at a time.
 */
export function productOfSteps(
  x: usize,
  xStep: i32,
  xStride: i32,
  packed: usize,
  bias: usize,
  y: usize,
  yStep: i32,
  yStride: i32,
  steps: i32,
  batch: i32,
  taps: i32,
  tapStride: i32,
  inputs: i32,
  outputs: i32,
  groups: i32,
): void {
  const isOneRun = xStep == batch * xStride && yStep == batch * yStride;
  const bySequence = !isOneRun && steps > batch;
  const rows = isOneRun ? steps * batch : max(steps, batch);
  const xRow = bySequence ? xStep : xStride;
  const yRow = bySequence ? yStep : yStride;
  for (let runs = isOneRun ? 1 : min(steps, batch); runs > 0; runs--) {
    if (groups == 1) product(x, xRow, packed, bias, y, yRow, rows, taps, tapStride, inputs, outputs);
    else productGrouped(x, xRow, packed, bias, y, yRow, rows, taps, tapStride, inputs, outputs, groups);
    x += bySequence ? xStride : xStep;
    y += bySequence ? yStride : yStep;
  }
}
