// Works of training that last longer than one batch: an epoch of `fit`, and what it costs to keep checkpoints meanwhile.
import { sp500 } from '../examples/forecast/data.js';
import { fitScale, slidingWindows, splitByTime } from '../examples/forecast/windows.js';
import { uniformArray } from './random.js';
import { lstmWeights } from './lstm-works.js';

export interface TensorData {
  readonly data: Float32Array;
  readonly shape: number[];
}

/** x [rows, steps, inputs], y [rows, steps, outputs] */
export interface TrainingRows {
  readonly x: TensorData;
  readonly y: TensorData;
}

/** One epoch of fit a call, rows in their order: LSTM → TimeDistributed(Dense), mean squared error, Adam. */
export interface EpochWork {
  readonly kind: 'epoch';
  readonly name: string;
  readonly inputs: number;
  readonly units: number;
  readonly outputs: number;
  readonly batch: number;
  readonly learningRate: number;
  readonly rows: () => TrainingRows;
}

/** One epoch of the same, with and without checkpoints, and one checkpoint a call. */
export interface CheckpointWork {
  readonly kind: 'checkpoint';
  readonly name: string;
  readonly epoch: EpochWork;
}

/** One epoch of the same, in one thread and in several. */
export interface ThreadsWork {
  readonly kind: 'threads';
  readonly name: string;
  readonly epoch: EpochWork;
}

/** The S&P 500 of examples/forecast, as its main.ts trains the LSTM on it; but the rows are not shuffled, for peers shuffle otherwise. */
export const forecastEpoch: EpochWork = {
  kind: 'epoch',
  name: 'epoch of the forecast example, LSTM 20 → Dense 1, 3,012 windows of 50 steps, batch 32',
  inputs: 1,
  units: 20,
  outputs: 1,
  batch: 32,
  learningRate: 0.0005,
  rows: () => {
    const { prices } = sp500();
    const training = prices.slice(0, splitByTime(prices).validation);
    return slidingWindows(training, 50, fitScale(training));
  },
};

export const checkpoints: CheckpointWork = {
  kind: 'checkpoint',
  name: 'checkpoints of the forecast example, LSTM 20 → Dense 1',
  epoch: forecastEpoch,
};

const [rows, steps, inputs] = [3_072, 50, 64];

export const threads: ThreadsWork = {
  kind: 'threads',
  name: 'epoch of LSTM 128 → Dense 1, 64 inputs, 3,072 sequences of 50 steps, batch 64',
  epoch: {
    kind: 'epoch',
    name: 'LSTM 128',
    inputs,
    units: 128,
    outputs: 1,
    batch: 64,
    learningRate: 0.001,
    rows: () => ({
      x: { data: uniformArray(rows * steps * inputs, 41), shape: [rows, steps, inputs] },
      y: { data: uniformArray(rows * steps, 42), shape: [rows, steps, 1] },
    }),
  },
};

/** All weights of the model, in Keras's order, with their shapes. */
export function epochWeights({ inputs, units, outputs }: EpochWork): TensorData[] {
  const { kernel, recurrentKernel, bias } = lstmWeights(inputs, units);
  return [
    { data: kernel, shape: [inputs, 4 * units] },
    { data: recurrentKernel, shape: [units, 4 * units] },
    { data: bias, shape: [4 * units] },
    { data: uniformArray(units * outputs, 31, 1 / Math.sqrt(units)), shape: [units, outputs] },
    { data: new Float32Array(outputs), shape: [outputs] },
  ];
}

export function batchesOf({ x }: TrainingRows, batch: number): number {
  return Math.ceil((x.shape[0] ?? 0) / batch);
}
