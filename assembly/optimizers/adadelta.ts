import { multiplyAdd } from '../math/multiply-add';
import { movingMeanSquare } from './moments';

/**
 * Adadelta on a block of count weights (a multiple of four): Zeiler 2012, as Keras and PyTorch.
 *   a ← ρ a + (1 − ρ) g²,   Δ = −√(d + ε) / √(a + ε) · g,   d ← ρ d + (1 − ρ) Δ²,   w ← w + learningRate · Δ
 * a and d are flushed where they are subnormal: they are squares, as adam's v.
 */
export function adadelta(
  w: usize,
  g: usize,
  a: usize,
  d: usize,
  count: i32,
  learningRate: f64,
  rho: f64,
  epsilon: f64,
): void {
  const rate = f32x4.splat(<f32>learningRate);
  const kept = f32x4.splat(<f32>rho);
  const added = f32x4.splat(<f32>(1.0 - rho));
  const small = f32x4.splat(<f32>epsilon);
  const bytes = (<usize>count) << 2;
  for (let at: usize = 0; at < bytes; at += 16) {
    const gradient = v128.load(g + at);
    const square = movingMeanSquare(v128.load(a + at), kept, gradient, added);
    v128.store(a + at, square);
    const before = v128.load(d + at);
    const scaled = f32x4.mul(f32x4.sqrt(f32x4.add(before, small)), f32x4.neg(gradient));
    const change = f32x4.div(scaled, f32x4.sqrt(f32x4.add(square, small)));
    v128.store(d + at, movingMeanSquare(before, kept, change, added));
    v128.store(w + at, multiplyAdd(change, rate, v128.load(w + at)));
  }
}
