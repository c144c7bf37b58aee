/**
 * Copies rows between layouts, or with accumulate = 1 adds them: for all i < count0, j < count1, k < count2 and n < width
 *   target[i·target0 + j·target1 + k·target2 + 4·n] (+)= source[i·source0 + j·source1 + k·source2 + element·n]
 * Strides are in bytes, multiples of 4; they may be 0 (a row repeated, or rows summed in turn) or negative. Without accumulate,
 * `padding` zeros are written behind each row: the padding lanes of a target whose rows end here.
 * Concatenate, Flatten, Reshape, Permute, UpSampling1D, RepeatVector and reversals are such copies, and so are their gradients.
 */
export function copyRows(
  source: usize,
  target: usize,
  count0: i32,
  source0: i32,
  target0: i32,
  count1: i32,
  source1: i32,
  target1: i32,
  count2: i32,
  source2: i32,
  target2: i32,
  width: i32,
  element: i32,
  padding: i32,
  accumulate: i32,
): void {
  const bytes = (<usize>width) << 2;
  for (let i = 0; i < count0; i++) {
    for (let j = 0; j < count1; j++) {
      for (let k = 0; k < count2; k++) {
        let from = source + <usize>i * source0 + <usize>j * source1 + <usize>k * source2;
        let to = target + <usize>i * target0 + <usize>j * target1 + <usize>k * target2;
        const end = to + bytes;
        if (element == 4) {
          for (; to + 16 <= end; to += 16) {
            const value = v128.load(from);
            v128.store(to, accumulate ? f32x4.add(v128.load(to), value) : value);
            from += 16;
          }
        }
        for (; to < end; to += 4) {
          const value = load<f32>(from);
          store<f32>(to, accumulate ? load<f32>(to) + value : value);
          from += element;
        }
        if (!accumulate) for (let left = padding; left > 0; left--, to += 4) store<f32>(to, 0);
      }
    }
  }
}
