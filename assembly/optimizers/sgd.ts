import { flushTiny } from '../math/lanes';
import { multiplyAdd } from '../math/multiply-add';

/**
 * Gradient descent on a block of count weights (a multiple of four), as Keras's SGD:
 *   v ← momentum · v − learningRate · g,   w ← w + v
 *   nesterov = 1, with the new v:          w ← w + momentum · v − learningRate · g
 *   velocity = 0, no momentum:             w ← w − learningRate · g
 * Velocities are flushed: left alone, one whose gradient stays 0 decays to a subnormal number, which rounding then
 * keeps from ever becoming 0, and slows every step from there on.
 */
export function sgd(
  w: usize,
  g: usize,
  velocity: usize,
  count: i32,
  learningRate: f64,
  momentum: f64,
  nesterov: i32,
): void {
  const down = f32x4.splat(<f32>-learningRate);
  const kept = f32x4.splat(<f32>momentum);
  const bytes = (<usize>count) << 2;
  if (velocity == 0) {
    for (let at: usize = 0; at < bytes; at += 16) {
      v128.store(w + at, multiplyAdd(v128.load(g + at), down, v128.load(w + at)));
    }
    return;
  }
  for (let at: usize = 0; at < bytes; at += 16) {
    const step = f32x4.mul(v128.load(g + at), down);
    const v = flushTiny(multiplyAdd(v128.load(velocity + at), kept, step));
    v128.store(velocity + at, v);
    v128.store(w + at, f32x4.add(v128.load(w + at), nesterov ? multiplyAdd(v, kept, step) : v));
  }
}
