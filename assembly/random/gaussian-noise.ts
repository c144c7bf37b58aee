import { clearPadding } from '../elementwise/activations';
import { normalQuantile, probabilityOf } from './normal';
import { randomWords } from './philox';

/**
 * GaussianNoise: y = x + deviation · z, z standard normal, for x, y [steps, B, F] with padded rows, y may be x. The z of element
 * (t, b, f) is the normal quantile of word f mod 4 of Philox, key (seed, stream), counter (epoch, indices[b], t, ⌊f/4⌋), as
 * dropout() counts them. indices [B], i32. The way back is the identity.
 */
export function gaussianNoise(
  x: usize,
  y: usize,
  batch: i32,
  steps: i32,
  features: i32,
  deviation: f64,
  seed: i32,
  stream: i32,
  epoch: i32,
  indices: usize,
): void {
  const rowBytes = (<usize>((features + 3) >> 2)) << 4;
  let row = y;
  for (let t = 0; t < steps; t++) {
    for (let b = 0; b < batch; b++) {
      const index = load<i32>(indices + ((<usize>b) << 2));
      let words = i32x4.splat(0);
      for (let f = 0; f < features; f++) {
        // The word of each feature in turn comes to the front.
        if (f & 3) words = v128.shuffle<i32>(words, words, 1, 2, 3, 0);
        else words = randomWords(seed, stream, epoch, index, t, f >> 2);
        const noise = deviation * normalQuantile(probabilityOf(i32x4.extract_lane(words, 0)));
        const at = (<usize>f) << 2;
        store<f32>(row + at, load<f32>(x + at) + <f32>noise);
      }
      x += rowBytes;
      row += rowBytes;
    }
  }
  clearPadding(y, steps * batch, features);
}
