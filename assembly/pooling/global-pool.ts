import { lastQuadMask } from '../math/lanes';

/**
 * Keras's GlobalAveragePooling1D, or with average = 0 GlobalMaxPooling1D, of all steps since the state was zeroed:
 * x [steps, B, F] → y [B, F], over the steps that mask [steps, B] leaves. Where there was none y is 0.
 * state: for each row of the batch quad(F) float64 sums or maxima, then the float64 number of its steps, and 8 bytes unused.
 * Sums go on in float64 from chunk to chunk, so a stream gives the bits of the whole run, and however long it is loses no digits.
 */
export function globalPool(
  state: usize,
  x: usize,
  y: usize,
  mask: usize,
  average: i32,
  steps: i32,
  batch: i32,
  features: i32,
): void {
  const quads = (features + 3) >> 2;
  for (let t = 0; t < steps; t++) {
    let row = state;
    for (let b = 0; b < batch; b++) {
      const counter = row + ((<usize>quads) << 5);
      const next = x + ((<usize>quads) << 4);
      if (mask == 0 || load<f32>(mask + ((<usize>(t * batch + b)) << 2)) != 0) {
        const count = load<f64>(counter);
        const adds = average != 0 || count == 0;
        for (; x < next; x += 16) {
          const value = v128.load(x);
          v128.store(row, pooled(v128.load(row), f64x2.promote_low_f32x4(value), adds));
          const high = f64x2.promote_low_f32x4(v128.shuffle<f32>(value, value, 2, 3, 2, 3));
          v128.store(row, pooled(v128.load(row, 16), high, adds), 16);
          row += 32;
        }
        store<f64>(counter, count + 1);
      }
      x = next;
      row = counter + 16;
    }
  }
  const lanes = lastQuadMask(features);
  for (let b = 0; b < batch; b++) {
    const counter = state + ((<usize>quads) << 5);
    const divisor = f64x2.splat(average ? max(1, load<f64>(counter)) : 1);
    for (; state < counter; state += 32) {
      const low = f32x4.demote_f64x2_zero(f64x2.div(v128.load(state), divisor));
      const high = f32x4.demote_f64x2_zero(f64x2.div(v128.load(state, 16), divisor));
      v128.store(y, v128.shuffle<f32>(low, high, 0, 1, 4, 5));
      y += 16;
    }
    v128.store(y - 16, v128.and(v128.load(y - 16), lanes));
    state = counter + 16;
  }
}

/** A maximum begins with the first value, added to 0. */
function pooled(before: v128, value: v128, adds: bool): v128 {
  return adds ? f64x2.add(before, value) : f64x2.max(before, value);
}
