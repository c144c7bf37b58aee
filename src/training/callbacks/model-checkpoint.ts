import {
  fields,
  finite,
  flag,
  mismatch,
  oneOf,
  optional,
  positiveInteger,
  text,
  type Reader,
} from '../../options/options.js';
import { batchLogNames, type Logs } from '../history.js';
import type { RunningCallback, Training } from './callback.js';
import { Monitor, monitorFields, type MonitorOptions } from './monitor.js';

export interface ModelCheckpointOptions extends Omit<MonitorOptions, 'minDelta'> {
  /**
   * The file, a template: {epoch} and {batch}, counted from 1, and {loss}, {valLoss} or any other of the logs. {epoch:03d} pads with
   * zeros, {valLoss:.4f} rounds. Without any, each checkpoint replaces the last.
   */
  path: string;
  /** 'epoch': after each epoch. A number: after so many batches, counted through the epochs. Default 'epoch'. */
  saveFreq?: 'epoch' | number;
  /** Whether to save only when `monitor` is better than at any save before. Default false. */
  saveBestOnly?: boolean;
  /** With `saveBestOnly`: what must be surpassed the first time. Default: none. */
  initialValueThreshold?: number;
  /** Whether the file is a checkpoint that training can go on from; otherwise it holds the model alone. Default true. */
  optimizer?: boolean;
}

export const saveFreqReader: Reader<'epoch' | number> = (value, where) =>
  typeof value === 'number' ? positiveInteger(value, where) : oneOf(['epoch'])(value, where);

const placeholder = /\{(\w+)(?::0?(\d+)d|:\.(\d+)f)?\}/g;

/**
 * Saves the model, with all that a training needs to go on, in one .safetensors file: written through a temporary file and a rename,
 * so that a process that dies leaves the last one whole. As `keras.callbacks.ModelCheckpoint`.
 */
export function runModelCheckpoint(given: unknown, where: string): RunningCallback {
  const { path, saveFreq, saveBestOnly, initialValueThreshold, optimizer, ...watched } = fields(given, where, {
    monitor: monitorFields.monitor,
    mode: monitorFields.mode,
    path: text,
    saveFreq: optional(saveFreqReader, 'epoch'),
    saveBestOnly: optional(flag, false),
    initialValueThreshold: optional(finite, undefined),
    optimizer: optional(flag, true),
  });
  // Without saveBestOnly nothing is watched, and the default need not be there.
  const monitor = saveBestOnly ? new Monitor(where, { ...watched, minDelta: 0 }) : null;
  let [best, batches] = [initialValueThreshold, 0];
  /** Where to save once every callback has seen this batch or epoch. */
  let due: string | null = null;
  const plan = (epoch: number, batch: number | null, logs: Logs): void => {
    const value = monitor?.valueIn(logs);
    if (monitor !== null) {
      if (value === undefined || !monitor.isBetter(value, best)) return;
      best = value;
    }
    due = fill(path, where, { ...logs, epoch: epoch + 1, ...(batch === null ? {} : { batch: batch + 1 }) });
  };
  return {
    saves: optimizer ? 'checkpoint' : 'model',
    onTrainBegin: ({ training }) => {
      monitor?.begin(training, saveFreq === 'epoch' ? 'epochs' : 'batches');
      checkTemplate(where, path, saveFreq, training);
    },
    onTrainBatchEnd: ({ epoch, batch, logs }) => {
      if (saveFreq === 'epoch' || ++batches < saveFreq) return;
      batches = 0;
      plan(epoch, batch, logs);
    },
    onEpochEnd: ({ epoch, logs }) => {
      if (saveFreq === 'epoch') plan(epoch, null, logs);
    },
    afterAll: ({ training }) => {
      if (due === null) return;
      const file = due;
      due = null;
      return training.save(file, { optimizer });
    },
    state: () => ({ numbers: { batches, ...(best !== undefined && { best }) } }),
    restore: ({ numbers = {} }) => {
      ({ best = best, batches = batches } = numbers);
    },
  };
}

/** Before anything is trained: a name that no log has would be found out only after an epoch. */
function checkTemplate(where: string, path: string, saveFreq: 'epoch' | number, { logNames }: Training): void {
  const logs = saveFreq === 'epoch' ? logNames : batchLogNames(logNames);
  const known = ['epoch', ...(saveFreq === 'epoch' ? [] : ['batch']), ...logs];
  for (const brace of path.match(/\{[^}]*\}?/g) ?? []) {
    const [match] = brace.matchAll(placeholder);
    if (match?.[0] === brace && known.includes(match[1] ?? '')) continue;
    const names = known.map((name) => `{${name}}`).join(', ');
    mismatch(`${where}: path`, `placeholders ${names}, such as {epoch:03d} or {loss:.4f}`, brace);
  }
}

function fill(path: string, where: string, values: Readonly<Record<string, number>>): string {
  return path.replace(placeholder, (brace, name: string, width: string | undefined, digits: string | undefined) => {
    const value = values[name];
    if (value === undefined) return mismatch(`${where}: path`, `${brace} in every epoch`, 'an epoch without');
    if (digits !== undefined) return value.toFixed(Number(digits));
    return String(value).padStart(Number(width ?? 0), '0');
  });
}
