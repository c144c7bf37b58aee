import { lastQuadMask } from '../math/lanes';

/**
 * PReLU: y = x, below 0 alpha ⊙ x (He et al. 2015), for x, y [steps, B, F], in place allowed.
 * alpha: rows of its own, the one of step t at alpha + t · alphaStep bytes; 0: all steps share one. shared = 1: a row holds one
 * value for all features. So Keras's shapes [T, F], [1, F], [T, 1] and [1, 1] are all there.
 */
export function prelu(
  x: usize,
  alpha: usize,
  y: usize,
  steps: i32,
  batch: i32,
  features: i32,
  alphaStep: i32,
  shared: i32,
): void {
  const rowBytes = (<usize>((features + 3) >> 2)) << 4;
  for (let t = 0; t < steps; t++) {
    for (let b = 0; b < batch; b++) {
      for (let i: usize = 0; i < rowBytes; i += 16) {
        const value = v128.load(x + i);
        const slope = shared ? v128.load32_splat(alpha) : v128.load(alpha + i);
        v128.store(y + i, v128.bitselect(f32x4.mul(value, slope), value, f32x4.lt(value, f32x4.splat(0))));
      }
      const last = y + rowBytes - 16;
      v128.store(last, v128.and(v128.load(last), lastQuadMask(features)));
      x += rowBytes;
      y += rowBytes;
    }
    alpha += alphaStep;
  }
}
