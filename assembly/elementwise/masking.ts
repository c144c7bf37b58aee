import { lastQuadMask } from '../math/lanes';

/** Keras's Masking: a row of x [rows, features] that holds nothing but `value` is masked, its mask and its y 0; else mask 1 and y = x. */
export function masking(x: usize, y: usize, mask: usize, rows: i32, features: i32, value: f32): void {
  const bytes: usize = ((features + 3) >> 2) << 4;
  const lanes = lastQuadMask(features);
  for (let row = 0; row < rows; row++) {
    let different = v128.and(f32x4.ne(v128.load(x + bytes - 16), f32x4.splat(value)), lanes);
    for (let i: usize = 0; i + 16 < bytes; i += 16) {
      different = v128.or(different, f32x4.ne(v128.load(x + i), f32x4.splat(value)));
    }
    const valid = v128.any_true(different);
    store<f32>(mask, valid ? 1 : 0);
    const keep = i32x4.splat(valid ? -1 : 0);
    for (let i: usize = 0; i < bytes; i += 16) v128.store(y + i, v128.and(v128.load(x + i), keep));
    v128.store(y + bytes - 16, v128.and(v128.load(y + bytes - 16), lanes));
    x += bytes;
    y += bytes;
    mask += 4;
  }
}
