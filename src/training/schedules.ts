import {
  fields,
  finite,
  flag,
  mismatch,
  nonNegative,
  nonNegativeInteger,
  oneOf,
  optional,
  positive,
  positiveInteger,
  refuse,
  share,
  type Reader,
} from '../options/options.js';
import type { TrainingKernels } from '../kernels/generated/kernels.js';

interface DecayOptions {
  readonly initialLearningRate: number;
  readonly decaySteps: number;
  readonly decayRate: number;
  readonly staircase?: boolean;
}

/** A learning rate that goes by the number of steps, as data; made by `schedules`. */
export type Schedule =
  | { readonly kind: 'piecewiseConstant'; readonly boundaries: readonly number[]; readonly values: readonly number[] }
  | ({ readonly kind: 'exponentialDecay' | 'inverseTimeDecay' } & DecayOptions)
  | {
      readonly kind: 'polynomialDecay';
      readonly initialLearningRate: number;
      readonly decaySteps: number;
      readonly endLearningRate?: number;
      readonly power?: number;
      readonly cycle?: boolean;
    }
  | {
      readonly kind: 'cosineDecay';
      readonly initialLearningRate: number;
      readonly decaySteps: number;
      readonly alpha?: number;
      readonly warmupTarget?: number;
      readonly warmupSteps?: number;
    }
  | {
      readonly kind: 'cosineDecayRestarts';
      readonly initialLearningRate: number;
      readonly firstDecaySteps: number;
      readonly tMul?: number;
      readonly mMul?: number;
      readonly alpha?: number;
    }
  | {
      readonly kind: 'oneCycle';
      readonly maxLearningRate: number;
      readonly totalSteps: number;
      readonly warmupShare?: number;
      readonly divFactor?: number;
      readonly finalDivFactor?: number;
    }
  | {
      readonly kind: 'warmUp';
      readonly warmupSteps: number;
      readonly learningRate: LearningRate;
      readonly from?: number;
    };

/** What optimizers take as `learningRate`: a number, a schedule, or a function of the step, the first of which is 0. */
export type LearningRate = number | Schedule | ((step: number) => number);

type OptionsOf<K extends Schedule['kind']> = Omit<Extract<Schedule, { readonly kind: K }>, 'kind'>;

/** Schedules by Keras's names: `optimizers.adam({ learningRate: schedules.cosineDecay({ initialLearningRate: 0.01, decaySteps: 1000 }) })`. */
export const schedules = {
  /** values[i] up to and with step boundaries[i], then the next; one value more than boundaries. As `keras.…PiecewiseConstantDecay`. */
  piecewiseConstant: (options: OptionsOf<'piecewiseConstant'>): Schedule => ({ kind: 'piecewiseConstant', ...options }),
  /** initialLearningRate · decayRate^(step / decaySteps); `staircase`: of whole numbers of decaySteps. As `keras.…ExponentialDecay`. */
  exponentialDecay: (options: DecayOptions): Schedule => ({
    kind: 'exponentialDecay',
    ...options,
  }),
  /** initialLearningRate / (1 + decayRate · step / decaySteps). As `keras.…InverseTimeDecay`. */
  inverseTimeDecay: (options: DecayOptions): Schedule => ({
    kind: 'inverseTimeDecay',
    ...options,
  }),
  /**
   * From initialLearningRate to endLearningRate (default 1e-4) in decaySteps, as (1 − step / decaySteps)^power (default 1); `cycle`: over
   * and over, longer each time. As `keras.…PolynomialDecay`.
   */
  polynomialDecay: (options: OptionsOf<'polynomialDecay'>): Schedule => ({ kind: 'polynomialDecay', ...options }),
  /**
   * Half a cosine from initialLearningRate to its share alpha (default 0) in decaySteps; before that, with `warmupTarget`, warmupSteps in
   * a line to that, from which it then decays. As `keras.…CosineDecay`.
   */
  cosineDecay: (options: OptionsOf<'cosineDecay'>): Schedule => ({ kind: 'cosineDecay', ...options }),
  /**
   * Half cosines one behind the other (Loshchilov & Hutter 2017), each tMul (default 2) times as long and mMul (default 1) times as high as
   * the one before. As `keras.…CosineDecayRestarts`.
   */
  cosineDecayRestarts: (options: OptionsOf<'cosineDecayRestarts'>): Schedule => ({
    kind: 'cosineDecayRestarts',
    ...options,
  }),
  /**
   * Up to maxLearningRate from its divFactor-th part (default 25) in the warmupShare (default 0.3) of totalSteps, then down to the
   * finalDivFactor-th part (default 1e4) of where it began, both by half cosines (Smith & Topin 2018). As PyTorch's OneCycleLR.
   */
  oneCycle: (options: OptionsOf<'oneCycle'>): Schedule => ({ kind: 'oneCycle', ...options }),
  /** In a line from `from` (default 0) to where the other one begins, in warmupSteps; then that one. */
  warmUp: (options: OptionsOf<'warmUp'>): Schedule => ({ kind: 'warmUp', ...options }),
};

