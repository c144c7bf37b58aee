import type { Tensor, TensorLike } from '../tensors/tensor.js';
import { mismatch } from '../options/options.js';
import type { RowBatch, Source } from './batches.js';
import type { CallbackList } from './callbacks/callback-list.js';
import type { Files, ModelInTraining, Training } from './callbacks/callback.js';
import type { Checkpoint, FitPlace } from './checkpoint.js';
import { ErrorTotals } from './error-totals.js';
import { HistoryRecorder, prefixed, type History, type Logs } from './history.js';
import { NonFiniteLossError } from './non-finite.js';
import type { Progress } from './progress/progress.js';
import type { Trainer } from './trainer.js';

/** How long training may hold the event loop, in ms. */
const holdTime = 30;

/** What a model has trained so far; random numbers go by it. */
export interface Counts {
  /** Of `trainOnBatch`. */
  steps: number;
  /** Of `fit`: those that were begun. */
  epochs: number;
}

/** What `fit` wants of the model. */
export interface Fitted {
  readonly model: ModelInTraining;
  readonly counts: Counts;
  readonly files: Files;
  /** While `fit` runs, which others may not. */
  setWeights(weights: readonly TensorLike[]): void;
  /** The file's bytes; with a place, also what training needs to go on from there. */
  toBytes(running: Pick<Checkpoint, 'place' | 'callbacks'> | null): Uint8Array;
  /** Takes weights, optimizer and states from a file; gives its checkpoint. */
  fromBytes(where: string, bytes: Uint8Array): Checkpoint;
  /** The checkpoint that the model was loaded from. */
  readonly loaded: Checkpoint | undefined;
}

export interface FitSettings {
  readonly epochs: number;
  readonly initialEpoch: number;
  readonly batchSize: number;
  readonly shuffle: boolean;
  readonly seed: number;
  readonly signal: AbortSignal | undefined;
  readonly resume: boolean;
  readonly validationFreq: number | readonly number[];
  readonly verbose: 'auto' | 0 | 1 | 2;
  readonly training: Source;
  readonly validation: Source | null;
  readonly list: CallbackList;
  readonly progress: Progress;
}

/** One `fit` from its first batch to its last, as its callbacks see it. */
export class RunningFit implements Training {
  readonly epochs: number;
  readonly batches: number | null;
  readonly logNames: readonly string[];
  readonly #fitted: Fitted;
  readonly #trainer: Trainer;
  readonly #where: string;
  readonly #settings: FitSettings;
  readonly #recorder = new HistoryRecorder();
  #totals = new ErrorTotals();
  #epoch: number;
  #batch = 0;
  #randomEpoch: number;
  #stopped = false;
  #lastPause = Date.now();

  constructor(fitted: Fitted, trainer: Trainer, where: string, settings: FitSettings) {
    const { training, validation, epochs, initialEpoch } = settings;
    this.#fitted = fitted;
    this.#trainer = trainer;
    this.#where = where;
    this.#settings = settings;
    this.epochs = epochs;
    this.batches = training.batches;
    const names = Object.keys(trainer.logsOf({ loss: 0, sums: [] }));
    const norm = trainer.logsGradientNorm ? ['gradientNorm'] : [];
    this.logNames = [...names, ...norm, ...(validation === null ? [] : names.map((name) => prefixed('val', name)))];
    this.#epoch = initialEpoch;
    this.#randomEpoch = fitted.counts.epochs;
  }

  get files(): Files {
    return this.#fitted.files;
  }

  get learningRate(): number {
    return this.#trainer.learningRate;
  }

  set learningRate(value: number) {
    this.#trainer.setLearningRate(`${this.#where}: learningRate`, value);
  }

  stop(reason?: string): void {
    this.#stopped = true;
    if (reason !== undefined) this.note(reason);
  }

