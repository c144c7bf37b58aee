import type { TensorsLike } from '../graph/inputs.js';
import { streamKey } from '../graph/stream-key.js';
import { checkWholeBatches } from '../model/states.js';
import { fields, flag, optional, positiveInteger, refuse, seed, type Reader } from '../options/options.js';
import { integersOf, trainingKernels } from '../plan/training-kernels.js';
import type { Workspace } from '../plan/workspace.js';
import { batchesOf, copyOf, rowNumbers, type Data } from './data.js';
import { ErrorTotals } from './error-totals.js';
import { HistoryRecorder, prefixed, type History, type Logs } from './history.js';
import { isTerminal, progressBar, progressLines } from '#progress';
import { silent, type Progress } from './progress/progress.js';
import type { Trainer } from './trainer.js';
import type { RandomPlace } from './training-plan.js';

export interface FitOptions {
  /** Default 1. */
  epochs?: number;
  /** Default 32, or what the input's shape fixes. */
  batchSize?: number;
  /**
   * The share of rows at the end, taken before shuffling, that is not trained on but evaluated after each epoch. In [0, 1);
   * whole rows of the rest are trained on. Default 0.
   */
  validationSplit?: number;
  /** Data to evaluate after each epoch, instead of a split: [x, y]. */
  validationData?: readonly [TensorsLike, TensorsLike];
  /** Whether the rows come in a new order each epoch. Default true; false for stateful models. */
  shuffle?: boolean;
  /** Of shuffling and dropout. Default 0: the same program gives the same bits. */
  seed?: number;
  /** 'auto' and 1: a bar in a terminal, plain lines elsewhere; 0: nothing; 2: plain lines. Default 'auto'. */
  verbose?: 'auto' | 0 | 1 | 2;
  /** Stops after the current batch; `fit` then rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** How long training may hold the event loop, in ms. */
const holdTime = 30;

const share: Reader<number> = (value, where) =>
  typeof value === 'number' && value >= 0 && value < 1 ? value : refuse(where, 'a number in [0, 1)', value);

const verbosity: Reader<'auto' | 0 | 1 | 2> = (value, where) =>
  value === 'auto' || value === 0 || value === 1 || value === 2 ? value : refuse(where, "'auto', 0, 1 or 2", value);

const signalReader: Reader<AbortSignal> = (value, where) =>
  value instanceof AbortSignal ? value : refuse(where, 'an AbortSignal', value);

const pairReader: Reader<readonly [TensorsLike, TensorsLike]> = (value, where) =>
  Array.isArray(value) && value.length === 2
    ? (value as [TensorsLike, TensorsLike])
    : refuse(where, 'an array [x, y]', value);

const fitFields = {
  epochs: optional(positiveInteger, 1),
  batchSize: optional(positiveInteger, undefined),
  validationSplit: optional(share, 0),
  validationData: optional(pairReader, undefined),
  shuffle: optional(flag, undefined),
  seed: optional(seed, 0),
  verbose: optional(verbosity, 'auto'),
  signal: optional(signalReader, undefined),
};

/** What a model has trained so far; random numbers go by it. */
export interface Counts {
  /** Of `trainOnBatch`. */
  steps: number;
  /** Of `fit`: those that were begun. */
  epochs: number;
}

/** Some rows of data. */
interface Part {
  readonly data: Data;
  readonly from: number;
  readonly to: number;
}

/** Runs `model.fit`; `counts` goes on from one fit to the next. */
export async function fitModel(
  trainer: Trainer,
  counts: Counts,
  x: TensorsLike,
  y: TensorsLike,
  options: FitOptions,
): Promise<History> {
  const where = `${trainer.name}: fit`;
  const read = fields(options, where, fitFields);
  const { training, validation } = splitData(trainer, where, x, y, read);
  const { epochs, seed, signal } = read;
  const batchSize = trainer.batchSizeOf(where, read.batchSize);
  // Stateful layers hold the states of one batch size: that of training, a copy of which validation goes on from.
  const validationBatch = trainer.isStateful ? Math.min(batchSize, lengthOf(training)) : batchSize;
  if (trainer.isStateful) {
    checkWholeBatches(where, lengthOf(training), batchSize);
    if (validation !== null) checkStatefulValidation(where, lengthOf(validation), validationBatch);
  }
  const shuffle = read.shuffle ?? !trainer.isStateful;
  const progress = progressFor(read.verbose);
  const recorder = new HistoryRecorder();
  const pause = pauser(signal);
  const batches = Math.ceil(lengthOf(training) / batchSize);
  signal?.throwIfAborted();
  try {
    for (let epoch = 0; epoch < epochs; epoch++) {
      const random = { seed, epoch: counts.epochs };
      const order = rowOrder(trainer.workspace, training, shuffle ? random : null);
      const totals = new ErrorTotals();
      let [batch, logs]: [number, Logs] = [0, { loss: 0 }];
      for (const indices of batchesOf(order, batchSize)) {
        const errors = trainer.trainBatch(where, training.data, indices, random, { epoch, batch });
        // Only now: an epoch without a batch has drawn nothing from them.
        counts.epochs = random.epoch + 1;
        totals.add(errors, indices.length);
        logs = trainer.logsOf(totals);
        progress.batch(epoch, epochs, ++batch, batches, logs);
        await pause();
      }
      if (validation !== null) {
        const valLogs = await validate(trainer, where, validation, validationBatch, pause);
        logs = { ...logs, ...valLogs };
      }
      recorder.add(epoch, logs);
      progress.epoch(epoch, epochs, logs);
    }
  } finally {
    progress.close();
  }
  return recorder;
}

function lengthOf({ from, to }: Part): number {
  return to - from;
}

function splitData(
  trainer: Trainer,
  where: string,
  x: TensorsLike,
  y: TensorsLike,
  options: {
    readonly validationSplit: number;
    readonly validationData: readonly [TensorsLike, TensorsLike] | undefined;
  },
): { training: Part; validation: Part | null } {
  const { validationSplit, validationData } = options;
  if (validationSplit > 0 && validationData !== undefined) {
    throw new TypeError(`${where}: expected validationSplit or validationData, got both`);
  }
  const data = copyOf(trainer.readData(where, x, y, 'batches'));
  const { rows } = data;
  if (validationData !== undefined) {
    const own = copyOf(trainer.readData(`${where}: validationData`, ...validationData, 'batches'));
    return { training: { data, from: 0, to: rows }, validation: { data: own, from: 0, to: own.rows } };
  }
  // As Keras: whole rows of the rest are trained on. A millionth of a row is rounding: 10 · (1 − 0.9) is less than 1.
  const split = rows - Math.ceil(rows * validationSplit - 1e-6);
  const leaves = split === 0 ? 'leaves none to train on' : 'gives none to validate on';
  if (split === 0 || (split === rows && validationSplit > 0)) {
    throw new RangeError(`${where}: validationSplit ${validationSplit} of ${rows} row(s) ${leaves}`);
  }
  return {
    training: { data, from: 0, to: split },
    validation: split < rows ? { data, from: split, to: rows } : null,
  };
}

function checkStatefulValidation(where: string, rows: number, batchSize: number): void {
  if (rows % batchSize === 0) return;
  throw new RangeError(
    `${where}: validation: stateful layers need batches of one size: expected a multiple of ${batchSize} rows, got ${rows}`,
  );
}

/** Losses and metrics over a part, under Keras's names; stateful layers go on from a copy of their states. */
async function validate(
  trainer: Trainer,
  where: string,
  { data, from, to }: Part,
  batchSize: number,
  pause: () => Promise<void>,
): Promise<Record<string, number>> {
  const totals = new ErrorTotals();
  const states = trainer.copyStates();
  try {
    for (const indices of batchesOf(rowNumbers(from, to), batchSize)) {
      totals.add(trainer.evaluateBatch(`${where}: validation`, data, indices, states), indices.length);
      await pause();
    }
  } finally {
    states.reset();
  }
  const logs = Object.entries(trainer.logsOf(totals));
  return Object.fromEntries(logs.map(([name, value]) => [prefixed('val', name), value]));
}

/** The rows of an epoch: in order, or shuffled (Fisher & Yates) by counter-based random numbers. */
function rowOrder(workspace: Workspace, { from, to }: Part, random: RandomPlace | null): Int32Array {
  const order = rowNumbers(from, to);
  if (random === null) return order;
  const words = workspace.allocate(16);
  const [{ philox }, integers] = [trainingKernels(workspace), integersOf(workspace)];
  const stream = streamKey('fit/shuffle');
  for (let i = order.length - 1; i > 0; i--) {
    philox(words, random.seed, stream, random.epoch, i, 0, 0);
    const word = (integers[words / 4] ?? 0) >>> 0;
    const j = Math.floor((word / 0x100000000) * (i + 1));
    [order[i], order[j]] = [order[j] ?? 0, order[i] ?? 0];
  }
  workspace.release(words);
  return order;
}

function progressFor(verbose: 'auto' | 0 | 1 | 2): Progress {
  if (verbose === 0) return silent;
  // A bar is drawn over and over: in a pipe or a file it would be noise.
  return verbose !== 2 && isTerminal() ? progressBar() : progressLines();
}

/** Lets other tasks run when training has held the event loop for long enough; throws the reason of a signal that came. */
function pauser(signal: AbortSignal | undefined): () => Promise<void> {
  let last = Date.now();
  return async () => {
    if (Date.now() - last >= holdTime) {
      await new Promise<void>((resolve) => {
        setTimeout(resolve, 0);
      });
      last = Date.now();
    }
    signal?.throwIfAborted();
  };
}
