import { clearPadding } from '../elementwise/activations';
import { lastQuadMask, sumOfLanes } from '../math/lanes';
import { multiplyAdd } from '../math/multiply-add';
import { inverseLength } from './l2-normalize';

/**
 * dx += (dy − y · Σ dy·y) / |x| for y = l2Normalize(x); where the length counted as 1e-7 it was a constant, and dx += dy / 1e-7.
 */
export function l2NormalizeBackward(
  x: usize,
  y: usize,
  dy: usize,
  dx: usize,
  steps: i32,
  batch: i32,
  features: i32,
  overTime: i32,
): void {
  const rowBytes = (<usize>((features + 3) >> 2)) << 4;
  const stepBytes = <usize>batch * rowBytes;
  const vectors = overTime ? stepBytes >> 4 : <usize>(steps * batch);
  const next: usize = overTime ? 16 : rowBytes;
  const stride: usize = overTime ? stepBytes : 16;
  const bytes = overTime ? <usize>steps * stepBytes : rowBytes;
  const lanes = overTime ? i32x4.splat(-1) : lastQuadMask(features);
  const dxStart = dx;
  for (let vector: usize = 0; vector < vectors; vector++) {
    const scale = inverseLength(x, bytes, stride, lanes, overTime);
    let along = f32x4.splat(0);
    for (let i: usize = 0; i < bytes; i += stride) {
      let product = f32x4.mul(v128.load(dy + i), v128.load(y + i));
      if (i + stride >= bytes) product = v128.and(product, lanes);
      along = f32x4.add(along, product);
    }
    if (!overTime) along = sumOfLanes(along);
    along = v128.and(along, f32x4.lt(scale, f32x4.splat(1e7)));
    for (let i: usize = 0; i < bytes; i += stride) {
      const rest = f32x4.sub(v128.load(dy + i), f32x4.mul(v128.load(y + i), along));
      v128.store(dx + i, multiplyAdd(rest, scale, v128.load(dx + i)));
    }
    x += next;
    y += next;
    dy += next;
    dx += next;
  }
  clearPadding(dxStart, steps * batch, features);
}
