import { weightOf } from './rows';

/**
 * What a mean over rows divides by: result[1] = the sum of weights [rows] (float64); weights 0: each row counts 1. So from a
 * mask it is how many rows count. target 0: all do; else rows of the class `ignored` do not: target holds the number of a
 * row's class, each targetStride bytes from the last.
 */
export function countRows(
  weights: usize,
  target: usize,
  targetStride: i32,
  ignored: f32,
  rows: i32,
  result: usize,
): void {
  let counted: f64 = 0;
  for (let row = 0; row < rows; row++) {
    if (target != 0 && load<f32>(target + <usize>row * <usize>targetStride) == ignored) continue;
    counted += <f64>weightOf(weights, row);
  }
  store<f64>(result, counted, 8);
}

/**
 * The weights of an output's rows [steps, batch, inner] from those of its samples' steps, given [batch, steps], dense; 0 where
 * the mask [steps, batch] is (mask 0: nowhere; with inner = 1 alone).
 */
export function weighRows(given: usize, mask: usize, weights: usize, steps: i32, batch: i32, inner: i32): void {
  let row = 0;
  for (let t = 0; t < steps; t++) {
    for (let b = 0; b < batch; b++) {
      const weight = weightOf(mask, t * batch + b) == 0 ? <f32>0 : load<f32>(given + ((<usize>(b * steps + t)) << 2));
      for (let i = 0; i < inner; i++) {
        store<f32>(weights + ((<usize>row) << 2), weight);
        row++;
      }
    }
  }
}
