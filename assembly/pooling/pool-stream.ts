import { historyAppend } from '../conv/history-append';
import { pool } from './pool';

/**
 * The next steps of a pooling that looks back only, with the bits of the whole sequence. A window is the oldest `size` of the
 * `reach` steps up to the newest that it waits for (reach = size, but where the last steps are held back: cropping on the right
 * is a window of one step with reach = cropped + 1). Of the steps before x, only the last `before` are there: min(N, reach − 1)
 * after N steps. `first`: the newest step of the first window that is due, counted from x's first one, as in
 * convolutionStream(). x [steps, B, F]; state as historyAppend() describes it, its history reach − 1 steps. More steps than the
 * state has room for go in several turns. Runs in the hot path.
 */
export function poolStream(
  state: usize,
  x: usize,
  y: usize,
  average: i32,
  steps: i32,
  batch: i32,
  features: i32,
  size: i32,
  reach: i32,
  stride: i32,
  first: i32,
  before: i32,
  capacity: i32,
): void {
  const rowBytes = ((features + 3) & ~3) << 2;
  const stepBytes = batch * rowBytes;
  const history = reach - 1;
  const room = capacity - history;
  while (steps > 0) {
    const turn = min(steps, room);
    const appended = historyAppend(state, x, turn * batch, rowBytes, history * batch, capacity * batch);
    const due = first < turn ? (turn - first + stride - 1) / stride : 0;
    const oldest = appended - <usize>before * stepBytes;
    const padding = history - first - before;
    pool(oldest, y, average, before + turn, due, batch, features, size, stride, padding);
    x += <usize>turn * stepBytes;
    y += <usize>due * stepBytes;
    steps -= turn;
    first += due * stride - turn;
    before = min(before + turn, history);
  }
}