  note(text: string): void {
    this.#recorder.notes.push(text);
    if (this.#settings.verbose !== 0) this.#settings.progress.note(text);
  }

  getWeights(): Tensor[] {
    return this.#fitted.model.getWeights();
  }

  setWeights(weights: readonly TensorLike[]): void {
    this.#fitted.setWeights(weights);
  }

  async save(path: string, { optimizer = true }: { readonly optimizer?: boolean } = {}): Promise<void> {
    const bytes = this.#fitted.toBytes(
      optimizer ? { place: this.#place(), callbacks: this.#settings.list.states() } : null,
    );
    await this.files.write(path, bytes);
  }

  async run(): Promise<History> {
    const { list, progress, epochs } = this.#settings;
    const resumed = await this.#resume();
    const event = { model: this.#fitted.model, training: this };
    try {
      await list.call('onTrainBegin', event);
      let isInside = resumed && this.#batch > 0;
      while (this.#epoch < epochs && !this.#stopped) {
        if (!isInside) await this.#beginEpoch();
        isInside = false;
        if (!(await this.#trainEpoch())) break;
        await this.#endEpoch();
      }
      this.#trainer.finalizeWeights();
      await list.call('onTrainEnd', event);
    } finally {
      progress.close();
    }
    return this.#recorder;
  }

  async #beginEpoch(): Promise<void> {
    this.#batch = 0;
    this.#totals = new ErrorTotals();
    this.#randomEpoch = this.#fitted.counts.epochs;
    const { model } = this.#fitted;
    await this.#settings.list.call('onEpochBegin', { model, training: this, epoch: this.#epoch });
  }

  /** False: a callback ended the training at a batch that failed. */
  async #trainEpoch(): Promise<boolean> {
    const { training, list, progress, epochs, seed } = this.#settings;
    const { counts, model } = this.#fitted;
    const random = { seed, epoch: this.#randomEpoch };
    for await (const batch of training.epoch(this.#epoch, random, this.#batch)) {
      if (this.#stopped) break;
      const event = { model, training: this, epoch: this.#epoch, batch: this.#batch };
      // Most hooks are not async, and there are many batches.
      const beginning = list.call('onTrainBatchBegin', event);
      if (beginning !== undefined) await beginning;
      if (!(await this.#trainBatch(batch, random))) return false;
      // Only now: an epoch without a batch has drawn nothing from them.
      counts.epochs = random.epoch + 1;
      this.#batch++;
      const logs = this.#trainer.logsOf(this.#totals);
      if (this.batches !== null) progress.batch(this.#epoch, epochs, this.#batch, this.batches, logs);
      const ending = list.call('onTrainBatchEnd', { ...event, logs });
      if (ending !== undefined) await ending;
      await this.#pause();
    }
    return true;
  }

  async #trainBatch({ data, indices }: RowBatch, random: { seed: number; epoch: number }): Promise<boolean> {
    const place = { epoch: this.#epoch, batch: this.#batch };
    try {
      this.#totals.add(this.#trainer.trainBatch(this.#where, data, indices, random, place), indices.length);
      return true;
    } catch (error) {
      if (!(error instanceof NonFiniteLossError)) throw error;
      const { model } = this.#fitted;
      await this.#settings.list.call('onNonFiniteLoss', { model, training: this, ...place, error });
      if (!this.#stopped) throw error;
      return false;
    }
  }

  async #endEpoch(): Promise<void> {
    const { validation, list, progress, epochs } = this.#settings;
    const epoch = this.#epoch;
    let logs: Logs = this.#trainer.logsOf(this.#totals);
    if (validation !== null && this.#isValidated(epoch)) logs = { ...logs, ...(await this.#validate(validation)) };
    this.#recorder.add(epoch, logs);
    progress.epoch(epoch, epochs, logs);
    // What is saved now goes on with the next epoch.
    this.#epoch++;
    this.#batch = 0;
    this.#totals = new ErrorTotals();
    await list.call('onEpochEnd', { model: this.#fitted.model, training: this, epoch, logs });
  }

  #isValidated(epoch: number): boolean {
    const { validationFreq } = this.#settings;
    return typeof validationFreq === 'number' ? (epoch + 1) % validationFreq === 0 : validationFreq.includes(epoch + 1);
  }

  /** Losses and metrics over the validation data, under Keras's names; stateful layers go on from a copy of their states. */
  async #validate(source: Source): Promise<Record<string, number>> {
    const { list } = this.#settings;
    const event = { model: this.#fitted.model, training: this, epoch: this.#epoch };
    await list.call('onTestBegin', event);
    const totals = new ErrorTotals();
    const states = this.#trainer.copyStates();
    try {
      let batch = 0;
      for await (const { data, indices } of source.epoch(this.#epoch, { seed: 0, epoch: 0 }, 0)) {
        await list.call('onTestBatchBegin', { ...event, batch });
        totals.add(this.#trainer.evaluateBatch(`${this.#where}: validation`, data, indices, states), indices.length);
        await list.call('onTestBatchEnd', { ...event, batch, logs: this.#trainer.logsOf(totals) });
        batch++;
        await this.#pause();
      }
    } finally {
      states.reset();
    }
    const logs = this.#trainer.logsOf(totals);
    await list.call('onTestEnd', { ...event, logs });
    return Object.fromEntries(Object.entries(logs).map(([name, value]) => [prefixed('val', name), value]));
  }

  /** Lets other tasks run when training has held the event loop for long enough; throws the reason of a signal that came. */
  async #pause(): Promise<void> {
    if (Date.now() - this.#lastPause >= holdTime) {
      await new Promise<void>((resolve) => {
        setTimeout(resolve, 0);
      });
      this.#lastPause = Date.now();
    }
    this.#settings.signal?.throwIfAborted();
  }

  #place(): FitPlace {
    const { seed, batchSize, shuffle, training } = this.#settings;
    const { epoch, history, notes } = this.#recorder;
    return {
      epoch: this.#epoch,
      batch: this.#batch,
      stopped: this.#stopped,
      seed,
      randomEpoch: this.#randomEpoch,
      rows: training.rows,
      batchSize,
      shuffle,
      totals: this.#totals.save(),
      history: { epoch, history },
      notes,
    };
  }

  /** Whether a checkpoint was there to go on from. */
  async #resume(): Promise<boolean> {
    const { list, resume } = this.#settings;
    const { loaded } = this.#fitted;
    if (resume && (loaded?.place ?? null) === null) {
      throw new Error(`${this.#where}: resume: the model was not loaded from a checkpoint of fit`);
    }
    const bytes = resume ? null : await list.checkpoint(this.files);
    const checkpoint = resume ? loaded : bytes === null ? undefined : this.#fitted.fromBytes(this.#where, bytes);
    const place = checkpoint?.place ?? null;
    if (checkpoint === undefined || place === null) return false;
    this.#checkSame(place);
    list.restore(checkpoint.callbacks);
    [this.#epoch, this.#batch, this.#stopped] = [place.epoch, place.batch, place.stopped];
    this.#randomEpoch = place.randomEpoch;
    this.#totals.restore(place.totals);
    this.#recorder.restore(place.history, place.notes);
    return true;
  }

  #checkSame(place: FitPlace): void {
    const { seed, batchSize, shuffle, training } = this.#settings;
    const now = { seed, batchSize, shuffle, rows: training.rows };
    for (const [name, value] of Object.entries(now)) {
      const then = place[name as keyof typeof now];
      if (then !== value) mismatch(`${this.#where}: resume: ${name}`, `${then}, as in the checkpoint`, String(value));
    }
  }
}
