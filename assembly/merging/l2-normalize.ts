import { clearPadding } from '../elementwise/activations';
import { lastQuadMask, sumOfLanes } from '../math/lanes';
import { multiplyAdd } from '../math/multiply-add';

/** Keras's keras.ops.normalize: a vector's length counts as at least 1e-7, so that a zero vector stays one. */
const LEAST_SQUARE: f32 = 1e-14;

/**
 * y = x / max(|x|, 1e-7) for x, y [steps, B, F], in place allowed: each row by its length, or with overTime = 1 each feature of
 * each batch row by its length over the steps. Squares are summed quad by quad, a row's lanes then as (0 + 2) + (1 + 3), and
 * over time in turn.
 */
export function l2Normalize(x: usize, y: usize, steps: i32, batch: i32, features: i32, overTime: i32): void {
  const rowBytes = (<usize>((features + 3) >> 2)) << 4;
  const stepBytes = <usize>batch * rowBytes;
  const vectors = overTime ? stepBytes >> 4 : <usize>(steps * batch);
  const next: usize = overTime ? 16 : rowBytes;
  const stride: usize = overTime ? stepBytes : 16;
  const bytes = overTime ? <usize>steps * stepBytes : rowBytes;
  const lanes = overTime ? i32x4.splat(-1) : lastQuadMask(features);
  let from = x;
  let to = y;
  for (let vector: usize = 0; vector < vectors; vector++) {
    const scale = inverseLength(from, bytes, stride, lanes, overTime);
    for (let i: usize = 0; i < bytes; i += stride) v128.store(to + i, f32x4.mul(v128.load(from + i), scale));
    from += next;
    to += next;
  }
  clearPadding(y, steps * batch, features);
}

/** 1 / max(|x|, 1e-7) of one vector, whose quads lie stride apart: in every lane its own, or all four together. */
export function inverseLength(x: usize, bytes: usize, stride: usize, lastLanes: v128, apart: i32): v128 {
  let sum = f32x4.splat(0);
  for (let i: usize = 0; i < bytes; i += stride) {
    let value = v128.load(x + i);
    if (i + stride >= bytes) value = v128.and(value, lastLanes);
    sum = multiplyAdd(value, value, sum);
  }
  if (!apart) sum = sumOfLanes(sum);
  return f32x4.div(f32x4.splat(1), f32x4.sqrt(f32x4.pmax(sum, f32x4.splat(LEAST_SQUARE))));
}
