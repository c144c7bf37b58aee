import type { TensorsLike } from '../graph/inputs.js';
import { checkWholeBatches } from '../model/states.js';
import {
  asGiven,
  fields,
  flag,
  mismatch,
  nonNegativeInteger,
  optional,
  positiveInteger,
  refuse,
  seed,
  type Reader,
} from '../options/options.js';
import { ArraySource, IterableSource, isBatches, type Batches, type Source } from './batches.js';
import { startCallbacks, type CallbackOption } from './callbacks/callbacks.js';
import { copyOf, type Data } from './data.js';
import type { History } from './history.js';
import { isTerminal, progressBar, progressLines } from '#progress';
import { silent, type Progress } from './progress/progress.js';
import { RunningFit, type Fitted } from './running-fit.js';
import { weightFields, type WeightOptions } from './sample-weights.js';
import type { Trainer } from './trainer.js';

export interface FitOptions extends WeightOptions {
  /** The epoch to end before; the first is 0. Default 1. */
  epochs?: number;
  /** The epoch to begin with, of a training that goes on: it counts in logs, callbacks and `epochs`. Default 0. */
  initialEpoch?: number;
  /** Default 32, or what the input's shape fixes. Not for iterables, whose batches are as they come. */
  batchSize?: number;
  /** Of an iterable that has no end: batches of an epoch, the next of which goes on from there. Default: all that come. */
  stepsPerEpoch?: number;
  /**
   * The share of rows at the end, taken before shuffling, that is not trained on but evaluated after each epoch. In [0, 1);
   * whole rows of the rest are trained on. Default 0.
   */
  validationSplit?: number;
  /** Data to evaluate after each epoch, instead of a split: [x, y], [x, y, sampleWeight], or batches to iterate over. */
  validationData?: readonly [TensorsLike, TensorsLike, WeightOptions['sampleWeight']?] | Batches;
  /** After which epochs to evaluate it: every so many, or those of a list (the first is 1). Default 1. */
  validationFreq?: number | readonly number[];
  /** Whether the rows come in a new order each epoch. Default true; false for stateful models. */
  shuffle?: boolean;
  /** Of shuffling and dropout. Default 0: the same program gives the same bits. */
  seed?: number;
  /** 'auto' and 1: a bar in a terminal, plain lines elsewhere; 0: nothing; 2: plain lines. Default 'auto'. */
  verbose?: 'auto' | 0 | 1 | 2;
  /** Stops after the current batch; `fit` then rejects with the signal's reason. */
  signal?: AbortSignal;
  /** What is called as training goes on: of `callbacks`, or objects with hooks of one's own. */
  callbacks?: readonly CallbackOption[];
  /**
   * Goes on from the checkpoint that the model was loaded from, given the same data and options: it ends with the same bits as a
   * training that was never stopped. Default false.
   */
  resume?: boolean;
}

const share: Reader<number> = (value, where) =>
  typeof value === 'number' && value >= 0 && value < 1 ? value : refuse(where, 'a number in [0, 1)', value);

const verbosity: Reader<'auto' | 0 | 1 | 2> = (value, where) =>
  value === 'auto' || value === 0 || value === 1 || value === 2 ? value : refuse(where, "'auto', 0, 1 or 2", value);

const signalReader: Reader<AbortSignal> = (value, where) =>
  value instanceof AbortSignal ? value : refuse(where, 'an AbortSignal', value);

const frequency: Reader<number | readonly number[]> = (value, where) =>
  Array.isArray(value) ? value.map((epoch: unknown) => positiveInteger(epoch, where)) : positiveInteger(value, where);

const validationReader: Reader<FitOptions['validationData']> = (value, where) => {
  const isList = Array.isArray(value) && (value.length === 2 || value.length === 3);
  if (!isList && !isBatches(value)) refuse(where, 'an array [x, y] or [x, y, sampleWeight], or batches', value);
  return value as FitOptions['validationData'];
};

const fitFields = {
  epochs: optional(positiveInteger, 1),
  initialEpoch: optional(nonNegativeInteger, 0),
  batchSize: optional(positiveInteger, undefined),
  stepsPerEpoch: optional(positiveInteger, undefined),
  validationSplit: optional(share, 0),
  validationData: optional(validationReader, undefined),
  validationFreq: optional(frequency, 1),
  shuffle: optional(flag, undefined),
  seed: optional(seed, 0),
  verbose: optional(verbosity, 'auto'),
  signal: optional(signalReader, undefined),
  callbacks: optional(asGiven, []),
  resume: optional(flag, false),
  ...weightFields,
};

/** What is trained on. */
export type GivenData = { readonly x: TensorsLike; readonly y: TensorsLike } | { readonly batches: Batches };

