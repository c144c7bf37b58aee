import { clearPadding } from '../elementwise/activations';

/**
 * The greatest value, or with average = 1 the mean, of each window of x [T, B, F] → y [steps, B, F]. Window t:
 *   size steps of x from t·stride − padding on, as far as x has them; it must have one of them. padding may be negative
 * A mean is a float32 sum over the window's steps in turn, divided by how many there are: at the borders, as Keras does, by
 * less than size. A window that holds NaN gives NaN.
 */
export function pool(
  x: usize,
  y: usize,
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
  let target = y;
  for (let t = 0; t < steps; t++) {
    const from = max(0, t * stride - padding);
    const count = min(xSteps, t * stride - padding + size) - from;
    const divisor = f32x4.splat(<f32>count);
    let source = x + <usize>from * stepBytes;
    const end = source + stepBytes;
    for (; source < end; source += 16) {
      let value = v128.load(source);
      let next = source;
      for (let left = count; left > 1; left--) {
        next += stepBytes;
        const other = v128.load(next);
        value = average ? f32x4.add(value, other) : f32x4.max(value, other);
      }
      v128.store(target, average ? f32x4.div(value, divisor) : value);
      target += 16;
    }
  }
  clearPadding(y, steps * batch, features);
}
