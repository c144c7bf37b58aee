/**
 * Connectionist temporal classification as it is defined (Graves et al. 2006, section 3), over all paths there are:
 *   loss = −ln Σ Π p(π_t), summed over the paths π whose classes, equal ones side by side made one and blanks left out, are the labels
 *   gradient by the logits: p_t(k) − the share of these paths' probability that goes through k at t
 * The mean over the sequences, [batch, time, classes] and lists of labels. Masked steps are not there.
 */
import type { Loss } from './loss-reduction.js';
import { zerosLike, type Mask, type Tensor } from './tensor.js';

export interface CtcConfig {
  readonly blank?: number;
  readonly mask?: Mask;
  /** One for each sequence. */
  readonly weights?: readonly number[];
}

export function ctc(
  { blank = 0, mask, weights }: CtcConfig,
  prediction: Tensor,
  labels: readonly (readonly number[])[],
): Loss {
  const [batch, time, classes] = prediction.shape;
  const gradient = zerosLike(prediction);
  let value = 0;
  for (let b = 0; b < batch; b++) {
    const steps = Array.from({ length: time }, (_, t) => t).filter((t) => mask?.[b][t] ?? true);
    const p = steps.map((t) =>
      softmax(prediction.data.subarray((b * time + t) * classes, (b * time + t + 1) * classes)),
    );
    const shares = p.map((row) => row.map(() => 0));
    let whole = 0;
    for (const path of pathsOf(steps.length, classes)) {
      if (read(path, blank).join() !== labels[b].join()) continue;
      const probability = path.reduce((product, k, t) => product * p[t][k], 1);
      whole += probability;
      path.forEach((k, t) => (shares[t][k] += probability));
    }
    const factor = (weights?.[b] ?? 1) / batch;
    value -= factor * Math.log(whole);
    steps.forEach((t, i) => {
      for (let k = 0; k < classes; k++) {
        gradient.data[(b * time + t) * classes + k] = factor * (p[i][k] - shares[i][k] / whole);
      }
    });
  }
  return { value, gradient };
}

function softmax(logits: Float64Array): number[] {
  const powers = Array.from(logits, Math.exp);
  const total = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / total);
}

function pathsOf(time: number, classes: number): number[][] {
  if (time === 0) return [[]];
  return pathsOf(time - 1, classes).flatMap((path) => Array.from({ length: classes }, (_, k) => [...path, k]));
}

function read(path: readonly number[], blank: number): number[] {
  return path.filter((k, t) => k !== blank && k !== path[t - 1]);
}
