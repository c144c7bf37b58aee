import type {
  CosineDecayOptions,
  CosineDecayRestartsOptions,
  DecayOptions,
  OneCycleOptions,
  PiecewiseConstantOptions,
  PolynomialDecayOptions,
  Schedule,
  StepDecayOptions,
  WarmUpOptions,
} from './schedule-options.js';

/**
 * Learning rates that depend on the step t, counted from 0 (with gradient accumulation: on the batch, as in Keras):
 * `optimizers.adam({ learningRate: schedules.cosineDecay({ initialLearningRate: 0.01, decaySteps: 1000 }) })`. Names, arithmetic and
 * defaults are those of keras.optimizers.schedules, where nothing else is said; in float64.
 */
export const schedules = {
  /** values[0] while t ≤ boundaries[0], then values[1] while t ≤ boundaries[1], and so on. */
  piecewiseConstant: (options: PiecewiseConstantOptions): Schedule => ({ kind: 'piecewiseConstant', ...options }),
  /** initial · decayRate ^ ⌊t / decaySteps⌋: PyTorch's StepLR. */
  stepDecay: (options: StepDecayOptions): Schedule => ({ kind: 'stepDecay', ...options }),
  /** initial · decayRate ^ (t / decaySteps). */
  exponentialDecay: (options: DecayOptions): Schedule => ({ kind: 'exponentialDecay', ...options }),
  /** initial / (1 + decayRate · t / decaySteps). */
  inverseTimeDecay: (options: DecayOptions): Schedule => ({ kind: 'inverseTimeDecay', ...options }),
  /** end + (initial − end) · (1 − t / decaySteps) ^ power, until t = decaySteps. */
  polynomialDecay: (options: PolynomialDecayOptions): Schedule => ({ kind: 'polynomialDecay', ...options }),
  /** initial · (α + (1 − α) · ½ (1 + cos(π t / decaySteps))), until t = decaySteps (Loshchilov & Hutter 2017). */
  cosineDecay: (options: CosineDecayOptions): Schedule => ({ kind: 'cosineDecay', ...options }),
  /** The same, over and over: each period tMul times as long as the one before, and starting from mMul times as much. */
  cosineDecayRestarts: (options: CosineDecayRestartsOptions): Schedule => ({ kind: 'cosineDecayRestarts', ...options }),
  /** Up to the highest rate, and down to almost nothing (Smith & Topin 2018): PyTorch's OneCycleLR. */
  oneCycle: (options: OneCycleOptions): Schedule => ({ kind: 'oneCycle', ...options }),
  /** A straight line up to where another schedule, or a rate that stays, begins. */
  warmUp: (options: WarmUpOptions): Schedule => ({ kind: 'warmUp', ...options }),
};
