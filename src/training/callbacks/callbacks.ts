import { mismatch, oneOf, refuse, show, text } from '../../options/options.js';
import { runBackupAndRestore, type BackupAndRestoreOptions } from './backup-and-restore.js';
import { CallbackList, hookNames } from './callback-list.js';
import type { Callback, RunningCallback } from './callback.js';
import { runCSVLogger, type CSVLoggerOptions } from './csv-logger.js';
import { runEarlyStopping, type EarlyStoppingOptions } from './early-stopping.js';
import { runLearningRateScheduler, type LearningRateSchedulerOptions } from './learning-rate-scheduler.js';
import { runModelCheckpoint, type ModelCheckpointOptions } from './model-checkpoint.js';
import { runReduceLROnPlateau, type ReduceLROnPlateauOptions } from './reduce-lr-on-plateau.js';
import { runTerminateOnNaN } from './terminate-on-nan.js';

/** A callback with its options, as data: each `fit` that is given it starts it anew. Made by `callbacks`. */
export type CallbackSettings =
  | ({ readonly kind: 'earlyStopping' } & EarlyStoppingOptions)
  | ({ readonly kind: 'reduceLROnPlateau' } & ReduceLROnPlateauOptions)
  | ({ readonly kind: 'learningRateScheduler' } & LearningRateSchedulerOptions)
  | ({ readonly kind: 'csvLogger' } & CSVLoggerOptions)
  | { readonly kind: 'terminateOnNaN' }
  | ({ readonly kind: 'modelCheckpoint' } & ModelCheckpointOptions)
  | ({ readonly kind: 'backupAndRestore' } & BackupAndRestoreOptions);

/** What `fit` takes in `callbacks`: one of `callbacks`, or an object with hooks of one's own. */
export type CallbackOption = CallbackSettings | Callback;

/** Callbacks by Keras's names: `model.fit(x, y, { callbacks: [callbacks.earlyStopping({ patience: 5 })] })`. */
export const callbacks = {
  /**
   * Ends training when a loss or metric has got no better for some epochs. Defaults: monitor 'valLoss', mode 'auto', minDelta 0,
   * patience 0, no baseline, restoreBestWeights false, startFromEpoch 0.
   */
  earlyStopping: (options: EarlyStoppingOptions = {}): CallbackSettings => ({ ...options, kind: 'earlyStopping' }),
  /**
   * Multiplies the learning rate when a loss or metric has got no better for some epochs. Defaults: monitor 'valLoss', mode 'auto',
   * minDelta 1e-4, factor 0.1, patience 10, cooldown 0, minLearningRate 0.
   */
  reduceLROnPlateau: (options: ReduceLROnPlateauOptions = {}): CallbackSettings => ({
    ...options,
    kind: 'reduceLROnPlateau',
  }),
  /** Sets the learning rate before each epoch, by a function of the epoch and the last learning rate. */
  learningRateScheduler: (options: LearningRateSchedulerOptions): CallbackSettings => ({
    ...options,
    kind: 'learningRateScheduler',
  }),
  /** Writes the losses and metrics of each epoch to a file. Defaults: separator ',', append false. */
  csvLogger: (options: CSVLoggerOptions): CallbackSettings => ({ ...options, kind: 'csvLogger' }),
  /** Ends training, instead of rejecting, where a batch's loss, gradient or step is NaN or infinite. */
  terminateOnNaN: (): CallbackSettings => ({ kind: 'terminateOnNaN' }),
  /**
   * Saves the model, or a checkpoint that training can go on from, after epochs or batches. Defaults: saveFreq 'epoch', saveBestOnly
   * false, monitor 'valLoss', mode 'auto', optimizer true.
   */
  modelCheckpoint: (options: ModelCheckpointOptions): CallbackSettings => ({ ...options, kind: 'modelCheckpoint' }),
  /** Goes on from a backup after a crash, and keeps one while training runs. Defaults: saveFreq 'epoch', deleteCheckpoint true. */
  backupAndRestore: (options: BackupAndRestoreOptions): CallbackSettings => ({ ...options, kind: 'backupAndRestore' }),
};

const kinds: Readonly<Record<CallbackSettings['kind'], (options: unknown, where: string) => RunningCallback>> = {
  earlyStopping: runEarlyStopping,
  reduceLROnPlateau: runReduceLROnPlateau,
  learningRateScheduler: runLearningRateScheduler,
  csvLogger: runCSVLogger,
  terminateOnNaN: runTerminateOnNaN,
  modelCheckpoint: runModelCheckpoint,
  backupAndRestore: runBackupAndRestore,
};

/**
 * Starts the callbacks that `fit` was given.
 * @throws TypeError for an option that is unknown or out of range, or an object that has no hook or one that nobody knows.
 */
export function startCallbacks(given: unknown, where: string): CallbackList {
  if (!Array.isArray(given)) refuse(where, 'an array of callbacks', given);
  return new CallbackList(given.map((callback: unknown, i) => start(callback, `${where}[${i}]`)));
}

function start(given: unknown, where: string): RunningCallback {
  if (typeof given !== 'object' || given === null) {
    refuse(where, 'an object of callbacks (such as callbacks.earlyStopping()), or one with hooks', given);
  }
  if (!('kind' in given)) {
    checkHooks(given, where);
    return given;
  }
  const { kind, ...options } = given;
  const known = oneOf(Object.keys(kinds) as CallbackSettings['kind'][])(kind, `${where}: kind`);
  return { name: known, ...kinds[known](options, `${where} ${known}`) };
}

const aliases = ['onBatchBegin', 'onBatchEnd'];

/** A hook with a typing mistake would never be called. */
function checkHooks(callback: object, where: string): asserts callback is Callback {
  const known: readonly string[] = [...hookNames, ...aliases];
  const names = namesIn(callback);
  const wrong = names.find((name) => /^on[A-Z]/.test(name) && !known.includes(name));
  if (wrong !== undefined) mismatch(where, `hooks of ${known.join(', ')}`, wrong);
  const hooks = names.filter((name) => known.includes(name));
  if (hooks.length === 0) mismatch(where, `an object with a hook of ${known.join(', ')}`, show(callback));
  for (const alias of aliases) {
    const name = alias.replace('on', 'onTrain');
    if (hooks.includes(alias) && hooks.includes(name)) mismatch(where, `${name} or ${alias}`, 'both');
  }
  if ('name' in callback && callback.name !== undefined) text(callback.name, `${where}: name`);
  for (const name of [...hooks, 'state', 'restore']) {
    const value = (callback as Readonly<Record<string, unknown>>)[name];
    if (value !== undefined && typeof value !== 'function') refuse(`${where}: ${name}`, 'a function', value);
  }
}

/** Those of its class too. */
function namesIn(callback: object): string[] {
  const names: string[] = [];
  let level: object | null = callback;
  while (level !== null && level !== Object.prototype) {
    names.push(...Object.getOwnPropertyNames(level));
    level = Object.getPrototypeOf(level) as object | null;
  }
  return names;
}
