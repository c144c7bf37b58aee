import { flushTiny } from '../math/lanes';
import { movingMean } from './moments';

/**
 * Adamax on a block of count weights (a multiple of four): Adam with the infinity norm, Kingma & Ba 2015, section 7.1.
 *   m ← β₁ m + (1 − β₁) g,   u ← max(β₂ u, |g|),   w ← w − learningRate / correction1 · m / (u + ε)
 * correction1 = 1 − β₁ᵗ at step t. m and u are flushed, as sgd's velocity is.
 */
export function adamax(
  w: usize,
  g: usize,
  m: usize,
  u: usize,
  count: i32,
  learningRate: f64,
  beta1: f64,
  beta2: f64,
  epsilon: f64,
  correction1: f64,
): void {
  const down = f32x4.splat(<f32>(-learningRate / correction1));
  const floor = f32x4.splat(<f32>epsilon);
  const kept1 = f32x4.splat(<f32>beta1);
  const kept2 = f32x4.splat(<f32>beta2);
  const new1 = f32x4.splat(<f32>(1.0 - beta1));
  const bytes = (<usize>count) << 2;
  for (let at: usize = 0; at < bytes; at += 16) {
    const gradient = v128.load(g + at);
    const mean = movingMean(v128.load(m + at), kept1, gradient, new1);
    // In this order, for pmax gives its first operand where one is NaN.
    const largest = flushTiny(f32x4.pmax(f32x4.abs(gradient), f32x4.mul(v128.load(u + at), kept2)));
    v128.store(m + at, mean);
    v128.store(u + at, largest);
    const step = f32x4.div(f32x4.mul(mean, down), f32x4.add(largest, floor));
    v128.store(w + at, f32x4.add(v128.load(w + at), step));
  }
}
