import { validRows } from './rows';

/**
 * How many values, or rows, are predicted right, as Keras's accuracies count them (metrics/accuracy_metrics.py).
 *   kind 0  binary: each value, where ŷ > threshold says 1 and else 0
 *   kind 1  categorical: a row, where ŷ and y have their greatest value in the same place (the first of several)
 *   kind 2  sparse: a row, where y is the number of the place of ŷ's greatest value
 * prediction [rows, features] with padded rows; target likewise, targetStride bytes from row to row; mask [rows] or 0.
 * result[0] = what is right in the valid rows,   result[1] = valid rows   (both float64)
 */
export function accuracy(
  prediction: usize,
  target: usize,
  targetStride: i32,
  mask: usize,
  rows: i32,
  features: i32,
  kind: i32,
  threshold: f32,
  result: usize,
): void {
  const bytes = (<usize>((features + 3) >> 2)) << 4;
  let right = 0;
  for (let row = 0; row < rows; row++) {
    if (mask != 0 && load<f32>(mask + ((<usize>row) << 2)) == 0.0) continue;
    const x = prediction + <usize>row * bytes;
    const y = target + <usize>row * <usize>targetStride;
    if (kind == 0) right += matches(x, y, features, threshold);
    else if (kind == 1) right += i32(greatestAt(x, features) == greatestAt(y, features));
    else right += i32(<f32>greatestAt(x, features) == load<f32>(y));
  }
  store<f64>(result, <f64>right);
  store<f64>(result + 8, <f64>validRows(mask, rows));
}

function matches(x: usize, y: usize, features: i32, threshold: f32): i32 {
  let right = 0;
  for (let i: usize = 0; i < (<usize>features) << 2; i += 4) {
    right += i32((load<f32>(x + i) > threshold ? <f32>1 : <f32>0) == load<f32>(y + i));
  }
  return right;
}

function greatestAt(row: usize, features: i32): i32 {
  let best = 0;
  let greatest = load<f32>(row);
  for (let i = 1; i < features; i++) {
    const value = load<f32>(row + ((<usize>i) << 2));
    if (value > greatest) {
      greatest = value;
      best = i;
    }
  }
  return best;
}
