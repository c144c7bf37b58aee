import { expQuads } from './exp';

/** σ(x) = 1 / (1 + e^−x), within 3.2 ulp, in place over quads that lie so many bytes apart, for at least one. */
export function sigmoidQuads(pointer: usize, quads: i32, strideBytes: usize): void {
  expQuads(pointer, quads, strideBytes, f32x4.splat(-0.0));
  const one = f32x4.splat(1);
  const end = pointer + <usize>quads * strideBytes;
  do {
    v128.store(pointer, f32x4.div(one, f32x4.add(one, v128.load(pointer))));
    pointer += strideBytes;
  } while (pointer < end);
}
