/** dx += dy in the rows of [rows, features] that are not masked. */
export function maskingBackward(mask: usize, dy: usize, dx: usize, rows: i32, features: i32): void {
  const bytes: usize = ((features + 3) >> 2) << 4;
  for (let row = 0; row < rows; row++) {
    if (load<f32>(mask) != 0) {
      for (let i: usize = 0; i < bytes; i += 16) v128.store(dx + i, f32x4.add(v128.load(dx + i), v128.load(dy + i)));
    }
    dx += bytes;
    dy += bytes;
    mask += 4;
  }
}
