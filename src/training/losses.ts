import { SymbolicTensor } from '../graph/layer.js';
import { fields, finite, flag, mismatch, oneOf, optional, refuse, share, type Reader } from '../options/options.js';
import type { Plan, PlanTensor } from '../plan/plan.js';
import { multiply } from '../plan/size.js';

/** How a cross-entropy reads predictions and targets. */
export interface CrossentropyOptions {
  /** Whether predictions are logits, to go through softmax (categorical) or sigmoid (binary) first. Default false. */
  readonly fromLogits?: boolean;
  /** A share of equal probabilities that is mixed into the targets (Szegedy et al. 2016), in [0, 1]. Default 0. */
  readonly labelSmoothing?: number;
}

export interface SparseCrossentropyOptions {
  readonly fromLogits?: boolean;
  /** Rows with this class do not count. Default: none. */
  readonly ignoreClass?: number;
}

/** A loss with its options, as data. Made by `losses`. */
export type Loss =
  | { readonly kind: 'meanSquaredError' | 'meanAbsoluteError' }
  | ({ readonly kind: 'categoricalCrossentropy' | 'binaryCrossentropy' } & CrossentropyOptions)
  | ({ readonly kind: 'sparseCategoricalCrossentropy' } & SparseCrossentropyOptions);

export type LossName = Loss['kind'];

/** Losses with options: `model.compile({ loss: losses.binaryCrossentropy({ fromLogits: true }), … })`. Each is a metric too. */
export const losses = {
  meanSquaredError: (): Loss => ({ kind: 'meanSquaredError' }),
  meanAbsoluteError: (): Loss => ({ kind: 'meanAbsoluteError' }),
  /** −Σ y ln p over the classes of the last axis. Probabilities are normalised and kept off 0 and 1 by 1e-7, as Keras does. */
  categoricalCrossentropy: (options: CrossentropyOptions = {}): Loss => ({
    kind: 'categoricalCrossentropy',
    ...options,
  }),
  /** The same; a target is the number of its class: it has no axis of classes, or one of length 1. */
  sparseCategoricalCrossentropy: (options: SparseCrossentropyOptions = {}): Loss => ({
    kind: 'sparseCategoricalCrossentropy',
    ...options,
  }),
  /** The mean of −y ln p − (1 − y) ln(1 − p) over the last axis. */
  binaryCrossentropy: (options: CrossentropyOptions = {}): Loss => ({ kind: 'binaryCrossentropy', ...options }),
};

const aliases = {
  meanSquaredError: 'meanSquaredError',
  mean_squared_error: 'meanSquaredError',
  mse: 'meanSquaredError',
  meanAbsoluteError: 'meanAbsoluteError',
  mean_absolute_error: 'meanAbsoluteError',
  mae: 'meanAbsoluteError',
  categoricalCrossentropy: 'categoricalCrossentropy',
  categorical_crossentropy: 'categoricalCrossentropy',
  sparseCategoricalCrossentropy: 'sparseCategoricalCrossentropy',
  sparse_categorical_crossentropy: 'sparseCategoricalCrossentropy',
  binaryCrossentropy: 'binaryCrossentropy',
  binary_crossentropy: 'binaryCrossentropy',
} as const satisfies Record<string, LossName>;

/** What `compile` takes as a loss: a name (in camel case, in snake case, or a short one), or an object of `losses`. */
export type LossOption = keyof typeof aliases | Loss;

/** What it takes as a metric. 'accuracy' is Keras's for the output and its loss: binary, categorical or sparse. */
export type MetricOption = LossOption | 'accuracy' | 'acc';

/** A loss as it was read, or the accuracy. */
export interface Measure {
  readonly kind: LossName | 'accuracy';
  readonly fromLogits: boolean;
  readonly labelSmoothing: number;
  readonly ignoreClass: number | undefined;
}

const names = [...new Set(Object.values(aliases))];

const wholeNumber: Reader<number> = (value, where) =>
  Number.isSafeInteger(value) ? finite(value, where) : refuse(where, 'an integer', value);

/** Whether an object is a loss, not losses by output name. */
export function isLossObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'kind' in value && names.some((name) => name === value.kind);
}

const smoothed = { fromLogits: optional(flag, false), labelSmoothing: optional(share, 0) };

const optionsOf: Readonly<Record<LossName, Record<string, Reader<unknown>>>> = {
  meanSquaredError: {},
  meanAbsoluteError: {},
  categoricalCrossentropy: smoothed,
  sparseCategoricalCrossentropy: { fromLogits: optional(flag, false), ignoreClass: optional(wholeNumber, undefined) },
  binaryCrossentropy: smoothed,
};

const withoutOptions = { fromLogits: false, labelSmoothing: 0, ignoreClass: undefined };

