/**
 * The history of a streamed layer that looks back: the steps before the current ones, lying as if the whole past did.
 * state: 16 bytes of header (i32: the place behind the newest step), then room for `capacity` steps of rowBytes each.
 * A state of nothing but zeros is a fresh one: its past is zeros.
 *
 * Steps are appended one behind the other; when the room ends, the last `history` ones move to its front. With room for
 * n steps more than the history that happens once in n steps, so a long history costs little. A ring would move
 * nothing, but its steps would not lie in order: kernels could not read them in place as they read a whole sequence.
 */

/** Bytes before the first step of a state. */
const HEADER: usize = 16;

/**
 * Appends steps of x [steps, rowBytes] to a state, so that they and the `history` steps before them lie one behind the
 * other; gives the address of the first one appended. rowBytes is a multiple of 16, capacity at least history + steps.
 * Runs in the hot path.
 */
export function historyAppend(state: usize, x: usize, steps: i32, rowBytes: i32, history: i32, capacity: i32): usize {
  const data = state + HEADER;
  const bytes = <usize>rowBytes;
  let position = max(load<i32>(state), history);
  if (position + steps > capacity) {
    copyForward(data, data + <usize>(position - history) * bytes, <usize>history * bytes);
    position = history;
  }
  const appended = data + <usize>position * bytes;
  copyForward(appended, x, <usize>steps * bytes);
  store<i32>(state, position + steps);
  return appended;
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
