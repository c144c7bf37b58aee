import { clearPadding } from '../elementwise/activations';
import { lastQuadMask } from '../math/lanes';
import { addProducts, EPSILON, gradientFactor, total, weightOf } from './rows';

/**
 * Cosine similarity of each row and its target, negative, as Keras has it: −Σ (x / |x|) (y / |y|), norms at least 1e-7.
 *   slope (x c / |x| − y / |y|) / |x| with c = Σ (x / |x|) (y / |y|); 0 for c where |x| is less than that
 *   result[0] = Σ weight · loss,   gradient += scale · weight · slope / result[1], where countRows has left what counts
 * prediction, target, gradient [rows, features] with padded rows; weights [rows] or 0; gradient 0: none is wanted.
 */
export function cosineSimilarity(
  prediction: usize,
  target: usize,
  gradient: usize,
  weights: usize,
  rows: i32,
  features: i32,
  scale: f64,
  result: usize,
): void {
  const factor = gradientFactor(scale, result, 1);
  const bytes: usize = ((features + 3) >> 2) << 4;
  const lastLanes = lastQuadMask(features);
  let losses: f64 = 0;
  for (let row = 0; row < rows; row++) {
    const weight = <f64>weightOf(weights, row);
    if (weight == 0) continue;
    const at = <usize>row * bytes;
    let product = f64x2.splat(0);
    let squaresOfX = f64x2.splat(0);
    let squaresOfY = f64x2.splat(0);
    for (let i = at; i < at + bytes; i += 16) {
      const trueLanes = i + 16 < at + bytes ? i32x4.splat(-1) : lastLanes;
      const x = v128.and(v128.load(prediction + i), trueLanes);
      const y = v128.and(v128.load(target + i), trueLanes);
      product = addProducts(product, x, y);
      squaresOfX = addProducts(squaresOfX, x, x);
      squaresOfY = addProducts(squaresOfY, y, y);
    }
    const least = <f64>EPSILON;
    const norm = Math.sqrt(total(squaresOfX));
    const perNorm = 1 / (norm < least ? least : norm);
    const normOfY = Math.sqrt(total(squaresOfY));
    const perNormOfY = 1 / (normOfY < least ? least : normOfY);
    const cosine = total(product) * perNorm * perNormOfY;
    losses -= weight * cosine;
    if (!gradient) continue;
    const ofX = f32x4.splat(<f32>(norm < least ? 0 : factor * weight * cosine * perNorm * perNorm));
    const ofY = f32x4.splat(<f32>(factor * weight * perNorm * perNormOfY));
    for (let i = at; i < at + bytes; i += 16) {
      const slope = f32x4.sub(f32x4.mul(v128.load(prediction + i), ofX), f32x4.mul(v128.load(target + i), ofY));
      v128.store(gradient + i, f32x4.add(v128.load(gradient + i), slope));
    }
  }
  if (gradient) clearPadding(gradient, rows, features);
  store<f64>(result, losses);
}
