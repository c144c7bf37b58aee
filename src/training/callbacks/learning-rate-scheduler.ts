import { fields, refuse, type Reader } from '../../options/options.js';
import { positiveFloat } from '../optimizers/positive-float.js';
import type { RunningCallback } from './callback.js';

export interface LearningRateSchedulerOptions {
  /** The learning rate of an epoch, counted from 0; it is told what the last one was. A function cannot be sent to a worker. */
  schedule: (epoch: number, learningRate: number) => number;
}

const functionReader: Reader<LearningRateSchedulerOptions['schedule']> = (value, where) =>
  typeof value === 'function'
    ? (value as LearningRateSchedulerOptions['schedule'])
    : refuse(where, 'a function (epoch, learningRate) => learningRate', value);

/**
 * Sets the learning rate at the start of every epoch. As `keras.callbacks.LearningRateScheduler`. Powers and exponentials of JavaScript
 * may differ in their last bits from host to host: for the same bits everywhere, give the optimizer a schedule instead.
 */
export function runLearningRateScheduler(given: unknown, where: string): RunningCallback {
  const { schedule } = fields(given, where, { schedule: functionReader });
  return {
    onEpochBegin: ({ epoch, training }) => {
      const rate: unknown = schedule(epoch, training.learningRate);
      training.learningRate = positiveFloat(rate, `${where}: schedule(${epoch}, ${training.learningRate})`);
    },
  };
}
