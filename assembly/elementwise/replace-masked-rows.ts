/**
 * The rows of y [rows, features] that mask leaves out become those of other, or where there is none (0), `value`: 0 is what
 * Bidirectional gives at masked steps, where a recurrent layer repeats its state; a factor is 1 there, and a term of a maximum
 * the other term.
 */
export function replaceMaskedRows(mask: usize, other: usize, y: usize, rows: i32, features: i32, value: f32): void {
  const bytes = ((features + 3) >> 2) << 4;
  for (let row = 0; row < rows; row++) {
    if (load<f32>(mask) == 0) {
      if (other) memory.copy(y, other + <usize>row * bytes, bytes);
      else for (let i = 0; i < features; i++) store<f32>(y + ((<usize>i) << 2), value);
    }
    y += bytes;
    mask += 4;
  }
}
