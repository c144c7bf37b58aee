import { streamKey } from '../graph/stream-key.js';
import {
  fields,
  flag,
  mismatch,
  nonNegativeInteger,
  number,
  optional,
  positiveInteger,
  seed,
} from '../options/options.js';
import { makeTensor, readNumbers, type Numbers, type Tensor, type TensorLike } from '../tensors/tensor.js';
import { shuffle } from './philox.js';

export interface TimeseriesOptions {
  /** [time] or [time, features]: row t is what was known at time t, at equal intervals. Copied. */
  data: TensorLike;
  /** Steps of a window (Keras: sequence_length). */
  window: number;
  /** Rows between the start of a window and that of the next. Default 1. */
  stride?: number;
  /** Rows between the steps inside a window, and inside a horizon. Default 1: neighbouring rows. */
  samplingRate?: number;
  /**
   * What is to be predicted, [time] or [time, features].
   * Without `horizon` and `delay`, as in Keras: row i belongs to the window that starts at row i, and windows without one are left out.
   * With one of them: row t is what happens at time t, as in `data`.
   * null: windows alone. Default: the data itself, as with `horizon` and `delay`.
   */
  targets?: TensorLike | null;
  /** Steps of each target: y is [batch, horizon, …]. Default: a single one without an axis of its own, y is [batch, …]. */
  horizon?: number;
  /**
   * Rows from the last step of a window to the first step of its target. 0: the same moment; negative: inside of the window. Default
   * `samplingRate`: the window's next step.
   */
  delay?: number;
  /** Windows of a batch; the last batch may have fewer. Default 128. */
  batchSize?: number;
  /** Whether the windows come in another order in each epoch; `toArrays` has them in order of time all the same. Default false. */
  shuffle?: boolean;
  /** Of shuffling. Default 0. */
  seed?: number;
  /** Rows before it are not used. Default 0. */
  startIndex?: number;
  /** Rows from it on are not used, neither in windows nor in horizons. Default: the number of rows. */
  endIndex?: number;
}

/** x [batch, window, …] and y [batch, …] or [batch, horizon, …]; null without targets. */
export type TimeseriesBatch<Y extends Tensor | null = Tensor> = readonly [x: Tensor, y: Y];

/** Batches of windows: can be iterated as often as wanted, always with the same result. */
export interface TimeseriesDataset<Y extends Tensor | null = Tensor> extends Iterable<TimeseriesBatch<Y>> {
  /** Number of windows. */
  readonly size: number;
  /** Number of batches. */
  readonly batches: number;
  /** The batches in the order of an epoch, counted from 0: each shuffles anew. Iterating the dataset itself gives epoch 0. */
  epoch(epoch: number): Iterable<TimeseriesBatch<Y>>;
  /** All windows, in order of time: x [size, window, …], y likewise. For `fit`, which shuffles on its own. */
  toArrays(): { readonly x: Tensor; readonly y: Y };
}

/** Where a window's rows are: from the rows `first`, `first + rate`, … of some data, `steps` times. */
interface Pick {
  readonly from: Numbers;
  /** From the window's start to the first row. */
  readonly offset: number;
  /** null: one row, without an axis for it. */
  readonly steps: number | null;
}

const stream = /* @__PURE__ */ streamKey('timeseriesDataset/shuffle');

const readers = {
  data: (value: unknown, where: string) => readSeries(value, where),
  window: positiveInteger,
  stride: optional(positiveInteger, 1),
  samplingRate: optional(positiveInteger, 1),
  targets: (value: unknown, where: string) =>
    value === undefined || value === null ? value : readSeries(value, where),
  horizon: optional(positiveInteger, undefined),
  delay: optional(number('an integer', Number.isSafeInteger), undefined),
  batchSize: optional(positiveInteger, 128),
  shuffle: optional(flag, false),
  seed: optional(seed, 0),
  startIndex: optional(nonNegativeInteger, 0),
  endIndex: optional(nonNegativeInteger, undefined),
};

/**
 * Windows over a time series, with what is to be predicted from each. As `keras.utils.timeseries_dataset_from_array`, whose `targets`
 * it takes, and with targets told by `horizon` and `delay`: no slices by hand.
 * @example
 * // A day of hours, to predict the six hours that begin a day later.
 * const dataset = timeseriesDataset({ data, window: 24, horizon: 6, delay: 24, batchSize: 32, shuffle: true });
 * for (const [x, y] of dataset) model.trainOnBatch(x, y); // x [32, 24, features], y [32, 6, features]
 * @throws TypeError for an option that is unknown or out of range; RangeError if there is not a single window.
 */
