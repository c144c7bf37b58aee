import type { Functions } from './functions.js';
import type { DecayOptions, PiecewiseConstantOptions, PolynomialDecayOptions } from './schedule-options.js';

/** Rates of a step, counted from 0, by schedules that fall along a simple curve. Options are complete. */

export function piecewiseConstant({ boundaries, values }: PiecewiseConstantOptions, step: number): number {
  const index = boundaries.findIndex((boundary) => step <= boundary);
  return values.at(index) ?? 0;
}

export function exponentialDecay(options: Required<DecayOptions>, step: number, { power }: Functions): number {
  return options.initialLearningRate * power(options.decayRate, progress(options, step));
}

export function inverseTimeDecay(options: Required<DecayOptions>, step: number): number {
  return options.initialLearningRate / (1 + options.decayRate * progress(options, step));
}

function progress({ decaySteps, staircase }: Required<DecayOptions>, step: number): number {
  return staircase ? Math.floor(step / decaySteps) : step / decaySteps;
}

export function polynomialDecay(options: Required<PolynomialDecayOptions>, step: number, { power }: Functions): number {
  const { initialLearningRate, decaySteps, endLearningRate, cycle } = options;
  const end = cycle ? decaySteps * Math.max(1, Math.ceil(step / decaySteps)) : decaySteps;
  const left = 1 - Math.min(step, end) / end;
  return (initialLearningRate - endLearningRate) * power(left, options.power) + endLearningRate;
}
