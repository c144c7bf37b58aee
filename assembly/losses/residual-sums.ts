import { addDouble, weightOf } from './rows';

/**
 * What the coefficient of determination is made of (float64):
 *   result[0] = Σ weight,   result[3 i + 1 … 3 i + 3] = Σ weight · y,   Σ weight · y²,   Σ weight · (x − y)²   of feature i
 * prediction, target [rows, features] with padded rows; weights [rows] or 0.
 */
export function residualSums(
  prediction: usize,
  target: usize,
  weights: usize,
  rows: i32,
  features: i32,
  result: usize,
): void {
  const bytes: usize = ((features + 3) >> 2) << 4;
  memory.fill(result, 0, <usize>features * 24 + 8);
  for (let row = 0; row < rows; row++) {
    const weight = <f64>weightOf(weights, row);
    if (weight == 0) continue;
    addDouble(result, weight);
    for (let i = 0; i < features; i++) {
      const at = <usize>row * bytes + ((<usize>i) << 2);
      const y = <f64>load<f32>(target + at);
      const error = <f64>load<f32>(prediction + at) - y;
      const sums = result + <usize>i * 24 + 8;
      addDouble(sums, weight * y);
      addDouble(sums + 8, weight * y * y);
      addDouble(sums + 16, weight * error * error);
    }
  }
}
