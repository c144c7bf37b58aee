import { addDouble, weightOf } from './rows';

/**
 * Where predictions lie among thresholds, for the area under a curve.
 *   result[2 i], result[2 i + 1] = Σ weight of the values above thresholds[i] and not above thresholds[i + 1] whose target is 0,
 *   and whose target is not (float64)
 * Predictions of at most thresholds[0] count as above it. thresholds [count] rise; prediction, target [rows, features] with
 * padded rows; code 1: predictions are logits, to go through sigmoid first; 2: they are clipped to [0, 1]. weights [rows] or 0.
 */
export function thresholdCounts(
  prediction: usize,
  target: usize,
  weights: usize,
  rows: i32,
  features: i32,
  thresholds: usize,
  count: i32,
  code: i32,
  result: usize,
): void {
  const bytes: usize = ((features + 3) >> 2) << 4;
  memory.fill(result, 0, (<usize>count) << 4);
  for (let row = 0; row < rows; row++) {
    const weight = <f64>weightOf(weights, row);
    if (weight == 0) continue;
    const at = <usize>row * bytes;
    for (let i = at; i < at + ((<usize>features) << 2); i += 4) {
      let p = load<f32>(prediction + i);
      if (code == 1) p = <f32>(1 / (1 + NativeMath.exp(-(<f64>p))));
      if (code == 2) p = min(max(p, 0), 1);
      const place = (<usize>lastBelow(p, thresholds, count)) << 4;
      const cell = result + place + (load<f32>(target + i) == 0 ? 0 : 8);
      addDouble(cell, weight);
    }
  }
}

/** The last of the thresholds that are below a value, by halving; 0 if none is. */
function lastBelow(value: f32, thresholds: usize, count: i32): i32 {
  let low = 0;
  let high = count;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (load<f32>(thresholds + ((<usize>middle) << 2)) < value) low = middle;
    else high = middle;
  }
  return low;
}
