/**
 * The rows of y [rows, features] that mask leaves out become 0: what Bidirectional gives at masked steps, where a recurrent
 * layer repeats its state, and the gradient there.
 */
export function zeroMaskedRows(mask: usize, y: usize, rows: i32, features: i32): void {
  const bytes = ((features + 3) >> 2) << 4;
  for (let row = 0; row < rows; row++) {
    if (load<f32>(mask) == 0) memory.fill(y, 0, bytes);
    y += bytes;
    mask += 4;
  }
}
