/**
 * dx += the gradient of pool()'s input, of the same x, y and windows: a maximum's gradient goes to the first step of its window
 * that holds it, a mean's in equal shares to all of them. x and y are not read for means.
 */
export function poolBackward(
  x: usize,
  y: usize,
  dy: usize,
  dx: usize,
  average: i32,
  xSteps: i32,
  steps: i32,
  batch: i32,
  features: i32,
  size: i32,
  stride: i32,
  padding: i32,
): void {
  const stepBytes = (<usize>batch * ((features + 3) >> 2)) << 4;
  for (let t = 0; t < steps; t++) {
    const from = max(0, t * stride - padding);
    const count = min(xSteps, t * stride - padding + size) - from;
    const divisor = f32x4.splat(<f32>count);
    for (let i: usize = 0; i < stepBytes; i += 16) {
      const gradient = v128.load(dy + i);
      const share = f32x4.div(gradient, divisor);
      const maximum = v128.load(y + i);
      let at = <usize>from * stepBytes + i;
      let sought = i32x4.splat(-1);
      for (let left = count; left > 0; left--) {
        let part = share;
        if (!average) {
          const found = v128.and(sought, f32x4.eq(v128.load(x + at), maximum));
          sought = v128.andnot(sought, found);
          part = v128.and(gradient, found);
        }
        v128.store(dx + at, f32x4.add(v128.load(dx + at), part));
        at += stepBytes;
      }
    }
    y += stepBytes;
    dy += stepBytes;
  }
}
