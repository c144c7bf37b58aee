import { clearPadding } from '../elementwise/activations';
import { multiplyAdd } from '../math/multiply-add';

/** target += factor · source, for so many floats, a multiple of 4: gradients of sums (1), differences (−1) and means (1/n). */
export function addScaled(source: usize, target: usize, count: i32, factor: f32): void {
  const factors = f32x4.splat(factor);
  const end = target + ((<usize>count) << 2);
  for (; target < end; target += 16) {
    v128.store(target, multiplyAdd(v128.load(source), factors, v128.load(target)));
    source += 16;
  }
}

/**
 * target[r] += a[r] ⊙ b[r mod bRows] for rows of [rows, features]: the gradient of a factor, dy times the other factors. b is a
 * tensor of its own, a mask [B, F], or with bRows = 1 one scale for all rows.
 */
export function addProduct(a: usize, b: usize, target: usize, rows: i32, features: i32, bRows: i32): void {
  const bytes = (<usize>((features + 3) >> 2)) << 4;
  const end = target + <usize>rows * bytes;
  const bBytes = <usize>bRows * bytes;
  let at: usize = 0;
  for (let i = target; i < end; i += 16) {
    v128.store(i, multiplyAdd(v128.load(a), v128.load(b + at), v128.load(i)));
    a += 16;
    at = at + 16 < bBytes ? at + 16 : 0;
  }
  clearPadding(target, rows, features);
}

/**
 * The gradient of a maximum or minimum y goes to the first input that equals it: for one input x after the other,
 * dx += left and left = 0 where x = y. left, of so many floats, a multiple of 4, begins as a copy of dy.
 */
export function extremumBackward(x: usize, y: usize, left: usize, dx: usize, count: i32): void {
  const end = dx + ((<usize>count) << 2);
  for (; dx < end; dx += 16) {
    const isSource = f32x4.eq(v128.load(x), v128.load(y));
    const gradient = v128.load(left);
    v128.store(dx, f32x4.add(v128.load(dx), v128.and(gradient, isSource)));
    v128.store(left, v128.andnot(gradient, isSource));
    x += 16;
    y += 16;
    left += 16;
  }
}
