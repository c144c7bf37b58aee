import type { Functions } from './functions.js';
import type { CosineDecayOptions, CosineDecayRestartsOptions, OneCycleOptions } from './schedule-options.js';

/** Rates of a step, counted from 0, by schedules that follow a cosine. Options are complete. */

type CosineDecay = Required<Omit<CosineDecayOptions, 'warmupTarget'>> & { readonly warmupTarget: number | undefined };

export function cosineDecay(options: CosineDecay, step: number, { cosine }: Functions): number {
  const { initialLearningRate, decaySteps, alpha, warmupTarget, warmupSteps } = options;
  if (warmupTarget !== undefined && step < warmupSteps) {
    return initialLearningRate + ((warmupTarget - initialLearningRate) * step) / warmupSteps;
  }
  const from = warmupTarget === undefined ? 0 : warmupSteps;
  const part = Math.min(step - from, decaySteps) / decaySteps;
  return (warmupTarget ?? initialLearningRate) * (alpha + (1 - alpha) * fallingWave(part, cosine));
}

/**
 * The period is found by counting, not by Keras's logarithm, whose rounding may end a period one step late.
 */
export function cosineDecayRestarts(
  options: Required<CosineDecayRestartsOptions>,
  step: number,
  { cosine, power }: Functions,
): number {
  const { initialLearningRate, firstDecaySteps, tMul, mMul, alpha } = options;
  let [period, start, length] = [0, 0, firstDecaySteps];
  if (tMul === 1) {
    period = Math.floor(step / length);
    start = period * length;
  }
  while (step >= start + length) {
    start += length;
    length *= tMul;
    period++;
  }
  const height = power(mMul, period) * fallingWave((step - start) / length, cosine);
  return initialLearningRate * (alpha + (1 - alpha) * height);
}

export function oneCycle(options: Required<OneCycleOptions>, step: number, { cosine }: Functions): number {
  const { maxLearningRate, totalSteps, risingShare, anneal, startDivisor, endDivisor } = options;
  const first = maxLearningRate / startDivisor;
  const [top, last] = [risingShare * totalSteps - 1, totalSteps - 1];
  const between = (from: number, to: number, part: number): number =>
    anneal === 'linear' ? from + (to - from) * part : to + (from - to) * fallingWave(part, cosine);
  if (step < top) return between(first, maxLearningRate, step / top);
  // Where hardly any step rises, the first one is already behind the top.
  const from = Math.max(top, 0);
  if (from >= last) return step > last ? first / endDivisor : maxLearningRate;
  return between(maxLearningRate, first / endDivisor, (Math.min(step, last) - from) / (last - from));
}

/** From 1 at 0 to 0 at 1: half a wave. */
function fallingWave(part: number, cosine: Functions['cosine']): number {
  return 0.5 * (1 + cosine(Math.PI * part));
}
