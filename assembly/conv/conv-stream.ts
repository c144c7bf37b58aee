import { product } from '../products/product';
import { historyAppend } from './history-append';

/**
 * The next steps of a causal dilated convolution, with the bits of the whole sequence: the same product over the same
 * rows, which lie in the stream's state behind their history instead of behind zeroed head-room.
 *   y[t] = bias + Σ_tap x[t − (taps − 1 − tap) · dilation] · W[tap]
 * x [steps, batch, K], y [steps, batch, N] with padded rows; packed and bias as product() takes them; state as
 * historyAppend() describes it, its history (taps − 1) · dilation steps. More steps than the state has room for go in
 * several turns. Runs in the hot path.
 */
export function convStream(
  state: usize,
  x: usize,
  packed: usize,
  bias: usize,
  y: usize,
  steps: i32,
  batch: i32,
  taps: i32,
  dilation: i32,
  K: i32,
  N: i32,
  capacity: i32,
): void {
  const xStride = ((K + 3) & ~3) << 2;
  const yStride = ((N + 3) & ~3) << 2;
  const history = (taps - 1) * dilation;
  const xStep = batch * xStride;
  const yStep = batch * yStride;
  const room = capacity - history;
  while (steps > 0) {
    const turn = min(steps, room);
    const appended = historyAppend(state, x, turn, xStep, history, capacity);
    const oldest = appended - <usize>history * <usize>xStep;
    product(oldest, xStride, packed, bias, y, yStride, turn * batch, taps, dilation * xStep, K, N);
    x += <usize>turn * <usize>xStep;
    y += <usize>turn * <usize>yStep;
    steps -= turn;
  }
}
