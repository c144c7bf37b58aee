import type { TensorsLike } from '../../graph/inputs.js';
import type { Model } from '../../model/model.js';
import type { Tensor, TensorLike } from '../../tensors/tensor.js';
import type { Logs } from '../history.js';
import type { NonFiniteLossError } from '../non-finite.js';

/**
 * What a callback is: an object with any of these hooks, named as Keras's and called as `fit` goes on. Each gets one argument,
 * which says where training is and lets the hook act on it. A hook may be async: `fit` waits for it. What a hook throws ends
 * `fit`, which rejects with it.
 * @example
 * await model.fit(x, y, {
 *   epochs: 100,
 *   callbacks: [{ onEpochEnd: ({ epoch, logs, training }) => { if (logs.loss < 0.01) training.stop(`after epoch ${epoch}`); } }],
 * });
 */
export interface Callback {
  /** How errors, notes and checkpoints name it; numbered where several have the same. Default 'callback'. */
  readonly name?: string;
  onTrainBegin?: Hook<TrainEvent>;
  /** Also after `stop`; not after an error or an abort. */
  onTrainEnd?: Hook<TrainEvent>;
  onEpochBegin?: Hook<EpochEvent>;
  /** After validation: the logs hold its losses and metrics (valLoss …) in the epochs that had one. */
  onEpochEnd?: Hook<EpochEvent & WithLogs>;
  onTrainBatchBegin?: Hook<BatchEvent>;
  /** The logs are those of the epoch so far. */
  onTrainBatchEnd?: Hook<BatchEvent & WithLogs>;
  /** Keras's other name of onTrainBatchBegin; an object has one of the two. */
  onBatchBegin?: Hook<BatchEvent>;
  /** Keras's other name of onTrainBatchEnd; an object has one of the two. */
  onBatchEnd?: Hook<BatchEvent & WithLogs>;
  /** Of the validation after an epoch. */
  onTestBegin?: Hook<EpochEvent>;
  /** The logs are named as `evaluate` names them: loss, not valLoss. */
  onTestEnd?: Hook<EpochEvent & WithLogs>;
  onTestBatchBegin?: Hook<BatchEvent>;
  onTestBatchEnd?: Hook<BatchEvent & WithLogs>;
  /**
   * A batch's loss, gradient or step was NaN or infinite: it was undone, weights and optimizer are as before it. If a hook calls
   * `training.stop()`, `fit` ends there and gives its history; otherwise it rejects with the error.
   */
  onNonFiniteLoss?: Hook<BatchEvent & { readonly error: NonFiniteLossError }>;
  /** What the callback must know to go on in a training that is resumed. Kept in checkpoints. */
  state?(): CallbackState;
  /** Takes back what `state` gave, before onTrainBegin. */
  restore?(state: CallbackState): void;
}

/** What it gives is of no account, unless it is a promise, which is waited for. */
export type Hook<Event> = (event: Event) => unknown;

export interface TrainEvent {
  /** May be read and asked to predict; what changes it is refused while `fit` runs: `training` has what may change. */
  readonly model: ModelInTraining;
  readonly training: Training;
}

export interface EpochEvent extends TrainEvent {
  /** Counted from 0. */
  readonly epoch: number;
}

export interface BatchEvent extends EpochEvent {
  /** Counted from 0 in each epoch. */
  readonly batch: number;
}

export interface WithLogs {
  /** Losses and metrics by name; `loss` is always there. */
  readonly logs: Logs;
}

export type ModelInTraining = Model & {
  evaluate(x: TensorsLike, y: TensorsLike, options?: { batchSize?: number }): Logs;
};

/** A running `fit`, as its callbacks see and steer it. */
export interface Training {
  /** The epoch that it ends before: epochs e with e < epochs are trained. */
  readonly epochs: number;
  /** Batches of an epoch; null where that shows only at its end, as with an iterable. */
  readonly batches: number | null;
  /** The names that the logs of an epoch can have, those of validation included: loss, mae, valLoss, valMae. */
  readonly logNames: readonly string[];
  /** @internal Whether less or more of one of them is better; undefined: nobody knows. */
  modeOf?(logName: string): 'min' | 'max' | undefined;
  /**
   * Of the next step. What it is set to stays, also in checkpoints.
   * @throws Error when it is set and a schedule of the optimizer decides it; TypeError for anything but a positive number.
   */
  learningRate: number;
  /** Ends `fit` after the hooks of this event: what is left of the epoch is not trained. `reason` is noted. */
  stop(reason?: string): void;
  /** Tells the user something: one line, printed unless `verbose` is 0, and kept in the history's `notes`. */
  note(text: string): void;
  /** Copies of all weights, in the order of `model.getWeights`. */
  getWeights(): Tensor[];
  /** Puts them back; the optimizer's state stays. Between batches only, which is where hooks run. */
  setWeights(weights: readonly TensorLike[]): void;
  /**
   * Stateful layers start from zeros again, with the next batch, as where a new sequence begins:
   * `{ onEpochBegin: ({ training }) => training.resetStates() }`.
   */
  resetStates(): void;
  /**
   * Writes the model to a .safetensors file, through a temporary file and a rename. With the optimizer (the default) the file is a
   * checkpoint: it also holds the place in the training and the state of every callback, and training goes on from it. Callbacks
   * behind the one that saves have not seen the event then: such a one comes last.
   */
  save(path: string, options?: { readonly optimizer?: boolean }): Promise<void>;
  /** @throws Error where there is no file system. */
  readonly files: Files;
}

/** What callbacks do with files. */
export interface Files {
  /** null if there is no such file. */
  read(path: string): Promise<Uint8Array | null>;
  /** Through a temporary file and a rename: nobody meets half a file. Folders that lack are made. */
  write(path: string, bytes: Uint8Array): Promise<void>;
  append(path: string, bytes: Uint8Array): Promise<void>;
  /** Whether it is there or not. */
  remove(path: string): Promise<void>;
}

/** Plain data: it is kept in files, and sent between threads. */
export interface CallbackState {
  readonly numbers?: Readonly<Record<string, number>>;
  /** Whoever is given them owns them. */
  readonly tensors?: Readonly<Record<string, { readonly data: Float32Array; readonly shape: readonly number[] }>>;
}

/** A callback of ours as `fit` runs it; it lives as long as one `fit`. */
export interface RunningCallback extends Callback {
  /** Asked before anything else: a checkpoint that `fit` is to go on from; null if there is none. */
  checkpoint?(files: Files): Promise<Uint8Array | null>;
  /** What it will save: whether that can be is found out before anything is trained. */
  readonly saves?: 'model' | 'checkpoint';
  /**
   * Called when every callback has seen the end of a batch, an epoch or the training: what is saved here holds the states of all,
   * whatever their order.
   */
  afterAll?(event: TrainEvent): void | Promise<void>;
}
