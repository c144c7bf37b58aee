/** target += source, for so many floats, a multiple of 4. */
export function accumulate(target: usize, source: usize, count: i32): void {
  const end = target + ((<usize>count) << 2);
  for (; target < end; target += 16) {
    v128.store(target, f32x4.add(v128.load(target), v128.load(source)));
    source += 16;
  }
}
