import {
  finite,
  flag,
  mismatch,
  nonNegative,
  nonNegativeInteger,
  optional,
  positive,
  refuse,
  share,
  text,
  type Reader,
} from '../options/options.js';
import type { CustomMeasure, LossName, LossOptions, NoOptions } from './loss-options.js';
import { add, multiply } from '../plan/size.js';
import { operandsOf, ownerOf, type Errors, type Mean } from './measures.js';

/** How a kind of loss is read and emitted. */
interface Definition<Options> {
  readonly readers: { readonly [K in keyof Required<Options>]: Reader<Required<Options>[K]> };
  /** `options` are complete: readers put defaults in. */
  readonly make: (options: Required<Options>) => Mean;
}

type Table = { readonly [K in LossName]: Definition<LossOptions[K]> };

const crossentropy = { fromLogits: optional(flag, false), labelSmoothing: optional(share, 0) };
const focal = { ...crossentropy, gamma: optional(nonNegative, 2), alpha: optional(share, 0.25) };

export const buildReader: Reader<CustomMeasure['build']> = (value, where) =>
  typeof value === 'function' ? (value as CustomMeasure['build']) : refuse(where, 'a function', value);

const wholeNumber: Reader<number> = (value, where) =>
  Number.isSafeInteger(value) ? finite(value, where) : refuse(where, 'an integer', value);

/** Codes of assembly/losses/element-errors.ts. */
const codes = {
  squared: 0,
  squaredLogarithmic: 1,
  squaredHinge: 2,
  absolute: 3,
  percentage: 4,
  huber: 5,
  logCosh: 6,
  poisson: 7,
  divergence: 8,
  hinge: 9,
  quantile: 10,
  binary: 11,
  binaryLogits: 12,
  focal: 13,
  focalLogits: 14,
  value: 15,
};

/** All of them. */
export const lossTable: Table = {
  meanSquaredError: elementary('meanSquaredError', 'squared'),
  meanAbsoluteError: elementary('meanAbsoluteError', 'absolute'),
  meanAbsolutePercentageError: elementary('meanAbsolutePercentageError', 'percentage'),
  meanSquaredLogarithmicError: elementary('meanSquaredLogarithmicError', 'squaredLogarithmic'),
  huber: {
    readers: { delta: optional(positive, 1) },
    make: ({ delta }) => ofElements('huber', 'huber', { first: delta }),
  },
  logCosh: elementary('logCosh', 'logCosh'),
  quantile: {
    readers: { quantile: optional(share, 0.5) },
    make: ({ quantile }) => ofElements('quantile', 'quantile', { first: quantile }),
  },
  poisson: elementary('poisson', 'poisson'),
  klDivergence: {
    readers: {},
    make: () => ofElements('klDivergence', 'divergence', { isSum: true }),
  },
  hinge: elementary('hinge', 'hinge'),
  squaredHinge: elementary('squaredHinge', 'squaredHinge'),
  categoricalHinge: { readers: {}, make: () => rowLoss('categoricalHinge', 'categoricalHinge') },
  cosineSimilarity: { readers: {}, make: () => rowLoss('cosineSimilarity', 'cosineSimilarity') },
  binaryCrossentropy: {
    readers: crossentropy,
    make: ({ fromLogits, labelSmoothing: smoothing }) =>
      ofElements('binaryCrossentropy', fromLogits ? 'binaryLogits' : 'binary', { smoothing }),
  },
  binaryFocalCrossentropy: {
    readers: { ...focal, applyClassBalancing: optional(flag, false) },
    make: ({ fromLogits, labelSmoothing: smoothing, gamma, alpha, applyClassBalancing }) => {
      const second = applyClassBalancing ? alpha : -1;
      const code = fromLogits ? 'focalLogits' : 'focal';
      return ofElements('binaryFocalCrossentropy', code, { smoothing, first: gamma, second });
    },
  },
  categoricalCrossentropy: {
    readers: crossentropy,
    make: ({ fromLogits, labelSmoothing }) => categorical('categoricalCrossentropy', fromLogits, labelSmoothing),
  },
  categoricalFocalCrossentropy: {
    readers: focal,
    make: ({ fromLogits, labelSmoothing, gamma, alpha }) => ({
      ...ofRows('categoricalFocalCrossentropy'),
      emit: ({ plan, ...errors }, result) => {
        const options = [fromLogits ? 1 : 0, labelSmoothing, gamma, alpha] as const;
        plan.emit(ownerOf(errors), 'categoricalFocal', ...operandsOf(errors), ...options, errors.scale, result);
      },
    }),
  },
  sparseCategoricalCrossentropy: {
    readers: { fromLogits: optional(flag, false), ignoreClass: optional(wholeNumber, NaN) },
    make: ({ fromLogits, ignoreClass }) => ({
      ...categorical('sparseCategoricalCrossentropy', fromLogits, 0, ignoreClass),
      targets: 'classes',
    }),
  },
  gaussianNegativeLogLikelihood: {
    readers: { logVariance: optional(flag, true), full: optional(flag, false), epsilon: optional(positive, 1e-6) },
    make: ({ logVariance, full, epsilon }) => ({
      ...ofRows('gaussianNegativeLogLikelihood'),
      targets: 'halves',
      errorsInRow: ({ output }) => output.features / 2,
      emit: ({ plan, ...errors }, result) => {
        const options = [logVariance ? 1 : 0, full ? 1 : 0, epsilon] as const;
        plan.emit(ownerOf(errors), 'gaussianLikelihood', ...operandsOf(errors), ...options, errors.scale, result);
      },
    }),
  },
  ctc: {
    readers: { blankIndex: optional(nonNegativeInteger, 0) },
    make: ({ blankIndex }) => ({
      ...ofRows('ctc'),
      targets: 'labels',
      isWhole: true,
      ignoredClass: blankIndex,
      emit: ({ plan, output, mask, ...errors }, result) => {
        const owner = ownerOf({ output });
        const [prediction, target, gradient, weights, batch, classes] = operandsOf({ output, ...errors });
        if (blankIndex >= output.features) {
          mismatch(`${owner}: ctc: blankIndex`, `a class from 0 to ${output.features - 1}`, blankIndex);
        }
        const [steps, labels] = [output.time ?? 1, errors.target.shape[0] ?? 0];
        const states = add(multiply(2, labels), 1);
        const numbers = add(multiply(add(steps, 2), states), steps);
        const work = plan.dense(`${owner} ctc work`, [multiply(2, numbers)]);
        // float64 numbers: as those of results, they are not to be looked through for NaN as if they were float32.
        plan.wanted.add(work);
        const sizes = [steps, batch, classes, labels, blankIndex] as const;
        plan.emit(owner, 'ctc', prediction, target, gradient, weights, mask ?? 0, ...sizes, errors.scale, work, result);
      },
    }),
  },
  custom: {
    readers: { name: text, build: buildReader },
    make: ({ name, build }) => ofGraph(name, build),
  },
};

