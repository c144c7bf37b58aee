import { addLanes, addSquares } from '../losses/rows';
import { multiplyAdd } from '../math/multiply-add';

/** l1 · Σ |w| + l2 · Σ w², in float64, for count floats, a multiple of four (rows whose padding is 0 add nothing by it). */
export function penalty(w: usize, count: i32, l1: f64, l2: f64): f64 {
  let magnitudes = f64x2.splat(0.0);
  let squares = f64x2.splat(0.0);
  const end = w + ((<usize>count) << 2);
  for (; w < end; w += 16) {
    const weights = v128.load(w);
    magnitudes = addLanes(magnitudes, f32x4.abs(weights));
    squares = addSquares(squares, weights);
  }
  const sum = f64x2.add(f64x2.mul(magnitudes, f64x2.splat(l1)), f64x2.mul(squares, f64x2.splat(l2)));
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/** g += l1 · sign(w) + 2 · l2 · w: the gradient of penalty(). sign(0) = 0. */
export function penaltyGradient(w: usize, g: usize, count: i32, l1: f64, l2: f64): void {
  const first = f32x4.splat(<f32>l1);
  const second = f32x4.splat(<f32>(2.0 * l2));
  const end = g + ((<usize>count) << 2);
  for (; g < end; g += 16) {
    const weights = v128.load(w);
    const sign = v128.and(weights, f32x4.splat(-0.0));
    const signed = v128.or(v128.and(first, f32x4.ne(weights, f32x4.splat(0))), sign);
    v128.store(g, f32x4.add(v128.load(g), multiplyAdd(weights, second, signed)));
    w += 16;
  }
}
