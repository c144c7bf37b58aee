import { product } from '../products/product';

/**
 * The history of a streamed layer that looks back: the steps before the current ones, lying as if the whole past did.
 * state: 16 bytes of header (i32: the place behind the newest row, i32: that of the first one appended last), then room for `capacity` rows of rowBytes each; a step has as
 * many rows as the batch. A state of nothing but zeros is a fresh one: its past is zeros.
 *
 * Rows are appended one behind the other; when the room ends, the last `history` ones move to its front. With room for
 * n rows more than the history that happens once in n rows, so a long history costs little. A ring would move
 * nothing, but its rows would not lie in order: kernels could not read them in place as they read a whole sequence.
 */

/** Bytes before the first row of a state. */
const HEADER: usize = 16;

/**
 * Appends rows of x [rows, rowBytes] to a state, so that they and the `history` rows before them lie one behind the
 * other; gives the address of the first one appended. rowBytes is a multiple of 16, capacity at least history + rows.
 * Runs in the hot path.
 */
export function historyAppend(state: usize, x: usize, rows: i32, rowBytes: i32, history: i32, capacity: i32): usize {
  historyReserve(state, rows, rowBytes, history, capacity);
  return historyWrite(state, x, rows, rowBytes);
}

/** Makes room for rows, which historyWrite() may then append in several turns. */
export function historyReserve(state: usize, rows: i32, rowBytes: i32, history: i32, capacity: i32): void {
  const data = state + HEADER;
  const bytes = <usize>rowBytes;
  let position = max(load<i32>(state), history);
  if (position + rows > capacity) {
    copyForward(data, data + <usize>(position - history) * bytes, <usize>history * bytes);
    position = history;
  }
  store<i32>(state, position);
  store<i32>(state, position, 4);
}

/** Appends rows for which there is room. */
export function historyWrite(state: usize, x: usize, rows: i32, rowBytes: i32): usize {
  const position = load<i32>(state);
  const appended = state + HEADER + <usize>position * <usize>rowBytes;
  copyForward(appended, x, <usize>rows * <usize>rowBytes);
  store<i32>(state, position + rows);
  return appended;
}

/**
 * product() (../products/product.ts) of the rows that were appended last; the taps before the last look back into the history.
 * tapStride as there; history in rows.
 */
export function historyProduct(
  state: usize,
  packed: usize,
  bias: usize,
  y: usize,
  yStride: i32,
  rows: i32,
  taps: i32,
  tapStride: i32,
  inputs: i32,
  outputs: i32,
  history: i32,
): void {
  historyProductFrom(0, state, packed, bias, y, yStride, rows, taps, tapStride, inputs, outputs, history);
}

/** The same, of `rows` rows from the one number `first` of these on. */
export function historyProductFrom(
  first: i32,
  state: usize,
  packed: usize,
  bias: usize,
  y: usize,
  yStride: i32,
  rows: i32,
  taps: i32,
  tapStride: i32,
  inputs: i32,
  outputs: i32,
  history: i32,
): void {
  const xStride = ((inputs + 3) & ~3) << 2;
  const oldest = state + HEADER + <usize>(load<i32>(state, 4) + first - history) * xStride;
  product(oldest, xStride, packed, bias, y, yStride, rows, taps, tapStride, inputs, outputs);
}

/**
 * Copies a multiple of 16 bytes to a place below the source, or apart from it. A single row is too short to call the
 * engine's memory.copy for.
 */
function copyForward(target: usize, source: usize, bytes: usize): void {
  const end = source + bytes;
  while (source < end) {
    v128.store(target, v128.load(source));
    source += 16;
    target += 16;
  }
}
