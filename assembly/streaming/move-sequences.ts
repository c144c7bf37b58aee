/**
 * Brings what a state holds of many sequences side by side, or back to where they came from.
 * list: for each sequence three words: its session's state, the bytes from place to place there, and where in a place it lies.
 * together [places][count][bytes]: the same states in one batch. Of a history (../conv/history-append.ts) the newest `kept` places
 * are moved, and both have its header; kept −1: a state without one. bytes is a multiple of 4.
 */
export function moveSequences(
  list: usize,
  count: i32,
  kept: i32,
  places: i32,
  bytes: i32,
  together: usize,
  back: i32,
): void {
  const step = <usize>(count * bytes);
  // Gathered, a history begins at the front of its room.
  if (kept >= 0 && !back) store<i32>(together, kept * count);
  let ours = firstPlace(together, kept, step, bytes);
  for (let i = 0; i < count; i++) {
    const stride = <usize>load<i32>(list, 4);
    let theirs = firstPlace(load<u32>(list), kept, stride, bytes) + load<u32>(list, 8);
    let at = ours;
    for (let place = 0; place < places; place++) {
      if (back) copyWords(theirs, at, bytes);
      else copyWords(at, theirs, bytes);
      theirs += stride;
      at += step;
    }
    ours += <usize>bytes;
    list += 12;
  }
}

/** The oldest place that counts. A fresh history's header says 0, and its past is the zeros in front. */
function firstPlace(state: usize, kept: i32, placeBytes: usize, bytes: i32): usize {
  if (kept < 0) return state;
  const rows = kept * (<i32>placeBytes / bytes);
  return state + 16 + <usize>(max(load<i32>(state), rows) - rows) * bytes;
}

function copyWords(target: usize, source: usize, bytes: i32): void {
  let i: usize = 0;
  for (; i + 16 <= <usize>bytes; i += 16) v128.store(target + i, v128.load(source + i));
  for (; i < <usize>bytes; i += 4) store<u32>(target + i, load<u32>(source + i));
}
