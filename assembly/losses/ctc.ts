import { clearPadding } from '../elementwise/activations';
import { addFloat, gradientFactor, weightOf } from './rows';

/**
 * Connectionist temporal classification (Graves et al. 2006): −ln of the probability that a sequence reads as its labels, when equal
 * classes side by side are one and blanks nothing. Forwards and backwards in float64 logarithms; p = softmax(x) of each step.
 *   slope by x at step t: p − Σ over the states of its class of the share that goes through them
 *   result[0] = Σ weight · loss,   gradient += scale · weight · slope / result[1], where countRows has left what counts
 * prediction, gradient [steps, batch, classes] with padded rows; target [labels, batch], dense: class numbers, behind the last of a
 * sequence `blank` or less than 0. weights [batch] or 0; mask [steps, batch] or 0: masked steps are passed over. gradient 0: none is
 * wanted. work: 8 bytes for each of (steps + 2) · (2 labels + 1) + steps numbers. Labels that do not fit into the steps have an
 * infinite loss.
 */
export function ctc(
  prediction: usize,
  target: usize,
  gradient: usize,
  weights: usize,
  mask: usize,
  steps: i32,
  batch: i32,
  classes: i32,
  labels: i32,
  blank: i32,
  scale: f64,
  work: usize,
  result: usize,
): void {
  const factor = gradientFactor(scale, result, 1);
  const rowBytes: usize = ((classes + 3) >> 2) << 4;
  const stateBytes = (<usize>(2 * labels + 1)) << 3;
  const logSums = work;
  const later = logSums + ((<usize>steps) << 3);
  const forward = later + 2 * stateBytes;
  let losses: f64 = 0;
  for (let b = 0; b < batch; b++) {
    const weight = <f64>weightOf(weights, b);
    if (weight == 0) continue;
    const states = 2 * lengthOf(target, b, batch, labels, blank) + 1;
    // The last step whose forward row is there; −1: none yet.
    let last = -1;
    for (let t = 0; t < steps; t++) {
      const row = t * batch + b;
      if (weightOf(mask, row) == 0) continue;
      const x = prediction + <usize>row * rowBytes;
      const logSum = logSumOf(x, classes);
      storeAt(logSums, t, logSum);
      const here = forward + <usize>t * stateBytes;
      const before = forward + <usize>last * stateBytes;
      for (let s = 0; s < states; s++) {
        const label = labelOf(target, b, batch, s, blank);
        let reached: f64;
        if (last < 0) reached = s < 2 ? 0 : -Infinity;
        else {
          reached = loadAt(before, s);
          if (s > 0) reached = logAdd(reached, loadAt(before, s - 1));
          if (skips(target, b, batch, s, blank)) reached = logAdd(reached, loadAt(before, s - 2));
        }
        storeAt(here, s, reached + logOf(x, label, logSum));
      }
      last = t;
    }
    let whole: f64 = states == 1 ? 0 : -Infinity;
    if (last >= 0) {
      const end = forward + <usize>last * stateBytes;
      whole = loadAt(end, states - 1);
      if (states > 1) whole = logAdd(whole, loadAt(end, states - 2));
    }
    losses -= weight * whole;
    if (!gradient) continue;

    let following = -1;
    let nearer = later;
    let farther = later + stateBytes;
    for (let t = last; t >= 0; t--) {
      const row = t * batch + b;
      if (weightOf(mask, row) == 0) continue;
      const x = prediction + <usize>row * rowBytes;
      const dx = gradient + <usize>row * rowBytes;
      const here = forward + <usize>t * stateBytes;
      const next = prediction + <usize>(following * batch + b) * rowBytes;
      for (let c = 0; c < classes; c++) {
        addFloat(dx + ((<usize>c) << 2), factor * weight * NativeMath.exp(logOf(x, c, loadAt(logSums, t))));
      }
      for (let s = 0; s < states; s++) {
        const label = labelOf(target, b, batch, s, blank);
        let left: f64;
        if (following < 0) left = s >= states - 2 ? 0 : -Infinity;
        else {
          // What is to come, from each state that may follow.
          const logSum = loadAt(logSums, following);
          left = loadAt(farther, s) + logOf(next, label, logSum);
          for (let n = s + 1; n <= s + 2 && n < states; n++) {
            if (n == s + 2 && !skips(target, b, batch, n, blank)) continue;
            left = logAdd(left, loadAt(farther, n) + logOf(next, labelOf(target, b, batch, n, blank), logSum));
          }
        }
        storeAt(nearer, s, left);
        const share = NativeMath.exp(loadAt(here, s) + left - whole);
        addFloat(dx + ((<usize>label) << 2), -factor * weight * share);
      }
      following = t;
      const swapped = nearer;
      nearer = farther;
      farther = swapped;
    }
  }
  if (gradient) clearPadding(gradient, steps * batch, classes);
  store<f64>(result, losses);
}

/** How many labels a sequence has. */
function lengthOf(target: usize, b: i32, batch: i32, labels: i32, blank: i32): i32 {
  let length = 0;
  while (length < labels) {
    const label = <i32>load<f32>(target + ((<usize>(length * batch + b)) << 2));
    if (label == blank || label < 0) break;
    length++;
  }
  return length;
}

/** States are a blank, the first label, a blank, the second … and a blank. */
function labelOf(target: usize, b: i32, batch: i32, state: i32, blank: i32): i32 {
  return state & 1 ? <i32>load<f32>(target + ((<usize>((state >> 1) * batch + b)) << 2)) : blank;
}

/** Whether a state may follow the last but one: a label that differs from the one before. */
function skips(target: usize, b: i32, batch: i32, state: i32, blank: i32): bool {
  if (state < 2 || !(state & 1)) return false;
  return labelOf(target, b, batch, state, blank) != labelOf(target, b, batch, state - 2, blank);
}

function logSumOf(x: usize, classes: i32): f64 {
  let top = -Infinity;
  for (let c = 0; c < classes; c++) top = max(top, <f64>load<f32>(x + ((<usize>c) << 2)));
  let sum: f64 = 0;
  for (let c = 0; c < classes; c++) sum += NativeMath.exp(<f64>load<f32>(x + ((<usize>c) << 2)) - top);
  return top + NativeMath.log(sum);
}

/** ln p of a class. */
function logOf(x: usize, label: i32, logSum: f64): f64 {
  return <f64>load<f32>(x + ((<usize>label) << 2)) - logSum;
}

/** ln(eᵃ + eᵇ) */
function logAdd(a: f64, b: f64): f64 {
  if (a == -Infinity) return b;
  if (b == -Infinity) return a;
  return max(a, b) + NativeMath.log1p(NativeMath.exp(-abs(a - b)));
}

function loadAt(numbers: usize, i: i32): f64 {
  return load<f64>(numbers + ((<usize>i) << 3));
}

function storeAt(numbers: usize, i: i32, value: f64): void {
  store<f64>(numbers + ((<usize>i) << 3), value);
}
