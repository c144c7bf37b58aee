/** A training that trains nothing: it plays given logs to callbacks, as `fit` does, and keeps what they do. */
import { layers, sequential } from '../../src/index.js';
import { startCallbacks } from '../../src/training/callbacks/callbacks.js';
import type { CallbackList } from '../../src/training/callbacks/callback-list.js';
import type { CallbackState, Files, Training } from '../../src/training/callbacks/callback.js';
import type { Logs } from '../../src/training/history.js';
import { NonFiniteLossError } from '../../src/training/non-finite.js';
import { tensor, type Tensor, type TensorLike } from '../../src/tensors/tensor.js';

export interface Played {
  readonly list: CallbackList;
  readonly notes: string[];
  /** Epochs that were trained. */
  readonly epochs: number;
  /** The weight: the number of the epoch whose end it is of, counted from 1. */
  readonly weight: number;
  readonly learningRates: number[];
  /** What was saved, and the callbacks' states at that time. */
  readonly saved: { path: string; optimizer: boolean | undefined; states: Record<string, CallbackState> }[];
}

export interface PlayOptions {
  readonly callbacks: unknown;
  readonly logs: readonly Logs[];
  readonly logNames?: readonly string[];
  readonly modeOf?: (logName: string) => 'min' | 'max' | undefined;
  readonly batches?: number;
  readonly from?: number;
  readonly states?: Readonly<Record<string, CallbackState>>;
  readonly files?: Files;
  /** A batch of this epoch fails. */
  readonly failingEpoch?: number;
  readonly learningRate?: number;
  readonly isScheduled?: boolean;
}

export function memoryFiles(
  contents: Record<string, string> = {},
): Files & { readonly contents: Record<string, string> } {
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return {
    contents,
    read: (path) => Promise.resolve(path in contents ? new TextEncoder().encode(contents[path]) : null),
    write: (path, bytes) => {
      contents[path] = decode(bytes);
      return Promise.resolve();
    },
    append: (path, bytes) => {
      contents[path] = (contents[path] ?? '') + decode(bytes);
      return Promise.resolve();
    },
    remove: (path) => {
      // eslint-disable-next-line @typescript-eslint/no-dynamic-delete
      delete contents[path];
      return Promise.resolve();
    },
  };
}

export async function play(options: PlayOptions): Promise<Played> {
  const { logs, batches = 1, from = 0, states = {}, files = memoryFiles(), isScheduled = false } = options;
  const list = startCallbacks(options.callbacks, 'fit: callbacks');
  const [notes, learningRates, saved]: [string[], number[], Played['saved']] = [[], [], []];
  let [weight, learningRate, stopped] = [from, options.learningRate ?? 0.1, false];
  const training: Training = {
    epochs: logs.length,
    batches,
    logNames: options.logNames ?? Object.keys(logs[0] ?? { loss: 0 }),
    modeOf: (logName) => options.modeOf?.(logName),
    get learningRate() {
      return learningRate;
    },
    set learningRate(value) {
      if (isScheduled) throw new Error('fit: learningRate: a schedule decides it');
      learningRate = value;
    },
    stop: (reason) => {
      stopped = true;
      if (reason !== undefined) notes.push(reason);
    },
    note: (text) => notes.push(text),
    getWeights: () => [tensor([weight])] satisfies Tensor[],
    setWeights: ([given]: readonly TensorLike[]) => {
      weight = tensor(given).data[0];
    },
    resetStates: () => undefined,
    save: (path, { optimizer } = {}) => {
      saved.push({ path, optimizer, states: structuredClone(list.states()) });
      return Promise.resolve();
    },
    files,
  };
  const model = sequential({ layers: [layers.dense({ units: 1, inputShape: [1] })] });
  const event = { model, training };
  list.restore(states);
  await list.call('onTrainBegin', event);
  let epoch = from;
  while (epoch < logs.length && !stopped) {
    await list.call('onEpochBegin', { ...event, epoch });
    learningRates.push(learningRate);
    for (let batch = 0; batch < batches && !stopped; batch++) {
      await list.call('onTrainBatchBegin', { ...event, epoch, batch });
      if (epoch === options.failingEpoch) {
        const error = new NonFiniteLossError('model', 'the loss is NaN', { epoch, batch }, 'dense', NaN);
        await list.call('onNonFiniteLoss', { ...event, epoch, batch, error });
        if (!stopped) throw error;
        continue;
      }
      await list.call('onTrainBatchEnd', { ...event, epoch, batch, logs: { loss: logs[epoch].loss } });
    }
    if (epoch === options.failingEpoch) break;
    weight = ++epoch;
    await list.call('onEpochEnd', { ...event, epoch: epoch - 1, logs: logs[epoch - 1] });
  }
  await list.call('onTrainEnd', event);
  return { list, notes, epochs: epoch, weight, learningRates, saved };
}