/** Runs `model.fit`. */
export async function fitModel(
  model: Fitted,
  trainer: Trainer,
  given: GivenData,
  options: FitOptions,
): Promise<History> {
  const where = `${trainer.name}: fit`;
  const read = fields(options, where, fitFields);
  const list = startCallbacks(read.callbacks, `${where}: callbacks`);
  const batchSize = trainer.batchSizeOf(where, read.batchSize);
  const shuffle = read.shuffle ?? !trainer.isStateful;
  const { training, validation } = sourcesOf(trainer, where, given, { ...read, batchSize, shuffle });
  read.signal?.throwIfAborted();
  const fit = new RunningFit(model, trainer, where, {
    ...read,
    batchSize,
    shuffle,
    training,
    validation,
    list,
    progress: progressFor(read.verbose),
  });
  return fit.run();
}

type Read = {
  readonly validationSplit: number;
  readonly validationData: FitOptions['validationData'];
  readonly stepsPerEpoch: number | undefined;
  readonly batchSize: number;
  readonly shuffle: boolean;
} & WeightOptions;

function sourcesOf(
  trainer: Trainer,
  where: string,
  given: GivenData,
  read: Read,
): { training: Source; validation: Source | null } {
  const { validationSplit, validationData, stepsPerEpoch, batchSize, shuffle, sampleWeight, classWeight } = read;
  if (validationSplit > 0 && validationData !== undefined) {
    throw new TypeError(`${where}: expected validationSplit or validationData, got both`);
  }
  if ('batches' in given) {
    if (validationSplit > 0) mismatch(`${where}: validationSplit`, 'arrays to split', 'batches');
    if (sampleWeight !== undefined) mismatch(`${where}: sampleWeight`, 'batches [x, y, sampleWeight]', 'an option');
    const training = new IterableSource(trainer, where, given.batches, stepsPerEpoch, classWeight);
    return { training, validation: validationSource(trainer, where, validationData, batchSize) };
  }
  if (stepsPerEpoch !== undefined) mismatch(`${where}: stepsPerEpoch`, 'batches to iterate over', 'arrays');
  const weights: WeightOptions = {
    ...(sampleWeight !== undefined && { sampleWeight }),
    ...(classWeight !== undefined && { classWeight }),
  };
  const data = copyOf(trainer.readData(where, given.x, given.y, 'batches', weights));
  const split = validationData === undefined ? splitAt(where, data, validationSplit) : data.rows;
  if (trainer.isStateful) checkWholeBatches(where, split, batchSize);
  const training = new ArraySource(trainer, { data, from: 0, to: split }, batchSize, shuffle);
  // Stateful layers hold the states of one batch size: that of training, a copy of which validation goes on from.
  const ofValidation = trainer.isStateful ? Math.min(batchSize, split) : batchSize;
  if (split < data.rows) {
    checkStateful(trainer, where, data.rows - split, ofValidation);
    const rest = { data, from: split, to: data.rows };
    return { training, validation: new ArraySource(trainer, rest, ofValidation, false) };
  }
  return { training, validation: validationSource(trainer, where, validationData, ofValidation) };
}

function validationSource(
  trainer: Trainer,
  where: string,
  given: FitOptions['validationData'],
  batchSize: number,
): Source | null {
  if (given === undefined) return null;
  const title = `${where}: validationData`;
  if (!Array.isArray(given)) return new IterableSource(trainer, title, given as Batches, undefined);
  const [x, y, sampleWeight] = given as [TensorsLike, TensorsLike, WeightOptions['sampleWeight']?];
  const data = copyOf(trainer.readData(title, x, y, 'batches', sampleWeight === undefined ? {} : { sampleWeight }));
  checkStateful(trainer, where, data.rows, batchSize);
  return new ArraySource(trainer, { data, from: 0, to: data.rows }, batchSize, false);
}

/** As Keras: whole rows of the rest are trained on. A millionth of a row is rounding: 10 · (1 − 0.9) is less than 1. */
function splitAt(where: string, { rows }: Data, share: number): number {
  const split = rows - Math.ceil(rows * share - 1e-6);
  const leaves = split === 0 ? 'leaves none to train on' : 'gives none to validate on';
  if (split === 0 || (split === rows && share > 0)) {
    throw new RangeError(`${where}: validationSplit ${share} of ${rows} row(s) ${leaves}`);
  }
  return split;
}

function checkStateful({ isStateful }: Trainer, where: string, rows: number, batchSize: number): void {
  if (!isStateful || rows % batchSize === 0) return;
  throw new RangeError(
    `${where}: validation: stateful layers need batches of one size: expected a multiple of ${batchSize} rows, got ${rows}`,
  );
}

function progressFor(verbose: 'auto' | 0 | 1 | 2): Progress {
  if (verbose === 0) return silent;
  // A bar is drawn over and over: in a pipe or a file it would be noise.
  return verbose !== 2 && isTerminal() ? progressBar() : progressLines();
}
