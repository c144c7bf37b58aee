/** A learning rate that depends on the step: a number, data of `schedules`, or a function of the step, which no file can hold. */
export type LearningRate = number | Schedule | LearningRateFunction;

/** The learning rate of a step, counted from 0: a finite number, not negative. The same bits everywhere are up to the function. */
export type LearningRateFunction = (step: number) => number;

/** A schedule of the learning rate, as data. Made by `schedules`. */
export type Schedule = { [K in ScheduleName]: { readonly kind: K } & ScheduleOptions[K] }[ScheduleName];

export type ScheduleName = keyof ScheduleOptions;

export interface ScheduleOptions {
  readonly piecewiseConstant: PiecewiseConstantOptions;
  readonly stepDecay: StepDecayOptions;
  readonly exponentialDecay: DecayOptions;
  readonly inverseTimeDecay: DecayOptions;
  readonly polynomialDecay: PolynomialDecayOptions;
  readonly cosineDecay: CosineDecayOptions;
  readonly cosineDecayRestarts: CosineDecayRestartsOptions;
  readonly oneCycle: OneCycleOptions;
  readonly warmUp: WarmUpOptions;
}

export interface PiecewiseConstantOptions {
  /** Steps, rising: up to and with each of them its value holds. */
  readonly boundaries: readonly number[];
  /** One more than boundaries: the last holds for ever. */
  readonly values: readonly number[];
}

export interface StepDecayOptions {
  readonly initialLearningRate: number;
  /** After so many steps, and again after as many. */
  readonly decaySteps: number;
  /** What the rate is multiplied by each time. Positive; default 0.1. */
  readonly decayRate?: number;
}

export interface DecayOptions {
  readonly initialLearningRate: number;
  readonly decaySteps: number;
  /** Positive. */
  readonly decayRate: number;
  /** Whether the rate changes only every `decaySteps` steps. Default false. */
  readonly staircase?: boolean;
}

export interface PolynomialDecayOptions {
  readonly initialLearningRate: number;
  readonly decaySteps: number;
  /** Not negative. Default 0.0001. */
  readonly endLearningRate?: number;
  /** Positive; 1 is a straight line. Default 1. */
  readonly power?: number;
  /** Whether to rise again behind the end, each time to a later end, instead of staying there. Default false. */
  readonly cycle?: boolean;
}

export interface CosineDecayOptions {
  /** Where it starts; with `warmupTarget` not negative. */
  readonly initialLearningRate: number;
  /** Without those of warming up. */
  readonly decaySteps: number;
  /** The share of the rate that is left in the end, in [0, 1]. Default 0. */
  readonly alpha?: number;
  /** Where a straight line leads to first, from `initialLearningRate`; the decay starts there. Default: none. */
  readonly warmupTarget?: number;
  /** How many steps that takes. Default 0. */
  readonly warmupSteps?: number;
}

export interface CosineDecayRestartsOptions {
  readonly initialLearningRate: number;
  /** Of the first period. */
  readonly firstDecaySteps: number;
  /** How much longer each period is than the last: at least 1. Default 2. */
  readonly tMul?: number;
  /** How much higher each period starts than the last. Positive; default 1. */
  readonly mMul?: number;
  /** The share of the initial rate that is left at each period's end, in [0, 1]. Default 0. */
  readonly alpha?: number;
}

export interface OneCycleOptions {
  /** The highest. */
  readonly maxLearningRate: number;
  /** Of the whole cycle; behind it the last rate stays. At least 2. */
  readonly totalSteps: number;
  /** The share of steps in which the rate rises, in [0, 1]. Default 0.3. */
  readonly risingShare?: number;
  /** Along a cosine, or a straight line. Default 'cosine'. */
  readonly anneal?: 'cosine' | 'linear';
  /** The first rate is the highest divided by this. Positive; default 25. */
  readonly startDivisor?: number;
  /** The last rate is the first divided by this. Positive; default 10,000. */
  readonly endDivisor?: number;
}

export interface WarmUpOptions {
  /** What follows, from its own step 0 on. */
  readonly learningRate: LearningRate;
  /** How long a straight line leads to where that begins. */
  readonly steps: number;
  /** Where the line starts. Not negative; default 0. */
  readonly initialLearningRate?: number;
}
