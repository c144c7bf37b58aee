import { multiplyAdd } from '../math/multiply-add';
import { productGradientInto } from '../products/product-backward';
import { gather, groupOffset } from './product-grouped';

/** Sums over rows go in blocks of so many, as in ../products/product-backward.ts. */
const blockRows = 256;

/**
 * dw [K, N] += the gradient of grouped weights (./product-grouped.ts), dw[k, n] += Σ_r x[r, group(n)·K + k] · dy[r, n], for
 * x [rows, G·K], dy [rows, N]. dw's rows are quad(N) wide, their padding lanes of no use. `inputs` is K.
 */
export function productGroupedGradient(
  x: usize,
  xStride: i32,
  dy: usize,
  dyStride: i32,
  dw: usize,
  rows: i32,
  inputs: i32,
  outputs: i32,
  groups: i32,
): void {
  const quads = (outputs + 3) >> 2;
  const ofGroup = outputs / groups;
  if ((ofGroup & 3) == 0) {
    for (let n = 0; n < outputs; n += ofGroup) {
      productGradientInto(x, xStride, dy, dyStride, dw, quads << 4, rows, inputs, ofGroup);
      x += (<usize>inputs) << 2;
      dy += (<usize>ofGroup) << 2;
      dw += (<usize>ofGroup) << 2;
    }
    return;
  }
  for (; rows > 0; rows -= blockRows) {
    const block = min(rows, blockRows);
    if (ofGroup == 1 && inputs == 1) {
      for (let quad = 0; quad < quads; quad += 4) {
        const column = (<usize>quad) << 4;
        depthwiseGradient(x + column, xStride, dy + column, dyStride, dw + column, block, quads - 1 - quad);
      }
    } else {
      for (let quad = 0; quad < quads; quad++) {
        const column = (<usize>quad) << 4;
        const first = groupOffset(quad << 2, outputs, ofGroup, inputs);
        for (let k = 0; k < inputs; k++) {
          gatheredGradient(
            x + first + ((<usize>k) << 2),
            xStride,
            groupOffset((quad << 2) + 1, outputs, ofGroup, inputs) - first,
            groupOffset((quad << 2) + 2, outputs, ofGroup, inputs) - first,
            groupOffset((quad << 2) + 3, outputs, ofGroup, inputs) - first,
            dy + column,
            dyStride,
            dw + column + ((<usize>(k * quads)) << 4),
            block,
          );
        }
      }
    }
    x += <usize>blockRows * xStride;
    dy += <usize>blockRows * dyStride;
  }
}

/** Four quads of outputs with one input each, over one block of rows. Quads past the last are taken as the last. */
function depthwiseGradient(
  x: usize,
  xStride: usize,
  dy: usize,
  dyStride: usize,
  dw: usize,
  rows: i32,
  lastQuad: i32,
): void {
  const b = (<usize>min(1, lastQuad)) << 4;
  const c = (<usize>min(2, lastQuad)) << 4;
  const d = (<usize>min(3, lastQuad)) << 4;
  let sumA = f32x4.splat(0);
  let sumB = f32x4.splat(0);
  let sumC = f32x4.splat(0);
  let sumD = f32x4.splat(0);
  do {
    sumA = multiplyAdd(v128.load(x), v128.load(dy), sumA);
    sumB = multiplyAdd(v128.load(x + b), v128.load(dy + b), sumB);
    sumC = multiplyAdd(v128.load(x + c), v128.load(dy + c), sumC);
    sumD = multiplyAdd(v128.load(x + d), v128.load(dy + d), sumD);
    x += xStride;
    dy += dyStride;
  } while (--rows);
  v128.store(dw, f32x4.add(v128.load(dw), sumA));
  if (b) v128.store(dw + b, f32x4.add(v128.load(dw + b), sumB));
  if (c > b) v128.store(dw + c, f32x4.add(v128.load(dw + c), sumC));
  if (d > c) v128.store(dw + d, f32x4.add(v128.load(dw + d), sumD));
}

/** A quad of outputs with one input each, loaded one by one, so many bytes behind the first one's; over one block of rows. */
function gatheredGradient(
  x: usize,
  xStride: usize,
  second: usize,
  third: usize,
  fourth: usize,
  dy: usize,
  dyStride: usize,
  dw: usize,
  rows: i32,
): void {
  let sum = f32x4.splat(0);
  do {
    sum = multiplyAdd(gather(x, second, third, fourth), v128.load(dy), sum);
    x += xStride;
    dy += dyStride;
  } while (--rows);
  v128.store(dw, f32x4.add(v128.load(dw), sum));
}
