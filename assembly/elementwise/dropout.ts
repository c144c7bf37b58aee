import { lastQuadMask } from '../math/lanes';
import { M0, M1, W0, W1, highHalves, lowHalves, unitInterval } from '../random/philox';

/**
 * Dropout (Srivastava et al. 2014, scaled while training, as in Keras): an element stays with probability 1 − rate.
 *   y ← x · keep / (1 − rate); accumulate = 1: y ← y + x · keep / (1 − rate). The gradient's way back is the same call
 * on dy. x and y [steps, batch, features] with padded rows, y may be x; indices [batch], i32: the row's sample in the
 * data set. Element (t, b, f) stays if word f mod 4 of Philox, key (seed, stream), counter (epoch, indices[b], t,
 * ⌊f/4⌋), as a number in [0, 1) is at least rate. So the choice does not depend on how samples are gathered into
 * batches.
 *
 * Philox runs for the same quad of four rows side by side, a row's counter in each lane; behind the last row lanes are
 * idle (and read the 16 bytes behind indices). One counter at a time took twice as long, four quads of one row up to
 * four times.
 */
export function dropout(
  x: usize,
  y: usize,
  batch: i32,
  steps: i32,
  features: i32,
  rate: f32,
  seed: i32,
  stream: i32,
  epoch: i32,
  indices: usize,
  accumulate: i32,
): void {
  const threshold = f32x4.splat(rate);
  const factor = f32x4.splat(<f32>1.0 / (<f32>1.0 - rate));
  const lastLanes = lastQuadMask(features);
  const m0 = i32x4.splat(M0);
  const m1 = i32x4.splat(M1);
  const w0 = i32x4.splat(W0);
  const w1 = i32x4.splat(W1);
  const quads = (features + 3) >> 2;
  const stride = (<usize>quads) << 4;
  for (let t = 0; t < steps; t++) {
    for (let quad = 0; quad < quads; quad++) {
      const trueLanes = quad + 1 < quads ? i32x4.splat(-1) : lastLanes;
      let at = <usize>(t * batch) * stride + ((<usize>quad) << 4);
      for (let b = 0; b < batch; b += 4) {
        let c0 = i32x4.splat(epoch);
        let c1 = v128.load(indices + ((<usize>b) << 2));
        let c2 = i32x4.splat(t);
        let c3 = i32x4.splat(quad);
        let k0 = i32x4.splat(seed);
        let k1 = i32x4.splat(stream);
        for (let round = 0; round < 10; round++) {
          const left0 = i64x2.extmul_low_i32x4_u(c0, m0);
          const left1 = i64x2.extmul_high_i32x4_u(c0, m0);
          const right0 = i64x2.extmul_low_i32x4_u(c2, m1);
          const right1 = i64x2.extmul_high_i32x4_u(c2, m1);
          c0 = v128.xor(v128.xor(highHalves(right0, right1), c1), k0);
          c1 = lowHalves(right0, right1);
          c2 = v128.xor(v128.xor(highHalves(left0, left1), c3), k1);
          c3 = lowHalves(left0, left1);
          k0 = i32x4.add(k0, w0);
          k1 = i32x4.add(k1, w1);
        }
        // Transposed, the four words of each row's counter lie side by side: one for each feature of the quad.
        const rows01Of01 = i32x4.shuffle(c0, c1, 0, 4, 1, 5);
        const rows23Of01 = i32x4.shuffle(c0, c1, 2, 6, 3, 7);
        const rows01Of23 = i32x4.shuffle(c2, c3, 0, 4, 1, 5);
        const rows23Of23 = i32x4.shuffle(c2, c3, 2, 6, 3, 7);
        let words = i64x2.shuffle(rows01Of01, rows01Of23, 0, 2);
        let second = i64x2.shuffle(rows01Of01, rows01Of23, 1, 3);
        let third = i64x2.shuffle(rows23Of01, rows23Of23, 0, 2);
        const fourth = i64x2.shuffle(rows23Of01, rows23Of23, 1, 3);
        const end = min(b + 4, batch);
        for (let row = b; row < end; row++) {
          const keep = v128.and(f32x4.ge(unitInterval(words), threshold), trueLanes);
          const kept = v128.and(f32x4.mul(v128.load(x + at), factor), keep);
          v128.store(y + at, accumulate ? f32x4.add(v128.load(y + at), kept) : kept);
          words = second;
          second = third;
          third = fourth;
          at += stride;
        }
      }
    }
  }
}
