import { rootWith } from './rmsprop';

/**
 * Adagrad on a block of count weights (a multiple of four): Duchi et al. 2011.
 *   a ← a + g²,   w ← w − learningRate · g / √(a + ε) (Keras, TF.js), or with epsilonOutside = 1 … / (√a + ε) (PyTorch)
 * accumulator: a, which begins as Keras's initialAccumulatorValue.
 */
export function adagrad(
  w: usize,
  g: usize,
  accumulator: usize,
  count: i32,
  learningRate: f64,
  epsilon: f64,
  epsilonOutside: i32,
): void {
  const down = f32x4.splat(<f32>-learningRate);
  const bytes = (<usize>count) << 2;
  for (let at: usize = 0; at < bytes; at += 16) {
    const gradient = v128.load(g + at);
    const sum = f32x4.add(v128.load(accumulator + at), f32x4.mul(gradient, gradient));
    v128.store(accumulator + at, sum);
    const step = f32x4.div(f32x4.mul(gradient, down), rootWith(sum, <f32>epsilon, epsilonOutside));
    v128.store(w + at, f32x4.add(v128.load(w + at), step));
  }
}
