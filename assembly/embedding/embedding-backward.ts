/** dtable[id] += dy for each id, in the order of rows: the gradient of embedding()'s table. ids as there. */
export function embeddingBackward(
  ids: usize,
  idStep: i32,
  idRow: i32,
  dy: usize,
  dtable: usize,
  steps: i32,
  batch: i32,
  features: i32,
): void {
  const bytes = (<usize>((features + 3) >> 2)) << 4;
  for (let t = 0; t < steps; t++) {
    for (let b = 0; b < batch; b++) {
      const row = dtable + <usize>load<f32>(ids + <usize>(t * idStep + b * idRow)) * bytes;
      for (let i: usize = 0; i < bytes; i += 16) v128.store(row + i, f32x4.add(v128.load(row + i), v128.load(dy + i)));
      dy += bytes;
    }
  }
}
