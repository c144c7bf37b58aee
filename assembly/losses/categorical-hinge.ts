import { clearPadding } from '../elementwise/activations';
import { addFloat, gradientFactor, weightOf } from './rows';

/**
 * Categorical hinge loss of each row, as Keras has it: max(1 + max((1 − y) x) − Σ y x, 0) over its classes.
 *   slope where that is more than 0: −y, and 1 − y more in the place of the greatest (1 − y) x, the first of several
 * Operands, result and gradient as in cosineSimilarity.
 */
export function categoricalHinge(
  prediction: usize,
  target: usize,
  gradient: usize,
  weights: usize,
  rows: i32,
  classes: i32,
  scale: f64,
  result: usize,
): void {
  const factor = gradientFactor(scale, result, 1);
  const bytes: usize = ((classes + 3) >> 2) << 4;
  let losses: f64 = 0;
  for (let row = 0; row < rows; row++) {
    const weight = <f64>weightOf(weights, row);
    if (weight == 0) continue;
    const x = prediction + <usize>row * bytes;
    const y = target + <usize>row * bytes;
    let right: f64 = 0;
    let wrong: f64 = -Infinity;
    let wrongest: usize = 0;
    for (let i: usize = 0; i < (<usize>classes) << 2; i += 4) {
      const value = load<f32>(x + i);
      const wanted = load<f32>(y + i);
      right += <f64>value * <f64>wanted;
      const against = <f64>value * (1 - <f64>wanted);
      // NaN counts as the greatest, so that the loss shows it.
      if (against > wrong || against != against) {
        wrong = against;
        wrongest = i;
      }
    }
    const loss = 1 + wrong - right;
    // Not max: a loss that is NaN stays NaN.
    if (loss <= 0) continue;
    losses += weight * loss;
    if (!gradient) continue;
    const dx = gradient + <usize>row * bytes;
    const rowFactor = factor * weight;
    for (let i: usize = 0; i < (<usize>classes) << 2; i += 4) addFloat(dx + i, -rowFactor * <f64>load<f32>(y + i));
    addFloat(dx + wrongest, rowFactor * (1 - <f64>load<f32>(y + wrongest)));
  }
  if (gradient) clearPadding(gradient, rows, classes);
  store<f64>(result, losses);
}
