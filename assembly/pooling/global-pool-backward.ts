/**
 * dx [steps, B, F] += dy [B, F] in equal shares over the steps that mask leaves: the gradient of a global mean. state: what
 * globalPool() left, its counts are read. (A global maximum is one window: poolBackward() with size = T, one step.)
 */
export function globalAverageBackward(
  state: usize,
  dy: usize,
  dx: usize,
  mask: usize,
  steps: i32,
  batch: i32,
  features: i32,
): void {
  const rowBytes = (<usize>((features + 3) >> 2)) << 4;
  for (let t = 0; t < steps; t++) {
    let counter = state + 2 * rowBytes;
    let gradient = dy;
    for (let b = 0; b < batch; b++) {
      const next = dx + rowBytes;
      if (mask == 0 || load<f32>(mask + ((<usize>(t * batch + b)) << 2)) != 0) {
        const count = f32x4.splat(<f32>load<f64>(counter));
        for (; dx < next; dx += 16) {
          v128.store(dx, f32x4.add(v128.load(dx), f32x4.div(v128.load(gradient), count)));
          gradient += 16;
        }
      }
      dx = next;
      gradient = dy + <usize>(b + 1) * rowBytes;
      counter += 2 * rowBytes + 16;
    }
  }
}