/** The rate at a step, with float64 functions of the module, so that it is the same everywhere. */
export type RateAt = (kernels: TrainingKernels, step: number) => number;

/** @throws TypeError for an option that is unknown, lacking or out of range. */
export function readSchedule(given: unknown, where: string): RateAt {
  if (typeof given === 'number') return () => nonNegative(given, where);
  if (typeof given === 'function') {
    return (_kernels, step) => nonNegative((given as (step: number) => unknown)(step), `${where}: at step ${step}`);
  }
  if (typeof given !== 'object' || given === null || !('kind' in given)) {
    refuse(where, 'a positive number, a schedule, or a function of the step', given);
  }
  const { kind, ...options } = given;
  const known = oneOf(Object.keys(readers) as Schedule['kind'][])(kind, `${where}: kind`);
  return readers[known](options, `${where} ${known}`);
}

const numbers: Reader<readonly number[]> = (value, where) =>
  Array.isArray(value)
    ? value.map((item: unknown, i) => nonNegative(item, `${where}[${i}]`))
    : refuse(where, 'numbers', value);

const decay = {
  initialLearningRate: positive,
  decaySteps: positiveInteger,
  decayRate: positive,
  staircase: optional(flag, false),
};

const readers: Readonly<Record<Schedule['kind'], (options: unknown, where: string) => RateAt>> = {
  piecewiseConstant: (options, where) => {
    const { boundaries, values } = fields(options, where, { boundaries: numbers, values: numbers });
    if (values.length !== boundaries.length + 1)
      mismatch(`${where}: values`, `${boundaries.length + 1} of them`, values.length);
    if (boundaries.some((step, i) => i > 0 && step <= (boundaries[i - 1] ?? 0)))
      refuse(`${where}: boundaries`, 'rising steps', boundaries);
    return (_kernels, step) => {
      const passed = boundaries.filter((boundary) => step > boundary).length;
      return values[passed] ?? 0;
    };
  },
  exponentialDecay: (options, where) => {
    const { initialLearningRate, decaySteps, decayRate, staircase } = fields(options, where, decay);
    return (kernels, step) => {
      const exponent = staircase ? Math.floor(step / decaySteps) : step / decaySteps;
      return initialLearningRate * power(kernels, decayRate, exponent);
    };
  },
  inverseTimeDecay: (options, where) => {
    const { initialLearningRate, decaySteps, decayRate, staircase } = fields(options, where, decay);
    return (_kernels, step) => {
      const times = staircase ? Math.floor(step / decaySteps) : step / decaySteps;
      return initialLearningRate / (1 + decayRate * times);
    };
  },
  polynomialDecay: (options, where) => {
    const read = fields(options, where, {
      initialLearningRate: positive,
      decaySteps: positiveInteger,
      endLearningRate: optional(nonNegative, 1e-4),
      power: optional(positive, 1),
      cycle: optional(flag, false),
    });
    const { initialLearningRate, decaySteps, endLearningRate, cycle } = read;
    return (kernels, step) => {
      const length = cycle ? decaySteps * Math.max(1, Math.ceil(step / decaySteps)) : decaySteps;
      const left = 1 - (cycle ? step : Math.min(step, decaySteps)) / length;
      return (initialLearningRate - endLearningRate) * power(kernels, left, read.power) + endLearningRate;
    };
  },
  cosineDecay: (options, where) => {
    const read = fields(options, where, {
      initialLearningRate: nonNegative,
      decaySteps: positiveInteger,
      alpha: optional(share, 0),
      warmupTarget: optional(positive, undefined),
      warmupSteps: optional(nonNegativeInteger, 0),
    });
    const { initialLearningRate, decaySteps, alpha, warmupTarget, warmupSteps } = read;
    const [top, warming] = [warmupTarget ?? initialLearningRate, warmupTarget === undefined ? 0 : warmupSteps];
    return (kernels, step) => {
      if (step < warming) return initialLearningRate + ((top - initialLearningRate) * step) / warming;
      return top * ((1 - alpha) * halfCosine(kernels, Math.min(1, (step - warming) / decaySteps)) + alpha);
    };
  },
  cosineDecayRestarts: (options, where) => {
    const { initialLearningRate, firstDecaySteps, tMul, mMul, alpha } = fields(options, where, {
      initialLearningRate: positive,
      firstDecaySteps: positiveInteger,
      tMul: optional(positive, 2),
      mMul: optional(positive, 1),
      alpha: optional(share, 0),
    });
    if (tMul < 1) mismatch(`${where}: tMul`, 'a number of at least 1', tMul);
    return (kernels, step) => {
      let [begin, length, height] = [0, firstDecaySteps, 1];
      while (step >= begin + length) [begin, length, height] = [begin + length, length * tMul, height * mMul];
      return initialLearningRate * ((1 - alpha) * height * halfCosine(kernels, (step - begin) / length) + alpha);
    };
  },
  oneCycle: (options, where) => {
    const { maxLearningRate, totalSteps, warmupShare, divFactor, finalDivFactor } = fields(options, where, {
      maxLearningRate: positive,
      totalSteps: positiveInteger,
      warmupShare: optional(share, 0.3),
      divFactor: optional(positive, 25),
      finalDivFactor: optional(positive, 1e4),
    });
    const [first, last] = [maxLearningRate / divFactor, maxLearningRate / divFactor / finalDivFactor];
    const turn = warmupShare * totalSteps - 1;
    return (kernels, step) => {
      if (step <= turn)
        return maxLearningRate + (first - maxLearningRate) * halfCosine(kernels, turn === 0 ? 1 : step / turn);
      const share = Math.min(1, (step - turn) / (totalSteps - 1 - turn));
      return last + (maxLearningRate - last) * halfCosine(kernels, share);
    };
  },
  warmUp: (options, where) => {
    const read = fields(options, where, {
      warmupSteps: positiveInteger,
      learningRate: (value: unknown, at: string) => readSchedule(value, at),
      from: optional(finite, 0),
    });
    const { warmupSteps, learningRate } = read;
    const from = nonNegative(read.from, `${where}: from`);
    return (kernels, step) => {
      const target = learningRate(kernels, Math.max(0, step - warmupSteps));
      return step < warmupSteps ? from + ((target - from) * step) / warmupSteps : target;
    };
  },
};

/** From 1 to 0 as the share goes from 0 to 1. */
function halfCosine(kernels: TrainingKernels, share: number): number {
  return 0.5 * (1 + kernels.cosine(Math.PI * share));
}

function power(kernels: TrainingKernels, base: number, exponent: number): number {
  if (base === 0) return exponent === 0 ? 1 : 0;
  return exponent === 1 ? base : kernels.exponential(exponent * kernels.logarithm(base));
}
