import { movingMean } from './moments';

/**
 * Lion on a block of count weights (a multiple of four): Chen et al. 2023.
 *   w ← w − learningRate · sign(β₁ m + (1 − β₁) g),   m ← β₂ m + (1 − β₂) g;   sign(0) = 0
 * m is flushed, as sgd's velocity is.
 */
export function lion(w: usize, g: usize, m: usize, count: i32, learningRate: f64, beta1: f64, beta2: f64): void {
  const rate = f32x4.splat(<f32>learningRate);
  const kept1 = f32x4.splat(<f32>beta1);
  const kept2 = f32x4.splat(<f32>beta2);
  const new1 = f32x4.splat(<f32>(1.0 - beta1));
  const new2 = f32x4.splat(<f32>(1.0 - beta2));
  const bytes = (<usize>count) << 2;
  for (let at: usize = 0; at < bytes; at += 16) {
    const gradient = v128.load(g + at);
    const mean = v128.load(m + at);
    const mixed = movingMean(mean, kept1, gradient, new1);
    v128.store(m + at, movingMean(mean, kept2, gradient, new2));
    // A step of the rate's size with the sign of what is mixed; x − x is 0, and NaN where x is not finite.
    const size = v128.and(rate, f32x4.ne(mixed, f32x4.splat(0)));
    const step = v128.or(size, v128.and(mixed, f32x4.splat(-0.0)));
    const moved = f32x4.sub(v128.load(w + at), step);
    v128.store(w + at, f32x4.sub(moved, f32x4.sub(mixed, mixed)));
  }
}
