import { lastQuadMask, sumOfLanes } from '../math/lanes';
import { multiplyAdd } from '../math/multiply-add';
import { rowMean, rowScale } from './layer-normalization';

/** As in the products' gradients: sums over rows go in blocks of so many. */
const blockRows = 256;

/**
 * The gradients of layerNormalization(), from its input x. With s = 1 / √(σ² + ε), x̂ = (x − μ)·s and g = dy ⊙ gamma:
 *   dx += s · (g − mean g − x̂ · mean(g ⊙ x̂)),   dgamma += Σ dy ⊙ x̂,   dbeta += Σ dy
 * dgamma and dbeta may be 0: not wanted. scratch: two rows.
 */
export function layerNormalizationBackward(
  x: usize,
  gamma: usize,
  dy: usize,
  dx: usize,
  dgamma: usize,
  dbeta: usize,
  scratch: usize,
  rows: i32,
  features: i32,
  epsilon: f32,
): void {
  const bytes = (<usize>((features + 3) >> 2)) << 4;
  const lanes = lastQuadMask(features);
  const count = f32x4.splat(<f32>features);
  memory.fill(scratch, 0, 2 * bytes);
  for (let row = 0; row < rows; row++) {
    const mean = rowMean(x, bytes, features);
    const scale = rowScale(x, mean, bytes, features, epsilon);
    let sum = f32x4.splat(0);
    let along = f32x4.splat(0);
    for (let i: usize = 0; i < bytes; i += 16) {
      const trueLanes = i + 16 < bytes ? i32x4.splat(-1) : lanes;
      const gradient = v128.and(v128.load(dy + i), trueLanes);
      const normal = v128.and(f32x4.mul(f32x4.sub(v128.load(x + i), mean), scale), trueLanes);
      v128.store(scratch + i, multiplyAdd(gradient, normal, v128.load(scratch + i)));
      v128.store(scratch + bytes + i, f32x4.add(v128.load(scratch + bytes + i), gradient));
      const inner = gamma ? f32x4.mul(gradient, v128.and(v128.load(gamma + i), trueLanes)) : gradient;
      sum = f32x4.add(sum, inner);
      along = multiplyAdd(inner, normal, along);
    }
    sum = f32x4.div(sumOfLanes(sum), count);
    along = f32x4.div(sumOfLanes(along), count);
    for (let i: usize = 0; i < bytes; i += 16) {
      const gradient = v128.load(dy + i);
      const inner = gamma ? f32x4.mul(gradient, v128.load(gamma + i)) : gradient;
      const normal = f32x4.mul(f32x4.sub(v128.load(x + i), mean), scale);
      const rest = f32x4.sub(f32x4.sub(inner, sum), f32x4.mul(normal, along));
      v128.store(dx + i, multiplyAdd(rest, scale, v128.load(dx + i)));
    }
    v128.store(dx + bytes - 16, v128.and(v128.load(dx + bytes - 16), lanes));
    x += bytes;
    dy += bytes;
    dx += bytes;
    if ((row + 1) % blockRows == 0 || row + 1 == rows) {
      if (dgamma) addRow(dgamma, scratch, bytes);
      if (dbeta) addRow(dbeta, scratch + bytes, bytes);
      memory.fill(scratch, 0, 2 * bytes);
    }
  }
}

function addRow(target: usize, source: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 16)
    v128.store(target + i, f32x4.add(v128.load(target + i), v128.load(source + i)));
}
