/** dx += dy in the rows of [rows, features] that are valid: those with a mask other than 0, or with `valid` 0 the masked ones. */
export function maskingBackward(mask: usize, dy: usize, dx: usize, rows: i32, features: i32, valid: i32): void {
  const bytes: usize = ((features + 3) >> 2) << 4;
  for (let row = 0; row < rows; row++) {
    if (i32(load<f32>(mask) != 0) == valid) {
      for (let i: usize = 0; i < bytes; i += 16) v128.store(dx + i, f32x4.add(v128.load(dx + i), v128.load(dy + i)));
    }
    dx += bytes;
    dy += bytes;
    mask += 4;
  }
}
