import type { Rows, TensorsLike } from '../graph/inputs.js';
import { streamKey } from '../graph/stream-key.js';
import { checkWholeBatches } from '../model/states.js';
import { fields, flag, oneOf, optional, positiveInteger, refuse, seed, type Reader } from '../options/options.js';
import { integersOf, trainingKernels } from '../plan/training-kernels.js';
import type { Workspace } from '../plan/workspace.js';
import type { Numbers } from '../tensors/tensor.js';
import { ErrorTotals, type BatchErrors } from './error-totals.js';
import { HistoryRecorder, type History, type Logs } from './history.js';
import { isTerminal, progressBar, progressLines } from '#progress';
import { silent, type Progress } from './progress/progress.js';
import type { BatchPlace } from './non-finite.js';

export interface FitOptions {
  /** Default 1. */
  epochs?: number;
  /** Default 32, or what the input's shape fixes. */
  batchSize?: number;
  /** The share of rows at the end, taken before shuffling, that is not trained on but evaluated. In [0, 1). Default 0. */
  validationSplit?: number;
  /** Data to evaluate after each epoch, instead of a split: [x, y]. */
  validationData?: readonly [TensorsLike, TensorsLike];
  /** Whether the rows come in a new order each epoch. Default true; false for stateful models. */
  shuffle?: boolean;
  /** Of shuffling and dropout. Default 0: the same program gives the same bits. */
  seed?: number;
  /** 'auto': a bar in a terminal, plain lines elsewhere; 0: nothing; 1: a bar; 2: plain lines. Default 'auto'. */
  verbose?: 'auto' | 0 | 1 | 2;
  /** Stops after the current batch; `fit` then rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** How long training may hold the event loop, in ms. */
const holdTime = 30;

const share: Reader<number> = (value, where) =>
  typeof value === 'number' && value >= 0 && value < 1 ? value : refuse(where, 'a number in [0, 1)', value);

const verbosity: Reader<'auto' | 0 | 1 | 2> = (value, where) =>
  value === 0 || value === 1 || value === 2 ? value : oneOf(['auto'])(value, `${where} ('auto', 0, 1 or 2)`);

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

interface Data {
  readonly inputs: readonly Numbers[];
  readonly targets: readonly Numbers[];
  /** The rows from `from` up to `to`. */
  readonly from: number;
  readonly to: number;
}

/** What `fit` needs of a model. */
export interface Trainable {
  readonly name: string;
  readonly isStateful: boolean;
  readonly workspace: Workspace;
  batchSizeOf(where: string, given: number | undefined): number;
  readData(where: string, x: TensorsLike, y: TensorsLike, allowed: Rows): { inputs: Numbers[]; targets: Numbers[] };
  trainRows(
    where: string,
    inputs: readonly Numbers[],
    targets: readonly Numbers[],
    indices: Int32Array,
    random: { seed: number; epoch: number },
    place: BatchPlace,
  ): BatchErrors;
  evaluateApart(
    where: string,
    inputs: readonly Numbers[],
    targets: readonly Numbers[],
    from: number,
    to: number,
    batchSize: number,
  ): Logs;
  logsOf(errors: BatchErrors, loss?: number): Logs;
  nextEpoch(): number;
}

/** Runs `model.fit`. */
export async function fitModel(
  model: Trainable,
  x: TensorsLike,
  y: TensorsLike,
  options: FitOptions,
): Promise<History> {
  const where = `${model.name}: fit`;
  const read = fields(options, where, fitFields);
  const { training, validation } = splitData(model, where, x, y, read);
  const { epochs, seed, signal } = read;
  const batchSize = model.batchSizeOf(where, read.batchSize);
  if (model.isStateful) {
    checkWholeBatches(where, training.to - training.from, batchSize);
    if (validation !== null) checkWholeBatches(`${where}: validation`, validation.to - validation.from, batchSize);
  }
  const shuffle = read.shuffle ?? !model.isStateful;
  const progress = progressFor(read.verbose);
  const recorder = new HistoryRecorder();
  const pause = pauser();
  const batches = Math.ceil((training.to - training.from) / batchSize);
  try {
    for (let epoch = 0; epoch < epochs; epoch++) {
      const random = { seed, epoch: model.nextEpoch() };
      const order = rowOrder(model.workspace, training, shuffle ? random : null);
      const totals = new ErrorTotals();
      let logs: Logs = { loss: 0 };
      for (let batch = 0; batch < batches; batch++) {
        signal?.throwIfAborted();
        const indices = order.subarray(batch * batchSize, (batch + 1) * batchSize);
        const errors = model.trainRows(where, training.inputs, training.targets, indices, random, { epoch, batch });
        totals.add(errors, indices.length);
        logs = model.logsOf(totals.errors, totals.loss);
        progress.batch(epoch, epochs, batch + 1, batches, logs);
        await pause();
      }
      signal?.throwIfAborted();
      if (validation !== null) logs = { ...logs, ...validate(model, where, validation, batchSize) };
      recorder.add(random.epoch, logs);
      progress.epoch(epoch, epochs, logs);
    }
  } finally {
    progress.close();
  }
  return recorder;
}

function splitData(
  model: Trainable,
  where: string,
  x: TensorsLike,
  y: TensorsLike,
  options: {
    readonly validationSplit: number;
    readonly validationData: readonly [TensorsLike, TensorsLike] | undefined;
  },
): { training: Data; validation: Data | null } {
  const { validationSplit, validationData } = options;
  if (validationSplit > 0 && validationData !== undefined) {
    throw new TypeError(`${where}: expected validationSplit or validationData, got both`);
  }
  const { inputs, targets } = ownData(model, where, x, y);
  const rows = inputs[0]?.shape[0] ?? 0;
  if (validationData !== undefined) {
    const own = ownData(model, `${where}: validationData`, ...validationData);
    const validation = { ...own, from: 0, to: own.inputs[0]?.shape[0] ?? 0 };
    return { training: { inputs, targets, from: 0, to: rows }, validation };
  }
  const split = Math.floor(rows * (1 - validationSplit));
  if (split === 0) {
    throw new RangeError(`${where}: validationSplit ${validationSplit} of ${rows} row(s) leaves none to train on`);
  }
  return {
    training: { inputs, targets, from: 0, to: split },
    validation: split < rows ? { inputs, targets, from: split, to: rows } : null,
  };
}

/** Copies of inputs and targets: the user may write to his arrays while other tasks run. */
function ownData(model: Trainable, where: string, x: TensorsLike, y: TensorsLike): Pick<Data, 'inputs' | 'targets'> {
  const { inputs, targets } = model.readData(where, x, y, 'batches');
  const copy = ({ data, shape }: Numbers): Numbers => ({ data: data.slice(), shape: [...shape] });
  return { inputs: inputs.map(copy), targets: targets.map(copy) };
}

function validate(model: Trainable, where: string, data: Data, batchSize: number): Record<string, number> {
  const logs = model.evaluateApart(`${where}: validation`, data.inputs, data.targets, data.from, data.to, batchSize);
  return Object.fromEntries(
    Object.entries(logs).map(([name, value]) => [`val${name.charAt(0).toUpperCase()}${name.slice(1)}`, value]),
  );
}

/** The rows of an epoch: in order, or shuffled (Fisher & Yates) by counter-based random numbers. */
function rowOrder(
  workspace: Workspace,
  { from, to }: Data,
  random: { readonly seed: number; readonly epoch: number } | null,
): Int32Array {
  const order = Int32Array.from({ length: to - from }, (_, i) => from + i);
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
  if (verbose === 2) return progressLines();
  return verbose === 1 || isTerminal() ? progressBar() : progressLines();
}

/** Lets other tasks run when training has held the event loop for long enough. */
function pauser(): () => Promise<void> {
  let last = Date.now();
  return async () => {
    if (Date.now() - last < holdTime) return;
    await new Promise<void>((resolve) => {
      setTimeout(resolve, 0);
    });
    last = Date.now();
  };
}
