import { clearPadding } from './activations';
import { multiplyAdd } from '../math/multiply-add';

/** dx += y ⊙ (dy − Σ_t dy·y) for y = softmaxOverTime(x) [steps, B, F]. */
export function softmaxOverTimeBackward(y: usize, dy: usize, dx: usize, steps: i32, batch: i32, features: i32): void {
  const stepBytes = (<usize>(batch * ((features + 3) >> 2))) << 4;
  const bytes = <usize>steps * stepBytes;
  for (let offset: usize = 0; offset < stepBytes; offset += 16) {
    const end = bytes + offset;
    let sum = f32x4.splat(0);
    for (let i = offset; i < end; i += stepBytes) sum = multiplyAdd(v128.load(dy + i), v128.load(y + i), sum);
    for (let i = offset; i < end; i += stepBytes) {
      const slope = f32x4.sub(v128.load(dy + i), sum);
      v128.store(dx + i, multiplyAdd(v128.load(y + i), slope, v128.load(dx + i)));
    }
  }
  clearPadding(dx, steps * batch, features);
}
