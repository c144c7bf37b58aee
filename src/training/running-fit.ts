import type { RandomPlace } from '../graph/randomness.js';
import type { Tensor, TensorLike } from '../tensors/tensor.js';
import type { RowBatch, Source, SourcePlace } from './batches.js';
import type { CallbackList } from './callbacks/callback-list.js';
import type { Files, ModelInTraining, Training } from './callbacks/callback.js';
import { checkSameData, type FitPlace } from './checkpoint.js';
import { ErrorTotals } from './error-totals.js';
import { HistoryRecorder, prefixed, type History, type Logs } from './history.js';
import type { Counts, Found, RunningPart } from './kept-training.js';
import { NonFiniteLossError } from './non-finite.js';
import { Pauses, type Signal } from './pauses.js';
import type { Progress } from './progress/progress.js';
import type { Crew } from './threads/crew.js';
import type { Trainer } from './trainer.js';

/** What `fit` wants of the model. */
export interface Fitted {
  readonly model: ModelInTraining;
  readonly counts: Counts;
  readonly files: Files;
  /** While `fit` runs, which others may not. */
  setWeights(weights: readonly TensorLike[]): void;
  resetStates(): void;
  /** The file's bytes; with a place, also what training needs to go on from there. */
  toBytes(running: RunningPart | null): Uint8Array;
  /** @throws Error, naming what no file can hold. */
  checkSavable(what: 'model' | 'checkpoint'): void;
  /** Reads a file of this model's training. */
  fromBytes(where: string, bytes: Uint8Array): Found;
  /** What the model was loaded from, if nothing has trained it since; taking it over leaves the weights. */
  loaded(where: string): Found | undefined;
  /** Called when training begins: what the model was loaded from is no more. */
  forgetLoaded(): void;
  /** What others need to run parts of its batches. */
  shareable(): { readonly file: Uint8Array; readonly compile: string };
}

