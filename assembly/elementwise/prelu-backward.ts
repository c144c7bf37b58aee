import { lastQuadMask } from '../math/lanes';
import { multiplyAdd } from '../math/multiply-add';

/** As in the products' gradients: sums over rows go in blocks of so many. */
const blockRows = 256;

/**
 * The gradients of prelu(), from its input x: dx += dy ⊙ (x > 0 ? 1 : alpha), dalpha += Σ dy ⊙ min(x, 0) over all elements that
 * share a value, in the order of rows, in blocks of 256. dx or dalpha may be 0: not wanted.
 */
export function preluBackward(
  x: usize,
  alpha: usize,
  dy: usize,
  dx: usize,
  dalpha: usize,
  steps: i32,
  batch: i32,
  features: i32,
  alphaStep: i32,
  shared: i32,
): void {
  const quads = (features + 3) >> 2;
  const rowBytes = (<usize>quads) << 4;
  // The rows that have a row of alpha in common: those of a step, or all of them.
  const groups = alphaStep ? steps : 1;
  const rows = alphaStep ? batch : steps * batch;
  for (let group = 0; group < groups; group++) {
    for (let row = 0; row < rows; row += blockRows) {
      const block = min(rows - row, blockRows);
      for (let quad = 0; quad < quads; quad++) {
        const lanes = quad + 1 < quads ? i32x4.splat(-1) : lastQuadMask(features);
        const offset: usize = quad << 4;
        const slope = shared ? v128.load32_splat(alpha) : v128.load(alpha + offset);
        let sum = f32x4.splat(0);
        for (let r = 0; r < block; r++) {
          const at = <usize>r * rowBytes + offset;
          const value = v128.load(x + at);
          const gradient = v128.and(v128.load(dy + at), lanes);
          sum = multiplyAdd(gradient, f32x4.pmin(v128.and(value, lanes), f32x4.splat(0)), sum);
          if (dx) {
            const slopes = v128.bitselect(f32x4.splat(1), slope, f32x4.gt(value, f32x4.splat(0)));
            const total = multiplyAdd(gradient, slopes, v128.load(dx + at));
            v128.store(dx + at, v128.and(total, lanes));
          }
        }
        if (dalpha) addTo(dalpha + offset, sum, shared, dalpha);
      }
      x += <usize>block * rowBytes;
      dy += <usize>block * rowBytes;
      if (dx) dx += <usize>block * rowBytes;
    }
    alpha += alphaStep;
    if (dalpha) dalpha += alphaStep;
  }
}

function addTo(target: usize, sum: v128, shared: i32, first: usize): void {
  if (!shared) {
    v128.store(target, f32x4.add(v128.load(target), sum));
    return;
  }
  const halves = f32x4.add(sum, v128.shuffle<f32>(sum, sum, 2, 3, 0, 1));
  store<f32>(first, load<f32>(first) + f32x4.extract_lane(halves, 0) + f32x4.extract_lane(halves, 1));
}
