import { flushTiny } from '../math/lanes';
import { multiplyAdd } from '../math/multiply-add';
import { movingMean, movingMeanSquare } from './moments';

/**
 * RMSprop on a block of count weights (a multiple of four): Tieleman & Hinton 2012; centered: Graves 2013.
 *   v ← ρ v + (1 − ρ) g²;   centered, mean not 0:  a ← ρ a + (1 − ρ) g, and v − a² stands for v below
 *   epsilonOutside = 0 (Keras, TF.js):  step = learningRate · g / √(v + ε);   1 (PyTorch):  … / (√v + ε)
 *   velocity = 0, no momentum:  w ← w − step;   else  m ← momentum · m − step,  w ← w + m
 * What is kept is flushed as in adam.
 */
export function rmsprop(
  w: usize,
  g: usize,
  v: usize,
  mean: usize,
  velocity: usize,
  count: i32,
  learningRate: f64,
  rho: f64,
  momentum: f64,
  epsilon: f64,
  epsilonOutside: i32,
): void {
  const down = f32x4.splat(<f32>-learningRate);
  const kept = f32x4.splat(<f32>rho);
  const added = f32x4.splat(<f32>(1.0 - rho));
  const keptVelocity = f32x4.splat(<f32>momentum);
  const bytes = (<usize>count) << 2;
  for (let at: usize = 0; at < bytes; at += 16) {
    const gradient = v128.load(g + at);
    let square = movingMeanSquare(v128.load(v + at), kept, gradient, added);
    v128.store(v + at, square);
    if (mean) {
      const average = movingMean(v128.load(mean + at), kept, gradient, added);
      v128.store(mean + at, average);
      // A variance, which rounding alone makes negative.
      square = f32x4.pmax(f32x4.sub(square, f32x4.mul(average, average)), f32x4.splat(0));
    }
    let step = f32x4.div(f32x4.mul(gradient, down), rootWith(square, <f32>epsilon, epsilonOutside));
    if (velocity) {
      step = flushTiny(multiplyAdd(v128.load(velocity + at), keptVelocity, step));
      v128.store(velocity + at, step);
    }
    v128.store(w + at, f32x4.add(v128.load(w + at), step));
  }
}

/** √(x + ε), or √x + ε. */
export function rootWith(x: v128, epsilon: f32, outside: i32): v128 {
  const small = f32x4.splat(epsilon);
  return outside ? f32x4.add(f32x4.sqrt(x), small) : f32x4.sqrt(f32x4.add(x, small));
}