export interface FitSettings {
  readonly epochs: number;
  readonly initialEpoch: number;
  readonly seed: number;
  readonly signal: Signal | undefined;
  readonly resume: boolean;
  readonly validationFreq: number | readonly number[];
  readonly verbose: 'auto' | 0 | 1 | 2;
  readonly training: Source;
  readonly validation: Source | null;
  readonly list: CallbackList;
  readonly progress: Progress;
  /** Who runs the parts of batches; null: there are no parts. */
  readonly crew: Crew | null;
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
  readonly #pauses: Pauses;
  #totals = new ErrorTotals();
  /** The epoch that is trained, or comes next, and how many of its batches were trained. */
  #epoch: number;
  #batch = 0;
  #source: SourcePlace | null = null;
  #randomEpoch: number;
  #stopped = false;
  /** Batches of the epoch before: of an iterable nobody knows more. */
  #batchesBefore: number | null = null;

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
    this.#pauses = new Pauses(settings.signal);
    this.#randomEpoch = fitted.counts.epochs;
  }

  get files(): Files {
    return this.#fitted.files;
  }

  modeOf(logName: string): 'min' | 'max' | undefined {
    const ofTraining = this.logNames.find((name) => prefixed('val', name) === logName);
    return this.#trainer.modeOf(ofTraining ?? logName);
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
    this.#settings.crew?.setWeights(() => this.getWeights());
  }

  resetStates(): void {
    this.#fitted.resetStates();
  }

  async save(path: string, { optimizer = true }: { readonly optimizer?: boolean } = {}): Promise<void> {
    const bytes = this.#fitted.toBytes(
      optimizer ? { place: this.#place(), callbacks: this.#settings.list.states() } : null,
    );
    await this.files.write(path, bytes);
  }

  async run(): Promise<History> {
    const { list, progress, epochs, training, validation } = this.#settings;
    const event = { model: this.#fitted.model, training: this };
    try {
      if (list.saves !== null) this.#fitted.checkSavable(list.saves);
      await this.#resume();
      this.#fitted.forgetLoaded();
      await list.call('onTrainBegin', event);
      // A checkpoint may be of the middle of an epoch, also of one that was stopped there.
      let isInside = this.#batch > 0;
      while (this.#epoch < epochs && (isInside || !this.#stopped)) {
        if (!isInside) await this.#beginEpoch();
        isInside = false;
        // Without a batch there is no epoch: one was stopped before its first.
        if (!(await this.#trainEpoch()) || this.#batch === 0) break;
        await this.#endEpoch();
      }
      this.#trainer.finalizeWeights();
      await list.call('onTrainEnd', event);
    } finally {
      progress.close();
      await training.close();
      await validation?.close();
    }
    return this.#recorder;
  }

  async #beginEpoch(): Promise<void> {
    this.#randomEpoch = this.#fitted.counts.epochs;
    const { model } = this.#fitted;
    await this.#settings.list.call('onEpochBegin', { model, training: this, epoch: this.#epoch });
  }

  /** False: a callback ended the training at a batch that failed. */
  async #trainEpoch(): Promise<boolean> {
    if (this.#stopped) return true;
    const { training, list, seed } = this.#settings;
    const { counts, model } = this.#fitted;
    const random = { seed, epoch: this.#randomEpoch };
    const place = { epoch: this.#epoch, batch: this.#batch, source: this.#source };
    for await (const batch of training.epoch(place, random)) {
      const event = { model, training: this, epoch: this.#epoch, batch: this.#batch };
      // Most hooks are not async, and there are many batches.
      const beginning = list.call('onTrainBatchBegin', event);
      if (beginning !== undefined) await beginning;
      if (this.#wasStopped()) break;
      if (!(await this.#trainBatch(batch, random))) return false;
      // Only now: an epoch without a batch has drawn nothing from them.
      counts.epochs = random.epoch + 1;
      this.#batch++;
      this.#source = batch.after;
      const logs = this.#trainer.logsOf(this.#totals);
      this.#showBatch(logs);
      const ending = list.call('onTrainBatchEnd', { ...event, logs });
      if (ending !== undefined) await ending;
      await this.#pauses.pause();
      if (this.#wasStopped()) break;
    }
    return true;
  }

  /** What a hook may have changed meanwhile. */
  #wasStopped(): boolean {
    return this.#stopped;
  }

  #showBatch(logs: Logs): void {
    const { progress, epochs } = this.#settings;
    const total = this.batches ?? this.#batchesBefore;
    progress.batch(this.#epoch, epochs, this.#batch, total && Math.max(total, this.#batch), logs);
  }

  async #trainBatch(batch: RowBatch, random: RandomPlace): Promise<boolean> {
    const place = { epoch: this.#epoch, batch: this.#batch };
    const { data, indices } = batch;
    const { crew } = this.#settings;
    const [trainer, where] = [this.#trainer, this.#where];
    try {
      const errors =
        crew === null
          ? trainer.trainBatch(where, data, indices, random, place)
          : await trainer.trainParts(where, batch, random, place, (parts) => crew.run(where, parts, trainer.parts));
      this.#totals.add(errors, indices.length);
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
    this.#batchesBefore = this.#batch;
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
    const place = { epoch: this.#epoch, batch: 0, source: null };
    try {
      let batch = 0;
      for await (const { data, indices } of source.epoch(place, { seed: 0, epoch: 0 })) {
        await list.call('onTestBatchBegin', { ...event, batch });
        totals.add(this.#trainer.evaluateBatch(`${this.#where}: validation`, data, indices, states), indices.length);
        await list.call('onTestBatchEnd', { ...event, batch, logs: this.#trainer.logsOf(totals) });
        batch++;
        await this.#pauses.pause();
      }
    } finally {
      states.reset();
    }
    const logs = this.#trainer.logsOf(totals);
    await list.call('onTestEnd', { ...event, logs });
    return Object.fromEntries(Object.entries(logs).map(([name, value]) => [prefixed('val', name), value]));
  }

  /** What must be as it was when training goes on. Batches in parts give other bits than whole ones. */
  get #data(): FitPlace['data'] {
    const { training, crew } = this.#settings;
    return { ...training.settings, workers: crew !== null };
  }

  #place(): FitPlace {
    const { seed } = this.#settings;
    const { epoch, history, notes } = this.#recorder;
    return {
      epoch: this.#epoch,
      batch: this.#batch,
      source: this.#source,
      stopped: this.#stopped,
      seed,
      randomEpoch: this.#randomEpoch,
      data: this.#data,
      totals: this.#totals.save(),
      history: { epoch, history },
      notes,
    };
  }

  /** Goes on from a checkpoint, if one is wanted or there. Nothing is changed when it is of another training. */
  async #resume(): Promise<void> {
    const { list, resume, seed } = this.#settings;
    const where = `${this.#where}: resume`;
    const bytes = resume ? null : await list.checkpoint(this.files);
    const found = resume
      ? this.#fitted.loaded(where)
      : bytes === null
        ? undefined
        : this.#fitted.fromBytes(where, bytes);
    if (found === undefined && !resume) return;
    const place = found?.checkpoint.place ?? null;
    if (found === undefined || place === null) {
      const [what, how] = resume ? ['model', 'loaded from'] : ['backup', 'written as'];
      throw new Error(
        `${where}: the ${what} was not ${how} a checkpoint of fit${resume ? ', or was changed since' : ''}`,
      );
    }
    checkSameData(where, place, seed, this.#data);
    found.take();
    this.#settings.crew?.setWeights(() => this.getWeights());
    list.restore(found.checkpoint.callbacks);
    ({
      epoch: this.#epoch,
      batch: this.#batch,
      source: this.#source,
      stopped: this.#stopped,
      randomEpoch: this.#randomEpoch,
    } = place);
    this.#totals.restore(place.totals);
    this.#recorder.restore(place.history, place.notes);
  }
}
