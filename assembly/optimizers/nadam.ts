import { multiplyAdd } from '../math/multiply-add';
import { movingMean, movingMeanSquare } from './moments';

/**
 * Nadam on a block of count weights (a multiple of four): Adam with Nesterov momentum, Dozat 2016, as Keras.
 *   m ← β₁ m + (1 − β₁) g,   v ← β₂ v + (1 − β₂) g²
 *   w ← w − (meanStep · m + gradientStep · g) / (√(v / correction2) + ε)
 * With the momentum schedule uₜ = β₁ (1 − ½ · 0.96ᵗ) and its product Uₜ = u₁ ⋯ uₜ, meanStep = learningRate · uₜ₊₁ / (1 − Uₜ₊₁),
 * gradientStep = learningRate · (1 − uₜ) / (1 − Uₜ), correction2 = 1 − β₂ᵗ. What is kept is flushed as in adam.
 */
export function nadam(
  w: usize,
  g: usize,
  m: usize,
  v: usize,
  count: i32,
  meanStep: f64,
  gradientStep: f64,
  beta1: f64,
  beta2: f64,
  epsilon: f64,
  correction2: f64,
): void {
  const downMean = f32x4.splat(<f32>-meanStep);
  const downGradient = f32x4.splat(<f32>-gradientStep);
  const rootScale = f32x4.splat(<f32>(1.0 / sqrt(correction2)));
  const floor = f32x4.splat(<f32>epsilon);
  const kept1 = f32x4.splat(<f32>beta1);
  const kept2 = f32x4.splat(<f32>beta2);
  const new1 = f32x4.splat(<f32>(1.0 - beta1));
  const new2 = f32x4.splat(<f32>(1.0 - beta2));
  const bytes = (<usize>count) << 2;
  for (let at: usize = 0; at < bytes; at += 16) {
    const gradient = v128.load(g + at);
    const mean = movingMean(v128.load(m + at), kept1, gradient, new1);
    const square = movingMeanSquare(v128.load(v + at), kept2, gradient, new2);
    v128.store(m + at, mean);
    v128.store(v + at, square);
    const step = multiplyAdd(gradient, downGradient, f32x4.mul(mean, downMean));
    const divisor = multiplyAdd(f32x4.sqrt(square), rootScale, floor);
    v128.store(w + at, f32x4.add(v128.load(w + at), f32x4.div(step, divisor)));
  }
}