/** A loss that has an error for each value, and no options. */
function elementary(kind: LossName, code: keyof typeof codes): Definition<NoOptions> {
  return { readers: {}, make: () => ofElements(kind, code) };
}

interface ElementOptions {
  /** Numbers that a code has of its own. */
  readonly first?: number;
  readonly second?: number;
  readonly smoothing?: number;
  /** Whether a row's loss is the sum of its errors; their mean if not. */
  readonly isSum?: boolean;
}

export function ofElements(kind: string, code: keyof typeof codes, options: ElementOptions = {}): Mean {
  const { first = 0, second = 0, smoothing = 0, isSum = false } = options;
  const errorsInRow = ({ output }: Pick<Errors, 'output'>): number => (isSum ? 1 : output.features);
  return {
    kind,
    targets: 'values',
    ignoredClass: NaN,
    errorsInRow,
    emit: ({ plan, ...errors }, result) => {
      const numbers = [errorsInRow(errors), first, second, smoothing, errors.scale] as const;
      plan.emit(ownerOf(errors), 'elementLoss', codes[code], ...operandsOf(errors), ...numbers, result);
    },
  };
}

/** The mean of what a graph of one's own makes of targets and output. */
export function ofGraph(name: string, build: CustomMeasure['build']): Mean {
  return { ...ofElements(name, 'value'), build };
}

/** What losses have in common that take each row as a whole. */
function ofRows(kind: string): Omit<Mean, 'emit'> {
  return { kind, targets: 'values', ignoredClass: NaN, errorsInRow: () => 1 };
}

/** One that takes each row as a whole and has no options. */
export function rowLoss(kind: string, kernel: 'categoricalHinge' | 'cosineSimilarity'): Mean {
  return {
    ...ofRows(kind),
    emit: ({ plan, ...errors }, result) => {
      plan.emit(ownerOf(errors), kernel, ...operandsOf(errors), errors.scale, result);
    },
  };
}

/** Of class numbers or of shares of classes, as the targets are. */
export function categorical(kind: string, fromLogits: boolean, labelSmoothing: number, ignoredClass = NaN): Mean {
  return {
    ...ofRows(kind),
    ignoredClass,
    emit: ({ plan, target, targets, ...errors }, result) => {
      const [prediction, , ...others] = operandsOf({ target, ...errors });
      const options = [targets === 'classes' ? 1 : 0, fromLogits ? 1 : 0, labelSmoothing, ignoredClass] as const;
      const operands = [prediction, target, target.rowBytes, ...others] as const;
      plan.emit(ownerOf(errors), 'categoricalCrossentropy', ...operands, ...options, errors.scale, result);
    },
  };
}