export const lossReader: Reader<Measure> = (value, where) => {
  if (!isLossObject(value)) {
    const known = Object.entries(aliases).find(([name]) => name === value)?.[1];
    return { ...withoutOptions, kind: known ?? oneOf(names)(value, where) };
  }
  const { kind } = value as Loss;
  const read: Partial<Measure> = fields(value, `${where}: ${kind}`, { kind: oneOf([kind]), ...optionsOf[kind] });
  return { ...withoutOptions, ...read, kind };
};

/** What is reported beside the loss, under the name that it was given by, in camel case; one with options under its kind's. */
export interface Metric {
  readonly key: string;
  readonly measure: Measure;
}

const metricReader: Reader<Metric> = (value, where) => {
  const isAccuracy = value === 'accuracy' || value === 'acc';
  const measure: Measure = isAccuracy ? { ...withoutOptions, kind: 'accuracy' } : lossReader(value, where);
  return { measure, key: typeof value === 'string' ? camelCase(value) : measure.kind };
};

export const metricsReader: Reader<readonly Metric[]> = (value, where) => {
  if (!Array.isArray(value)) return refuse(where, 'an array of names', value);
  const metrics = value.map((given: unknown) => metricReader(given, where));
  const kinds = new Set(metrics.map(({ measure }) => measure.kind));
  return kinds.size === metrics.length ? metrics : refuse(where, 'each metric once', value);
};

/** mean_squared_error → meanSquaredError */
function camelCase(name: string): string {
  return name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** The targets of an output, as a tensor like it: with a sparse loss of one value a row, the number of its class. */
export function targetsOf(output: SymbolicTensor, loss: Measure): SymbolicTensor {
  if (!isSparse(loss)) return output;
  const shape = [...output.shape.slice(0, -1), 1];
  const { time, batch, dtype, mask } = output;
  return new SymbolicTensor(output.node, output.index, { shape, time, batch, dtype }, mask);
}

export function isSparse({ kind }: Measure): boolean {
  return kind === 'sparseCategoricalCrossentropy';
}

/** What losses are emitted over: an output, its targets, and where the gradient of the output is summed. */
export interface Errors {
  readonly output: SymbolicTensor;
  readonly prediction: PlanTensor;
  readonly target: PlanTensor;
  readonly mask: PlanTensor | null;
  readonly gradient: PlanTensor | null;
}

/** Where a run leaves the sum of errors: two float64 numbers, the sum and how many rows counted. */
export interface ErrorPlace {
  readonly result: PlanTensor;
  /** How many errors a row has: its features, or one where it is taken as a whole. */
  readonly errorsInRow: number;
}

/** Emits a loss or metric over all values of an output: the mean over the features, then over the rows that the mask counts (Keras). */
export function emitMeasure(plan: Plan, measure: Measure, isTargetSparse: boolean, errors: Errors): ErrorPlace {
  const { output, prediction, target, mask } = errors;
  const { kind, fromLogits, labelSmoothing, ignoreClass } = measure;
  const { features } = output;
  const owner = output.node.layer.title;
  if (mask !== null && output.shape.length > 3)
    mismatch(owner, 'at most three axes where a mask goes with a loss', output.shape.length);
  const result = plan.dense(`${owner} ${kind}`, [4]);
  plan.wanted.add(result);
  const rows = output.leading.reduce(multiply);
  const [gradient, counted, logits] = [errors.gradient ?? 0, mask ?? 0, fromLogits ? 1 : 0];
  switch (kind) {
    case 'accuracy': {
      const code = accuracyCode(features, isTargetSparse);
      const stride = target.rowBytes;
      plan.emit(owner, 'accuracy', prediction, target, stride, counted, rows, features, code, 0.5, result);
      return { result, errorsInRow: code === 0 ? features : 1 };
    }
    case 'categoricalCrossentropy':
    case 'sparseCategoricalCrossentropy': {
      const sparse = isTargetSparse ? 1 : 0;
      const options = [sparse, logits, labelSmoothing, ignoreClass ?? NaN] as const;
      const { rowBytes } = target;
      plan.emit(
        owner,
        'categoricalCrossentropy',
        prediction,
        target,
        rowBytes,
        gradient,
        counted,
        rows,
        features,
        ...options,
        result,
      );
      return { result, errorsInRow: 1 };
    }
    case 'binaryCrossentropy':
      plan.emit(owner, kind, prediction, target, gradient, counted, rows, features, logits, labelSmoothing, result);
      return { result, errorsInRow: features };
    default:
      plan.emit(owner, kind, prediction, target, gradient, counted, rows, features, result);
      return { result, errorsInRow: features };
  }
}

/** Which accuracy it is, by the shapes (Keras 3, trainers/compile_utils.py: get_metric). */
function accuracyCode(features: number, isTargetSparse: boolean): 0 | 1 | 2 {
  if (features === 1) return 0;
  return isTargetSparse ? 2 : 1;
}

/** Sums of errors over rows, from which a mean can be made at any time. */
export interface ErrorSum {
  readonly sum: number;
  /** Values that the sum is over. */
  readonly count: number;
}

export function meanOf({ sum, count }: ErrorSum): number {
  return count === 0 ? 0 : sum / count;
}
