import { expQuads } from '../math/exp';
import { clearPadding } from './activations';

/**
 * Softmax over time: of each feature of each batch row of x [steps, B, F] → y, in place allowed. Steps that mask [steps, B]
 * leaves out (0 = no mask) are 0. The sum goes from step to step, in turn.
 */
export function softmaxOverTime(x: usize, y: usize, mask: usize, steps: i32, batch: i32, features: i32): void {
  const quads = (features + 3) >> 2;
  const stepBytes = (<usize>(batch * quads)) << 4;
  const bytes = <usize>steps * stepBytes;
  if (steps == 0) return;
  for (let b = 0; b < batch; b++) {
    for (let quad = 0; quad < quads; quad++) {
      const offset = (<usize>(b * quads + quad)) << 4;
      const end = bytes + offset;
      let top = f32x4.splat(-Infinity);
      let lane = mask + ((<usize>b) << 2);
      for (let i = offset; i < end; i += stepBytes) {
        const value = v128.bitselect(v128.load(x + i), f32x4.splat(-Infinity), stepLanes(mask, lane));
        v128.store(y + i, value);
        top = f32x4.pmax(top, value);
        lane += (<usize>batch) << 2;
      }
      for (let i = offset; i < end; i += stepBytes) v128.store(y + i, f32x4.sub(v128.load(y + i), top));
      expQuads(y + offset, steps, stepBytes, i32x4.splat(0));
      let sum = f32x4.splat(0);
      for (let i = offset; i < end; i += stepBytes) sum = f32x4.add(sum, v128.load(y + i));
      lane = mask + ((<usize>b) << 2);
      for (let i = offset; i < end; i += stepBytes) {
        // Masked steps are 0 already, unless all of them are.
        v128.store(y + i, v128.and(f32x4.div(v128.load(y + i), sum), stepLanes(mask, lane)));
        lane += (<usize>batch) << 2;
      }
    }
  }
  clearPadding(y, steps * batch, features);
}

/** Ones where the step takes part. */
function stepLanes(mask: usize, lane: usize): v128 {
  return mask ? f32x4.ne(v128.load32_splat(lane), f32x4.splat(0)) : i32x4.splat(-1);
}
