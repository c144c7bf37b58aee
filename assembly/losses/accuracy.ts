import { weightOf } from './rows';

/**
 * How many values, or rows, are predicted right, as Keras's accuracies count them (metrics/accuracy_metrics.py).
 *   kind 0  binary: each value, where ŷ > threshold says 1 and else 0
 *   kind 1  categorical: a row, where ŷ and y have their greatest value in the same place (the first of several)
 *   kind 2  sparse: a row, where y is the number of the place of ŷ's greatest value
 *   kind 3  categorical, as kind 1, but where less than `among` values of ŷ are greater than the one in the place of y's greatest
 *   kind 4  sparse, likewise
 * prediction [rows, features] with padded rows; target likewise, targetStride bytes from row to row; weights [rows] or 0.
 * result[0] = Σ weight · what is right   (float64)
 */
export function accuracy(
  prediction: usize,
  target: usize,
  targetStride: i32,
  weights: usize,
  rows: i32,
  features: i32,
  kind: i32,
  threshold: f32,
  among: i32,
  result: usize,
): void {
  const bytes = (<usize>((features + 3) >> 2)) << 4;
  let right: f64 = 0;
  for (let row = 0; row < rows; row++) {
    const weight = <f64>weightOf(weights, row);
    if (weight == 0) continue;
    const x = prediction + <usize>row * bytes;
    const y = target + <usize>row * <usize>targetStride;
    let found: i32;
    if (kind == 0) found = matches(x, y, features, threshold);
    else if (kind == 1) found = i32(greatestAt(x, features) == greatestAt(y, features));
    else if (kind == 2) found = i32(<f32>greatestAt(x, features) == load<f32>(y));
    else found = i32(rankOf(x, features, kind == 3 ? greatestAt(y, features) : <i32>load<f32>(y)) < among);
    right += weight * <f64>found;
  }
  store<f64>(result, right);
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

/** How many values are greater than the one at a place; of no value at all, or NaN: all. */
function rankOf(row: usize, features: i32, place: i32): i32 {
  if (place < 0 || place >= features) return features;
  const own = load<f32>(row + ((<usize>place) << 2));
  if (own != own) return features;
  let rank = 0;
  for (let i = 0; i < features; i++) rank += i32(load<f32>(row + ((<usize>i) << 2)) > own);
  return rank;
}
