import { lastQuadMask } from '../math/lanes';
import { multiplyAdd } from '../math/multiply-add';
import { groupSum } from './group-normalization';

/**
 * The gradients of groupNormalization(), from its input x and the moments it left. With x̂ = (x − μ)·s, g = dy ⊙ gamma, and means
 * over all of a group:
 *   dx += s · (g − mean g − x̂ · mean(g ⊙ x̂)),   dgamma += Σ dy ⊙ x̂,   dbeta += Σ dy
 * gamma, dgamma and dbeta may be 0. Sums are float64 over the steps of a batch row, and added up row by row.
 */
export function groupNormalizationBackward(
  x: usize,
  gamma: usize,
  dy: usize,
  dx: usize,
  dgamma: usize,
  dbeta: usize,
  moments: usize,
  steps: i32,
  batch: i32,
  features: i32,
  groups: i32,
): void {
  if (steps == 0) return;
  const rowBytes = (<usize>((features + 3) >> 2)) << 4;
  const stepBytes = <usize>batch * rowBytes;
  const end = <usize>steps * stepBytes;
  const lanes = lastQuadMask(features);
  const sums = moments + 2 * stepBytes;
  const sumsAlong = sums + 2 * rowBytes;
  const width = features / groups;
  const n = <f64>width * <f64>steps;
  for (let b = 0; b < batch; b++) {
    const mean = moments + 2 * <usize>b * rowBytes;
    const scale = mean + rowBytes;
    for (let i: usize = 0; i < (<usize>features) << 2; i += 4) {
      let sum: f64 = 0;
      let along: f64 = 0;
      for (let at = i; at < end; at += stepBytes) {
        const gradient = <f64>load<f32>(dy + at);
        sum += gradient;
        along += gradient * <f64>(load<f32>(x + at) - load<f32>(mean + i));
      }
      along *= <f64>load<f32>(scale + i);
      if (dbeta) store<f32>(dbeta + i, load<f32>(dbeta + i) + <f32>sum);
      if (dgamma) store<f32>(dgamma + i, load<f32>(dgamma + i) + <f32>along);
      const gain: f64 = gamma ? load<f32>(gamma + i) : 1;
      store<f64>(sums + 2 * i, sum * gain);
      store<f64>(sumsAlong + 2 * i, along * gain);
    }
    for (let group = 0; group < groups; group++) {
      const meanGradient = f32x4.splat(<f32>(groupSum(sums, group, width) / n));
      const meanAlong = f32x4.splat(<f32>(groupSum(sumsAlong, group, width) / n));
      const from = (<usize>(group * width)) << 2;
      const to = from + ((<usize>width) << 2);
      // The quads that hold a feature of this group; of their lanes only the group's own are written.
      for (let i = from & ~15; i < to; i += 16) {
        const own = laneRange(i, from, to);
        const center = v128.load(mean + i);
        const scales = v128.load(scale + i);
        const gain = gamma ? v128.load(gamma + i) : f32x4.splat(1);
        for (let at = i; at < end; at += stepBytes) {
          const normal = f32x4.mul(f32x4.sub(v128.load(x + at), center), scales);
          const inner = f32x4.mul(v128.load(dy + at), gain);
          const rest = f32x4.sub(f32x4.sub(inner, meanGradient), f32x4.mul(normal, meanAlong));
          v128.store(dx + at, multiplyAdd(v128.and(rest, own), scales, v128.load(dx + at)));
        }
      }
    }
    for (let at = rowBytes - 16; at < end; at += stepBytes) v128.store(dx + at, v128.and(v128.load(dx + at), lanes));
    x += rowBytes;
    dy += rowBytes;
    dx += rowBytes;
  }
}

/** Ones in the lanes of the quad at byte i whose bytes lie in [from, to). */
function laneRange(i: usize, from: usize, to: usize): v128 {
  const at = i32x4.add(i32x4.splat(<i32>i), i32x4(0, 4, 8, 12));
  return v128.and(i32x4.ge_s(at, i32x4.splat(<i32>from)), i32x4.lt_s(at, i32x4.splat(<i32>to)));
}
