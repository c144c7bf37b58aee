import { flushTiny } from '../math/lanes';
import { multiplyAdd } from '../math/multiply-add';

/*
 * What optimizers keep of gradients: exponential moving averages, four weights at once. A kept value that decays would become subnormal,
 * which is slow: it is flushed before.
 */

/** kept · average + added · value */
export function movingMean(average: v128, kept: v128, value: v128, added: v128): v128 {
  return flushTiny(multiplyAdd(average, kept, f32x4.mul(value, added)));
}

/** kept · average + added · value². Flushed only where it is subnormal: it is a square, whose root counts down to ε. */
export function movingMeanSquare(average: v128, kept: v128, value: v128, added: v128): v128 {
  return flushSubnormal(multiplyAdd(average, kept, f32x4.mul(f32x4.mul(value, value), added)));
}

/** Positive numbers below 2⁻¹²⁶ become 0; NaN is kept. */
function flushSubnormal(x: v128): v128 {
  return v128.andnot(x, f32x4.lt(x, f32x4.splat(reinterpret<f32>(0x00800000))));
}
