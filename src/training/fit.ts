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
import { ArraySource } from './array-source.js';
import { isBatches, type Batches, type Source } from './batches.js';
import { startCallbacks, type CallbackOption } from './callbacks/callbacks.js';
import { copyOf, type Data } from './data.js';
import type { GivenData } from './given-data.js';
import type { History } from './history.js';
import { IterableSource } from './iterable-source.js';
import { spawn } from '#threads';
import { isTerminal, progressBar, progressLines } from '#progress';
import { silent, type Progress } from './progress/progress.js';
import { partsOf } from './parts.js';
import type { Signal } from './pauses.js';
import { RunningFit, type Fitted } from './running-fit.js';
import { weightFields, type WeightOptions } from './sample-weights.js';
import { Crew } from './threads/crew.js';
import type { Port } from './threads/port.js';
import type { Trainer } from './trainer.js';

export interface FitOptions extends WeightOptions {
  /** The epoch to end before; the first is 0. Default 1. */
  epochs?: number;
  /**
   * The epoch to begin with, of a training that goes on: it counts in logs, callbacks and `epochs`. With `resume` or a backup the
   * checkpoint says it. Default 0.
   */
  initialEpoch?: number;
  /** Default 32, or what the input's shape fixes. Not for iterables, whose batches are as they come. */
  batchSize?: number;
  /** Of an iterable that has no end: batches of an epoch; the next epoch goes on from there. Default: all that come. */
  stepsPerEpoch?: number;
  /**
   * The share of rows at the end, taken before shuffling, that is not trained on but evaluated after each epoch. In [0, 1);
   * whole rows of the rest are trained on. Default 0.
   */
  validationSplit?: number;
  /**
   * Data to evaluate after each epoch, instead of a split: [x, y], [x, y, sampleWeight], or batches to iterate over (no array of
   * them). Class weights do not count in it.
   */
  validationData?: readonly [TensorsLike, TensorsLike, WeightOptions['sampleWeight']?] | Batches;
  /** Of validation batches that have no end: how many are evaluated, from the first on each time. Default: all that come. */
  validationSteps?: number;
  /** After which epochs to evaluate it: every so many, or those of a list (the first is 1). Default 1. */
  validationFreq?: number | readonly number[];
  /** Whether the rows of arrays come in a new order each epoch. Default true; false for stateful models. */
  shuffle?: boolean;
  /** Of shuffling and dropout. Default 0: the same program gives the same bits. */
  seed?: number;
  /** 'auto' and 1: a bar in a terminal, plain lines elsewhere; 0: nothing; 2: plain lines. Default 'auto'. */
  verbose?: 'auto' | 0 | 1 | 2;
  /** An AbortSignal: stops after the current batch, or while a batch is waited for; `fit` then rejects with the signal's reason. */
  signal?: Signal;
  /** What is called as training goes on: of `callbacks`, or objects with hooks of one's own. */
  callbacks?: readonly CallbackOption[];
  /**
   * How many threads train, this one among them: each batch is cut into parts of at most 16 rows, whose gradients are added in their order. The
   * result has the same bits for any number of threads, 1 included, but not those of a training without this option. BatchNormalization
   * takes its statistics from each part. Of arrays no more threads are started than a batch has parts. Not for stateful models.
   * Default: whole batches, in this thread.
   */
  workers?: number;
  /**
   * Goes on from the checkpoint that the model was loaded from, given the same data and options: it ends with the same bits as a
   * training that was never stopped. Iterables are taken from their beginning, and what was trained is skipped. Default false.
   */
  resume?: boolean;
}

const share: Reader<number> = (value, where) =>
  typeof value === 'number' && value >= 0 && value < 1 ? value : refuse(where, 'a number in [0, 1)', value);

const verbosity: Reader<'auto' | 0 | 1 | 2> = (value, where) =>
  value === 'auto' || value === 0 || value === 1 || value === 2 ? value : refuse(where, "'auto', 0, 1 or 2", value);

const signalReader: Reader<Signal> = (value, where) =>
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
  validationSteps: optional(positiveInteger, undefined),
  validationFreq: optional(frequency, 1),
  shuffle: optional(flag, undefined),
  seed: optional(seed, 0),
  verbose: optional(verbosity, 'auto'),
  signal: optional(signalReader, undefined),
  callbacks: optional(asGiven, []),
  workers: optional(positiveInteger, undefined),
  resume: optional(flag, false),
  ...weightFields,
};

/** What a thread that trains for others is given by them. */
export interface FitHost {
  /** Instead of showing how it goes itself. */
  readonly progress?: Progress;
  /** To the other threads, instead of starting them. */
  readonly ports?: readonly Port[];
  /** Called when all was found right: from here on the model changes. */
  readonly begun?: () => void;
}

/** @internal Checks what can be checked of options alone. @throws TypeError, naming the option. */
export function readFitOptions(where: string, options: FitOptions) {
  return fields(options, where, fitFields);
}

/** Runs `model.fit`. */
export async function fitModel(
  model: Fitted,
  trainer: Trainer,
  given: GivenData,
  options: FitOptions,
  host: FitHost,
): Promise<History> {
  const where = `${trainer.name}: fit`;
  const read = readFitOptions(where, options);
  const list = startCallbacks(read.callbacks, `${where}: callbacks`);
  const { training, validation } = sourcesOf(trainer, where, given, read);
  if (read.workers !== undefined && trainer.isStateful) {
    mismatch(`${where}: workers`, 'a model without stateful layers, whose batches follow one another', 'one with');
  }
  if (read.workers !== undefined) trainer.checkTrainable(`${where}: workers`);
  read.signal?.throwIfAborted();
  const crew =
    read.workers === undefined
      ? null
      : await openCrew(model, trainer, host, threadsFor(read.workers, training.largest));
  try {
    const progress = host.progress ?? progressFor(read.verbose);
    const fit = new RunningFit(model, trainer, where, { ...read, training, validation, list, progress, crew });
    return await fit.run();
  } finally {
    await crew?.close();
  }
}

