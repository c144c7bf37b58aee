import {
  flag,
  listOf,
  mismatch,
  nonNegative,
  number,
  oneOf,
  optional,
  refuse,
  share,
  type Reader,
} from '../../options/options.js';
import { nonNegativeFloat, positiveFloat } from '../optimizers/positive-float.js';
import { cosineDecay, cosineDecayRestarts, oneCycle } from './cosine.js';
import { exponentialDecay, inverseTimeDecay, piecewiseConstant, polynomialDecay } from './decay.js';
import type { Functions } from './functions.js';
import type { ScheduleName, ScheduleOptions } from './schedule-options.js';

/** Those that stand by themselves: warmUp is one around another. */
export type PlainName = Exclude<ScheduleName, 'warmUp'>;

/** How a kind of schedule is read, and what its rate is. */
interface Definition<Options> {
  readonly readers: { readonly [K in keyof Required<Options>]: Reader<unknown> };
  /** What readers of single options do not see. */
  readonly check?: (options: Required<Options>, where: string) => void;
  /** `options` are complete: readers put defaults in. */
  readonly rate: (options: Required<Options>, step: number, functions: Functions) => number;
}

const atLeastOne: Reader<number> = number('a number of at least 1', (n) => n >= 1 && n < Infinity);

/** Not whole ones alone: they may be worked out from epochs. */
const steps = atLeastOne;

const decayReaders = {
  initialLearningRate: positiveFloat,
  decaySteps: steps,
  decayRate: positiveFloat,
  staircase: optional(flag, false),
};

export const scheduleTable: { readonly [K in PlainName]: Definition<ScheduleOptions[K]> } = {
  piecewiseConstant: {
    readers: { boundaries: some(listOf(nonNegative)), values: some(listOf(nonNegativeFloat)) },
    check: ({ boundaries, values }, where) => {
      if (boundaries.some((boundary, i) => boundary <= (boundaries[i - 1] ?? -1))) {
        refuse(`${where}: boundaries`, 'rising steps', boundaries);
      }
      if (values.length === boundaries.length + 1) return;
      mismatch(`${where}: values`, `${boundaries.length + 1}, one more than boundaries`, values.length);
    },
    rate: piecewiseConstant,
  },
  stepDecay: {
    readers: { initialLearningRate: positiveFloat, decaySteps: steps, decayRate: optional(positiveFloat, 0.1) },
    rate: (options, step, functions) => exponentialDecay({ ...options, staircase: true }, step, functions),
  },
  exponentialDecay: { readers: decayReaders, rate: exponentialDecay },
  inverseTimeDecay: { readers: decayReaders, rate: inverseTimeDecay },
  polynomialDecay: {
    readers: {
      initialLearningRate: positiveFloat,
      decaySteps: steps,
      endLearningRate: optional(nonNegativeFloat, 0.0001),
      power: optional(positiveFloat, 1),
      cycle: optional(flag, false),
    },
    rate: polynomialDecay,
  },
  cosineDecay: {
    readers: {
      initialLearningRate: nonNegativeFloat,
      decaySteps: steps,
      alpha: optional(share, 0),
      warmupTarget: optional(positiveFloat, undefined),
      warmupSteps: optional(nonNegative, 0),
    },
    rate: cosineDecay,
  },
  cosineDecayRestarts: {
    readers: {
      initialLearningRate: positiveFloat,
      firstDecaySteps: steps,
      tMul: optional(atLeastOne, 2),
      mMul: optional(positiveFloat, 1),
      alpha: optional(share, 0),
    },
    rate: cosineDecayRestarts,
  },
  oneCycle: {
    readers: {
      maxLearningRate: positiveFloat,
      totalSteps: number('a number of at least 2', (n) => n >= 2 && n < Infinity),
      risingShare: optional(share, 0.3),
      anneal: optional(oneOf(['cosine', 'linear']), 'cosine'),
      startDivisor: optional(positiveFloat, 25),
      endDivisor: optional(positiveFloat, 1e4),
    },
    rate: oneCycle,
  },
};

/** At least one. */
function some<T>(reader: Reader<T[]>): Reader<T[]> {
  return (value, where) => {
    const list = reader(value, where);
    return list.length > 0 ? list : refuse(where, 'at least one', value);
  };
}
