import { lastQuadMask } from '../math/lanes';

/**
 * y [steps, B, F] = row id of table [V, F], padded rows, for each id; mask [steps, B] becomes id ≠ 0, if it is not 0 itself.
 * An id is a float32 that holds a whole number from 0 to V − 1 (who calls has checked that), at
 * ids + t · idStep + b · idRow bytes: 4·B and 4 for [T, B], 4 and a row's stride for padded rows [B, T].
 */
export function embedding(
  ids: usize,
  idStep: i32,
  idRow: i32,
  table: usize,
  y: usize,
  mask: usize,
  steps: i32,
  batch: i32,
  features: i32,
): void {
  const bytes = (<usize>((features + 3) >> 2)) << 4;
  const lanes = lastQuadMask(features);
  for (let t = 0; t < steps; t++) {
    for (let b = 0; b < batch; b++) {
      const id = load<f32>(ids + <usize>(t * idStep + b * idRow));
      const row = table + <usize>id * bytes;
      for (let i: usize = 0; i < bytes; i += 16) v128.store(y + i, v128.load(row + i));
      y += bytes;
      v128.store(y - 16, v128.and(v128.load(y - 16), lanes));
      if (mask) {
        store<f32>(mask, id != 0 ? 1 : 0);
        mask += 4;
      }
    }
  }
}