export function timeseriesDataset(options: TimeseriesOptions & { targets: null }): TimeseriesDataset<null>;
export function timeseriesDataset(options: TimeseriesOptions & { targets?: TensorLike }): TimeseriesDataset;
export function timeseriesDataset(options: TimeseriesOptions): TimeseriesDataset<Tensor | null> {
  const where = 'timeseriesDataset';
  const read = fields(options, where, readers);
  const { data, window, stride, samplingRate, startIndex, batchSize } = read;
  const endIndex = read.endIndex ?? rowsOf(data);
  if (endIndex > rowsOf(data))
    mismatch(`${where}: endIndex`, `at most ${rowsOf(data)}, the rows of the data`, endIndex);
  if (startIndex >= endIndex && rowsOf(data) > 0) mismatch(`${where}: startIndex`, `less than ${endIndex}`, startIndex);
  const y = targetOf(where, read);
  // Windows start before this row: the window itself and its target must be there.
  const reach = (window - 1) * samplingRate;
  const end = Math.min(endIndex - reach, y === null ? Infinity : lastStart(y, samplingRate, endIndex));
  const count = Math.max(0, Math.ceil((end - startIndex) / stride));
  if (count === 0) {
    const target = y === null || y.offset <= reach ? '' : ' with its target';
    const span = Math.max(reach, y === null ? 0 : y.offset + ((y.steps ?? 1) - 1) * samplingRate) + 1;
    throw new RangeError(
      `${where}: a window${target} spans ${span} rows: expected at least as many, got ${endIndex - startIndex}` +
        (read.targets ? ` and ${rowsOf(read.targets)} of targets` : ''),
    );
  }
  const starts = Int32Array.from({ length: count }, (_, i) => startIndex + i * stride);
  const x: Pick = { from: data, offset: 0, steps: window };
  const batchOf = (some: Int32Array): TimeseriesBatch<Tensor | null> => [
    gather(x, some, samplingRate),
    y && gather(y, some, samplingRate),
  ];
  function* epoch(number: number): Generator<TimeseriesBatch<Tensor | null>> {
    const order = starts.slice();
    if (read.shuffle) shuffle(order, read.seed, stream, number);
    for (let i = 0; i < count; i += batchSize) yield batchOf(order.subarray(i, i + batchSize));
  }
  return {
    size: count,
    batches: Math.ceil(count / batchSize),
    epoch: (number) => epoch(nonNegativeInteger(number, `${where}: epoch`)),
    [Symbol.iterator]: () => epoch(0),
    toArrays: () => {
      const [all, targets] = batchOf(starts);
      return { x: all, y: targets };
    },
  };
}

/** A copy, which nobody writes to: batches are made of it later. */
function readSeries(value: unknown, where: string): Numbers {
  const { data, shape } = readNumbers(value, where);
  if (shape.length === 0) mismatch(where, 'rows in order of time', 'a single number');
  return { data: data.slice(), shape: [...shape] };
}

function rowsOf({ shape }: Numbers): number {
  return shape[0] ?? 0;
}

interface TargetOptions {
  readonly data: Numbers;
  readonly targets: Numbers | null | undefined;
  readonly window: number;
  readonly samplingRate: number;
  readonly horizon: number | undefined;
  readonly delay: number | undefined;
}

function targetOf(where: string, options: TargetOptions): Pick | null {
  const { data, targets, window, samplingRate, horizon, delay } = options;
  if (targets === null) {
    if ((horizon ?? delay) === undefined) return null;
    mismatch(`${where}: targets`, `no null beside ${horizon === undefined ? 'delay' : 'horizon'}`, 'null');
  }
  if (targets !== undefined && horizon === undefined && delay === undefined) {
    return { from: targets, offset: 0, steps: null };
  }
  const reach = (window - 1) * samplingRate;
  const offset = reach + (delay ?? samplingRate);
  if (offset < 0) mismatch(`${where}: delay`, `at least ${-reach}, the window's first step`, delay ?? 0);
  if (targets !== undefined && rowsOf(targets) !== rowsOf(data)) {
    mismatch(`${where}: targets`, `${rowsOf(data)} rows, as the data has`, rowsOf(targets));
  }
  return { from: targets ?? data, offset, steps: horizon ?? null };
}

/** The first row at which no window can start any more, since its target would not lie before `end`. */
function lastStart({ from, offset, steps }: Pick, rate: number, end: number): number {
  return Math.min(end, rowsOf(from)) - offset - ((steps ?? 1) - 1) * rate;
}

/** The rows that belong to windows, by where these start: [windows, steps, …]. */
function gather({ from, offset, steps }: Pick, starts: Int32Array, rate: number): Tensor {
  const rest = from.shape.slice(1);
  const size = rest.reduce((product, length) => product * length, 1);
  const [count, shape] = steps === null ? [1, rest] : [steps, [steps, ...rest]];
  const data = new Float32Array(starts.length * count * size);
  starts.forEach((start, window) => {
    for (let step = 0; step < count; step++) {
      const row = start + offset + step * rate;
      data.set(from.data.subarray(row * size, (row + 1) * size), (window * count + step) * size);
    }
  });
  return makeTensor(data, [starts.length, ...shape]);
}
