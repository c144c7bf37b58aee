import { productGradient } from '../products/product-backward';
import { ceilOf, productOfSteps } from './convolution';
import { productGroupedGradient } from './product-grouped-backward';

/*
 * Backward, a convolution pairs the steps of a long and of a short sequence. Tap `tap` pairs short step s with long step
 *   s·stride + tap·dilation − padding,   as far as there is one: nothing is read or written outside of either sequence
 * Conv1D, DepthwiseConv1D: its input is the long sequence, its output the short one, padding what was padded on the left.
 * Conv1DTranspose: its output is the long one, its input the short one, padding what was cropped on the left.
 * Both have B rows a step. The two kernels need no other knowledge of what they are given.
 */

/**
 * to += Σ_tap from·W[tap]: the gradient of a convolution's input, toLong = 1, or of a transposed one's, toLong = 0.
 * from [., B, K], to [., B, N]; packed: for each tap, one behind the other, panels of W[tap] [K/groups, N]: the transposed
 * kernel, whose K are the forward outputs (their number, or the padded one that packTransposed() makes).
 */
export function convolutionInputGradient(
  from: usize,
  packed: usize,
  to: usize,
  longSteps: i32,
  shortSteps: i32,
  batch: i32,
  taps: i32,
  dilation: i32,
  stride: i32,
  padding: i32,
  inputs: i32,
  outputs: i32,
  groups: i32,
  toLong: i32,
): void {
  const fromStride = ((inputs + 3) & ~3) << 2;
  const toStride = ((outputs + 3) & ~3) << 2;
  const fromStep = batch * fromStride;
  const toStep = batch * toStride;
  const inputsOfGroup = inputs / groups;
  for (let tap = 0; tap < taps; tap++) {
    const before = padding - tap * dilation;
    const first = ceilOf(before, stride);
    const count = min(shortSteps, ceilOf(longSteps + before, stride)) - first;
    const long = first * stride - before;
    productOfSteps(
      from + <usize>(toLong ? first : long) * fromStep,
      toLong ? fromStep : stride * fromStep,
      fromStride,
      packed,
      0,
      to + <usize>(toLong ? long : first) * toStep,
      toLong ? stride * toStep : toStep,
      toStride,
      max(0, count),
      batch,
      1,
      0,
      inputsOfGroup,
      outputs,
      groups,
    );
    packed += <usize>inputsOfGroup * toStride;
  }
}

/**
 * dw[tap] += longᵀ·short over the pairs of steps: the gradient of a convolution's kernel, long its input x and short dz; of a
 * transposed one's, long dz and short x. long [longSteps, B, K], short [shortSteps, B, N], dw [taps · K/groups, N], rows of
 * quad(N). The rows go in blocks of 256, as in productGradient(); where those of a step and the next do not lie together, a
 * block ends with each step's, or each sequence's, rows.
 */
export function convolutionWeightGradient(
  long: usize,
  short: usize,
  dw: usize,
  longSteps: i32,
  shortSteps: i32,
  batch: i32,
  taps: i32,
  dilation: i32,
  stride: i32,
  padding: i32,
  inputs: i32,
  outputs: i32,
  groups: i32,
): void {
  const longStride = ((inputs + 3) & ~3) << 2;
  const shortStride = ((outputs + 3) & ~3) << 2;
  const longStep = stride * batch * longStride;
  const shortStep = batch * shortStride;
  const inputsOfGroup = inputs / groups;
  for (let tap = 0; tap < taps; tap++) {
    const before = padding - tap * dilation;
    const first = ceilOf(before, stride);
    const count = min(shortSteps, ceilOf(longSteps + before, stride)) - first;
    let x = long + <usize>(first * stride - before) * (batch * longStride);
    let dy = short + <usize>first * shortStep;
    const isOneRun = stride == 1;
    const bySequence = !isOneRun && count > batch;
    const rows = isOneRun ? count * batch : max(count, batch);
    const xRow = bySequence ? longStep : longStride;
    const dyRow = bySequence ? shortStep : shortStride;
    for (let runs = isOneRun ? 1 : min(count, batch); runs > 0; runs--) {
      if (groups == 1) productGradient(x, xRow, dy, dyRow, dw, rows, inputs, outputs);
      else productGroupedGradient(x, xRow, dy, dyRow, dw, rows, inputsOfGroup, outputs, groups);
      x += bySequence ? longStride : longStep;
      dy += bySequence ? shortStride : shortStep;
    }
    dw += <usize>inputsOfGroup * shortStride;
  }
}
