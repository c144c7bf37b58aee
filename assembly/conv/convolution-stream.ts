import { ceilOf, convolution } from './convolution';
import { historyAppend } from './history-append';

/**
 * The next steps of a convolution that looks back only, with the bits of the whole sequence: the same sums over the same rows,
 * which lie in the stream's state behind their history instead of behind zeroed room. An output step is computed with the
 * newest input step that it reads: `first` is that of the first output step, counted from x's first one (it is beyond x when no
 * output is due); `skip` as convolution() has it. Both follow from N, the number of steps before these ones:
 *   up = 1:  before N came count(N) = max(0, ⌈(N − lead) / down⌉) outputs, and first = count(N)·down + lead − N
 *   up > 1:  before N came count(N) = max(0, N·up − crop) outputs, first = 0 and skip = max(0, crop − N·up)
 * and count(N + steps) − count(N) output steps are written.
 * x [steps, B, K]; state as historyAppend() describes it, its history (⌈taps / up⌉ − 1)·dilation steps. More steps than the
 * state has room for go in several turns. Runs in the hot path.
 */
export function convolutionStream(
  state: usize,
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
  first: i32,
  skip: i32,
  inputs: i32,
  outputs: i32,
  groups: i32,
  capacity: i32,
): void {
  const xStride = ((inputs + 3) & ~3) << 2;
  const xStep = batch * xStride;
  const yStride = ((outputs + 3) & ~3) << 2;
  const yStep = batch * yStride;
  const history = (ceilOf(taps, up) - 1) * dilation;
  const room = capacity - history;
  while (steps > 0) {
    const turn = min(steps, room);
    const appended = historyAppend(state, x, turn * batch, xStride, history * batch, capacity * batch);
    // How many times an input step sets off outputs in this turn: `up` of them each time.
    const times = ceilOf(turn - first, down);
    const due = max(0, times * up - skip);
    convolution(appended, packed, bias, y, due, batch, taps, dilation, up, down, first, skip, inputs, outputs, groups);
    x += <usize>turn * xStep;
    y += <usize>due * yStep;
    steps -= turn;
    first += times * down - turn;
    skip = max(0, skip - times * up);
  }
}
