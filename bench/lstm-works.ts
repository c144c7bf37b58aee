// Works of LSTMs that every peer does: sizes, weights and data.
import { uniformArray } from './random.js';

/** An LSTM's weights, as Keras has them: gates in the order i, f, c, o. */
export interface LstmWeights {
  /** [inputs, 4 · units] */
  readonly kernel: Float32Array;
  /** [units, 4 · units] */
  readonly recurrentKernel: Float32Array;
  /** [4 · units] */
  readonly bias: Float32Array;
}

interface LstmSize {
  readonly name: string;
  readonly inputs: number;
  readonly units: number;
}

/** One step a call at batch 1, the states fed back. */
export interface StepWork extends LstmSize {
  readonly kind: 'step';
}

/** A whole sequence from zero states a call, all outputs returned. */
export interface SequenceWork extends LstmSize {
  readonly kind: 'sequence';
  readonly steps: number;
  readonly batch: number;
}

/** One batch of training a call: LSTM → LSTM → TimeDistributed(Dense), mean squared error, Adam. */
export interface TrainingWork {
  readonly kind: 'training';
  readonly name: string;
  readonly inputs: number;
  /** Of both LSTMs. */
  readonly units: number;
  readonly outputs: number;
  readonly steps: number;
  readonly batch: number;
  readonly learningRate: number;
}

const step = (units: number): StepWork => ({
  kind: 'step',
  name: `LSTM step, 64 inputs, ${String(units)} units`,
  inputs: 64,
  units,
});

const sequence = (units: number, batch: number): SequenceWork => ({
  kind: 'sequence',
  name: `LSTM, 100 steps, batch ${String(batch)}, 64 inputs, ${String(units)} units`,
  inputs: 64,
  units,
  steps: 100,
  batch,
});

const training: TrainingWork = {
  kind: 'training',
  name: 'training step, LSTM 20 → LSTM 20 → Dense 10, 50 steps, batch 32',
  inputs: 1,
  units: 20,
  outputs: 10,
  steps: 50,
  batch: 32,
  learningRate: 0.001,
};

/** LSTMs step by step, LSTMs over whole sequences, and a training step: the works of this file. */
export const recurrentWorks: readonly (StepWork | SequenceWork | TrainingWork)[] = [
  ...[64, 128, 256, 512].map(step),
  ...[128, 512].flatMap((units) => [1, 32].map((batch) => sequence(units, batch))),
  training,
];

/** Multiplies and adds of one step at batch 1, each counted. */
export function lstmOperations({ inputs, units }: LstmSize): number {
  return 2 * 4 * units * (inputs + units);
}

/** As large as PyTorch draws them, so that gates neither saturate nor idle. */
export function lstmWeights(inputs: number, units: number, seed = 1): LstmWeights {
  const scale = 1 / Math.sqrt(units);
  return {
    kernel: uniformArray(inputs * 4 * units, 10 * seed + 1, scale),
    recurrentKernel: uniformArray(units * 4 * units, 10 * seed + 2, scale),
    bias: uniformArray(4 * units, 10 * seed + 3, scale),
  };
}

/** The inputs of successive steps, used in turn. Their number is a power of two. */
export function stepInputs({ inputs }: StepWork): Float32Array[] {
  return Array.from({ length: 32 }, (_, index) => uniformArray(inputs, 1_000 + index));
}

/** [batch, steps, inputs] */
export function sequenceInput({ batch, steps, inputs }: SequenceWork): Float32Array {
  return uniformArray(batch * steps * inputs, 2_000);
}

/** All weights of the model, in Keras's order, with their shapes. */
export function trainingWeights({ inputs, units, outputs }: TrainingWork): { data: Float32Array; shape: number[] }[] {
  const first = lstmWeights(inputs, units, 1);
  const second = lstmWeights(units, units, 2);
  const scale = 1 / Math.sqrt(units);
  return [
    { data: first.kernel, shape: [inputs, 4 * units] },
    { data: first.recurrentKernel, shape: [units, 4 * units] },
    { data: first.bias, shape: [4 * units] },
    { data: second.kernel, shape: [units, 4 * units] },
    { data: second.recurrentKernel, shape: [units, 4 * units] },
    { data: second.bias, shape: [4 * units] },
    { data: uniformArray(units * outputs, 31, scale), shape: [units, outputs] },
    { data: uniformArray(outputs, 32, scale), shape: [outputs] },
  ];
}

/** One batch: x [batch, steps, inputs], y [batch, steps, outputs]. */
export function trainingData({ batch, steps, inputs, outputs }: TrainingWork): { x: Float32Array; y: Float32Array } {
  return { x: uniformArray(batch * steps * inputs, 3_000), y: uniformArray(batch * steps * outputs, 3_001) };
}

/** How many losses are compared. */
export const comparedTrainingSteps = 10;
