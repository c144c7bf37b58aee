import { fields, nonNegative, nonNegativeInteger, number, optional } from '../../options/options.js';
import type { RunningCallback } from './callback.js';
import { Monitor, monitorFields, type MonitorOptions } from './monitor.js';

export interface ReduceLROnPlateauOptions extends MonitorOptions {
  /** What the learning rate is multiplied by, in (0, 1). Default 0.1. */
  factor?: number;
  /** How many epochs in a row may bring nothing better; after that many it is reduced. Default 10. */
  patience?: number;
  /** Epochs after a reduction that are not counted. Default 0. */
  cooldown?: number;
  /** It is not reduced below it, nor to what float32 holds as 0. Default 0. */
  minLearningRate?: number;
}

/** Reduces the learning rate when training gets no better. As `keras.callbacks.ReduceLROnPlateau`. */
export function runReduceLROnPlateau(given: unknown, where: string): RunningCallback {
  const options = fields(given, where, {
    ...monitorFields,
    minDelta: optional(nonNegative, 1e-4),
    factor: optional(
      number('a number in (0, 1)', (n) => n > 0 && n < 1),
      0.1,
    ),
    patience: optional(nonNegativeInteger, 10),
    cooldown: optional(nonNegativeInteger, 0),
    minLearningRate: optional(nonNegative, 0),
  });
  const { factor, patience, cooldown, minLearningRate } = options;
  const monitor = new Monitor(where, options);
  let [wait, cooling] = [0, 0];
  let best: number | undefined;
  return {
    onTrainBegin: ({ training }) => {
      monitor.begin(training);
      // Where a schedule decides, this throws: now, and not on the first plateau.
      const { learningRate } = training;
      training.learningRate = learningRate;
    },
    onEpochEnd: ({ epoch, logs, training }) => {
      const value = monitor.valueIn(logs);
      if (value === undefined) return;
      if (cooling > 0) [cooling, wait] = [cooling - 1, 0];
      if (monitor.isBetter(value, best)) {
        [best, wait] = [value, 0];
        return;
      }
      if (cooling > 0) return;
      wait++;
      if (wait < patience || training.learningRate <= minLearningRate) return;
      const reduced = Math.max(training.learningRate * factor, minLearningRate);
      // No learning rate is 0 (kernels work in float32): a long training goes on with the last one that is not.
      if (Math.fround(reduced) === 0) return;
      training.learningRate = reduced;
      [cooling, wait] = [cooldown, 0];
      training.note(`reduceLROnPlateau: learning rate ${training.learningRate} after epoch ${epoch + 1}`);
    },
    state: () => ({ numbers: { wait, cooling, ...(best !== undefined && { best }) } }),
    restore: ({ numbers = {} }) => {
      ({ wait = wait, best = best, cooling = cooling } = numbers);
    },
  };
}
