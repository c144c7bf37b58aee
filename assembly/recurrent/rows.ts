import { flushTiny, lastQuadMask } from '../math/lanes';

/** What the recurrent kernels do to rows of [B, Hp] besides their equations. A row is so many quads, at least one. */

/** Whether a row takes part in its step. Without a mask every row does; a masked row repeats its state. */
export function isValid(mask: usize, row: i32): bool {
  return mask == 0 || load<f32>(mask + (row << 2)) != 0;
}

export function copyRow(target: usize, source: usize, quads: i32): void {
  const end = target + (quads << 4);
  do {
    v128.store(target, v128.load(source));
    target += 16;
    source += 16;
  } while (target < end);
}

export function zeroRow(target: usize, quads: i32): void {
  const end = target + (quads << 4);
  do {
    v128.store(target, f32x4.splat(0));
    target += 16;
  } while (target < end);
}

/** total ← total + gradient, flushed: what comes back through time decays towards zero as states do. */
export function addGradientRow(total: usize, gradient: usize, quads: i32): void {
  const end = total + (quads << 4);
  do {
    v128.store(total, flushTiny(f32x4.add(v128.load(total), v128.load(gradient))));
    total += 16;
    gradient += 16;
  } while (total < end);
}

/** Writes 0 to the padding lanes of a row: an activation of 0 need not be 0. */
export function clearPadding(row: usize, units: i32): void {
  const last = row + (((units - 1) >> 2) << 4);
  v128.store(last, v128.and(v128.load(last), lastQuadMask(units)));
}

/** The same for a row of `gates` interleaved gates. */
export function clearBlockPadding(row: usize, gates: i32, units: i32): void {
  const mask = lastQuadMask(units);
  let last = row + ((units - 1) >> 2) * (gates << 4);
  for (let gate = 0; gate < gates; gate++) {
    v128.store(last, v128.and(v128.load(last), mask));
    last += 16;
  }
}

/** state [B, Hp] ← initial [B, Hp] as a state is stored: flushed, padding 0. May be in place. */
export function takeState(initial: usize, state: usize, batch: i32, units: i32): void {
  const rowBytes: usize = ((units + 3) >> 2) << 4;
  for (let b = 0; b < batch; b++) {
    const end = state + rowBytes;
    let target = state;
    do {
      v128.store(target, flushTiny(v128.load(initial)));
      target += 16;
      initial += 16;
    } while (target < end);
    clearPadding(state, units);
    state = end;
  }
}
