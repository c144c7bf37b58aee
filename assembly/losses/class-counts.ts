import { addDouble, weightOf } from './rows';

/**
 * How often each class is predicted and is right, for precision, recall and F-scores.
 *   result[3 c … 3 c + 2] = Σ weight · y where x says 1,   Σ weight where x says 1,   Σ weight · y   of class c   (float64)
 * x says 1 where it is above the threshold, and
 *   topK = 0: nothing else;   topK > 0: one of its row's topK greatest, of equal ones the first;
 *   topK = −1: equal to its row's greatest, and not 0 (Keras's F-scores)
 * prediction [rows, classes] with padded rows; target likewise, targetStride bytes from row to row, or with targetCode = 1 one value
 * a row, the number of its class; with targetCode = 2 any y but 0 is 1 (Keras's precision and recall). weights [rows] or 0.
 */
export function classCounts(
  prediction: usize,
  target: usize,
  targetStride: i32,
  weights: usize,
  rows: i32,
  classes: i32,
  targetCode: i32,
  topK: i32,
  threshold: f32,
  result: usize,
): void {
  const bytes: usize = ((classes + 3) >> 2) << 4;
  memory.fill(result, 0, <usize>classes * 24);
  for (let row = 0; row < rows; row++) {
    const weight = <f64>weightOf(weights, row);
    if (weight == 0) continue;
    const x = prediction + <usize>row * bytes;
    const y = target + <usize>row * <usize>targetStride;
    const bound: f32 = topK == 0 ? <f32>-Infinity : greatestAfter(x, classes, abs(topK));
    // How many values equal to the bound may say 1.
    let left = topK > 0 ? topK - countAbove(x, classes, bound) : classes;
    for (let c = 0; c < classes; c++) {
      const at = (<usize>c) << 2;
      const value = load<f32>(x + at);
      let wanted = targetCode == 1 ? <f64>i32(load<f32>(y) == <f32>c) : <f64>load<f32>(y + at);
      if (targetCode == 2 && wanted != 0) wanted = 1;
      const counts = result + <usize>c * 24;
      let saysOne = value > threshold && value >= bound;
      if (topK == -1 && abs(value) <= 1e-9) saysOne = false;
      if (topK > 0 && value == bound) saysOne = left-- > 0 && saysOne;
      if (saysOne) {
        addDouble(counts, weight * wanted);
        addDouble(counts + 8, weight);
      }
      addDouble(counts + 16, weight * wanted);
    }
  }
}

/** The k-th greatest value of a row; of less than k values the least. */
function greatestAfter(row: usize, classes: i32, k: i32): f32 {
  let bound: f32 = Infinity;
  let found = 0;
  // Each pass finds the greatest below the last one, and how many are equal to it.
  while (found < min(k, classes)) {
    let best: f32 = -Infinity;
    let equal = 0;
    for (let i = 0; i < classes; i++) {
      const value = load<f32>(row + ((<usize>i) << 2));
      if (found > 0 && !(value < bound)) continue;
      if (value > best || equal == 0) {
        best = value;
        equal = 1;
      } else if (value == best) equal++;
    }
    if (equal == 0) break;
    bound = best;
    found += equal;
  }
  return bound;
}

function countAbove(row: usize, classes: i32, bound: f32): i32 {
  let count = 0;
  for (let i = 0; i < classes; i++) count += i32(load<f32>(row + ((<usize>i) << 2)) > bound);
  return count;
}