/**
 * How many threads train, this one among them: one that never had a part to run would cost its start.
 * @internal
 * @param largest the most rows of a batch; null: nobody knows
 */
export function threadsFor(workers: number, largest: number | null): number {
  return largest === null ? workers : Math.min(workers, Math.max(1, partsOf(largest)));
}

/** As many threads as are wanted beside this one. */
async function openCrew(model: Fitted, trainer: Trainer, { ports: given }: FitHost, workers: number): Promise<Crew> {
  const ports: Port[] = [...(given ?? [])];
  const { arithmetic, module } = trainer.workspace.build;
  try {
    if (given === undefined) while (ports.length < workers - 1) ports.push(spawn());
    return Crew.open(ports, () => ({ arithmetic, module: module(), ...model.shareable() }));
  } catch (error) {
    await Promise.all(ports.map((port) => port.close()));
    throw error;
  }
}

type Read = ReturnType<typeof fields<typeof fitFields>>;

interface Sources {
  readonly training: Source;
  readonly validation: Source | null;
}

function sourcesOf(trainer: Trainer, where: string, given: GivenData, read: Read): Sources {
  const { validationSplit, validationData, validationSteps, stepsPerEpoch } = read;
  if (validationSplit > 0 && validationData !== undefined) {
    throw new TypeError(`${where}: expected validationSplit or validationData, got both`);
  }
  if (validationSteps !== undefined && (validationData === undefined || Array.isArray(validationData))) {
    mismatch(
      `${where}: validationSteps`,
      'validationData to iterate over',
      validationData === undefined ? 'none' : 'arrays',
    );
  }
  if ('batches' in given) return ofBatches(trainer, where, given.batches, read);
  if (stepsPerEpoch !== undefined) mismatch(`${where}: stepsPerEpoch`, 'batches to iterate over', 'arrays');
  return ofArrays(trainer, where, given, read);
}

/** Options that say how arrays are cut into batches are refused: nobody would follow them. */
function ofBatches(trainer: Trainer, where: string, batches: Batches, read: Read): Sources {
  const {
    validationSplit,
    validationData,
    stepsPerEpoch: steps = null,
    shuffle,
    sampleWeight,
    classWeight,
    signal,
  } = read;
  if (validationSplit > 0) mismatch(`${where}: validationSplit`, 'arrays to split', 'batches');
  if (shuffle === true) mismatch(`${where}: shuffle`, 'arrays, whose rows can be shuffled', 'batches');
  if (read.batchSize !== undefined && !Array.isArray(validationData)) {
    mismatch(`${where}: batchSize`, 'arrays to cut into batches', 'batches');
  }
  if (sampleWeight !== undefined) mismatch(`${where}: sampleWeight`, 'batches [x, y, sampleWeight]', 'an option');
  const weighting = classWeight === undefined ? {} : { classWeight };
  const training = new IterableSource(trainer, where, batches, { steps, beginsAnew: false, signal, ...weighting });
  return { training, validation: validationSource(trainer, where, read, trainer.batchSizeOf(where, read.batchSize)) };
}

function ofArrays(
  trainer: Trainer,
  where: string,
  { x, y }: { readonly x: TensorsLike; readonly y: TensorsLike },
  read: Read,
): Sources {
  const { validationSplit, validationData, sampleWeight, classWeight } = read;
  const batchSize = trainer.batchSizeOf(where, read.batchSize);
  const shuffle = read.shuffle ?? !trainer.isStateful;
  const samples: WeightOptions = sampleWeight === undefined ? {} : { sampleWeight };
  const weights: WeightOptions = classWeight === undefined ? samples : { ...samples, classWeight };
  const data = copyOf(trainer.readData(where, x, y, 'batches', weights));
  const split = validationData === undefined ? splitAt(where, data, validationSplit) : data.rows;
  if (trainer.isStateful) checkWholeBatches(where, split, batchSize);
  const training = new ArraySource(trainer, { data, from: 0, to: split }, batchSize, shuffle);
  // Stateful layers hold the states of one batch size: that of training, a copy of which validation goes on from.
  const ofValidation = trainer.isStateful ? Math.min(batchSize, split) : batchSize;
  if (split === data.rows) return { training, validation: validationSource(trainer, where, read, ofValidation) };
  checkStateful(trainer, where, data.rows - split, ofValidation);
  // As Keras: class weights are of training alone.
  const own = classWeight === undefined ? data : copyOf(trainer.readData(where, x, y, 'batches', samples));
  const rest = { data: { ...data, weights: own.weights }, from: split, to: data.rows };
  return { training, validation: new ArraySource(trainer, rest, ofValidation, false) };
}

function validationSource(
  trainer: Trainer,
  where: string,
  { validationData: given, validationSteps: steps, signal }: Read,
  batchSize: number,
): Source | null {
  if (given === undefined) return null;
  const title = `${where}: validationData`;
  if (!Array.isArray(given)) {
    return new IterableSource(trainer, title, given as Batches, { steps: steps ?? null, beginsAnew: true, signal });
  }
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

/** @internal */
export function progressFor(verbose: 'auto' | 0 | 1 | 2): Progress {
  if (verbose === 0) return silent;
  // A bar is drawn over and over: in a pipe or a file it would be noise.
  return verbose !== 2 && isTerminal() ? progressBar() : progressLines();
}
