import { multiplyAdd } from '../math/multiply-add';
import { movingMean, movingMeanSquare } from './moments';

/**
 * Adam on a block of count weights (a multiple of four): Kingma & Ba 2015.
 *   m ← β₁ m + (1 − β₁) g,   v ← β₂ v + (1 − β₂) g²
 *   epsilonHat = 0, their Algorithm 1 (PyTorch, TF.js):  w ← w − learningRate · (m / c₁) / (√(v / c₂) + ε)
 *   epsilonHat = 1, the end of their section 2 (Keras):  w ← w − learningRate · (√c₂ / c₁) · m / (√v + ε)
 * greatest, where not 0: v̂ ← max(v̂, v), and v̂ stands for v below it: AMSGrad (Reddi et al. 2018).
 * correction1, correction2: c = 1 − βᵗ at step t. What is the same for all weights is worked out in float64.
 * m and v are flushed, as sgd's velocity is, v only where it is subnormal: it is a square, and √v counts down to ε.
 */
export function adam(
  w: usize,
  g: usize,
  m: usize,
  v: usize,
  greatest: usize,
  count: i32,
  learningRate: f64,
  beta1: f64,
  beta2: f64,
  epsilon: f64,
  correction1: f64,
  correction2: f64,
  epsilonHat: i32,
): void {
  const rootOfCorrection2 = sqrt(correction2);
  const step = f32x4.splat(
    <f32>(epsilonHat ? (-learningRate * rootOfCorrection2) / correction1 : -learningRate / correction1),
  );
  const rootScale = f32x4.splat(<f32>(epsilonHat ? 1.0 : 1.0 / rootOfCorrection2));
  const floor = f32x4.splat(<f32>epsilon);
  const kept1 = f32x4.splat(<f32>beta1);
  const kept2 = f32x4.splat(<f32>beta2);
  const new1 = f32x4.splat(<f32>(1.0 - beta1));
  const new2 = f32x4.splat(<f32>(1.0 - beta2));
  const bytes = (<usize>count) << 2;
  for (let at: usize = 0; at < bytes; at += 16) {
    const gradient = v128.load(g + at);
    const mean = movingMean(v128.load(m + at), kept1, gradient, new1);
    let square = movingMeanSquare(v128.load(v + at), kept2, gradient, new2);
    v128.store(m + at, mean);
    v128.store(v + at, square);
    if (greatest) {
      square = f32x4.pmax(square, v128.load(greatest + at));
      v128.store(greatest + at, square);
    }
    const divisor = multiplyAdd(f32x4.sqrt(square), rootScale, floor);
    v128.store(w + at, f32x4.add(v128.load(w + at), f32x4.div(f32x4.mul(mean, step), divisor)));
  }
}
