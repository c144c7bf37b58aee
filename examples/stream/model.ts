/** The network: births of a day go in, births of the next day come out; scaling both ways is a part of it. */
import { layers, optimizers, sequential } from 'bucle';

export type Model = ReturnType<typeof sequential>;

export interface Training {
  readonly windowDays: number;
  /** How many days lie between the beginnings of two windows. */
  readonly stride: number;
  readonly epochs: number;
  readonly units: number;
}

// Chosen by the error of a stream in 1999, which is neither trained on nor watched: the lowest mean of two seeds, of six networks.
export const training: Training = { windowDays: 84, stride: 3, epochs: 60, units: 32 };
const seed = 1;

export function buildModel({ units }: Training, births: Float32Array): Model {
  const scale = layers.normalization({ inputShape: [null, 1] });
  const unscale = layers.normalization({ invert: true });
  [scale, unscale].forEach((layer) => layer.adapt(column(births)));
  return sequential({
    layers: [scale, layers.lstm({ units, returnSequences: true }), layers.dense({ units: 1 }), unscale],
    seed,
  });
}

/** Equal births give a model of equal bits, here and on any other machine. */
export async function trainModel(options: Training, births: Float32Array): Promise<Model> {
  const { windowDays, stride, epochs } = options;
  const model = buildModel(options, births);
  // The mean absolute error: its size is read in births, and holidays do not weigh more than other days.
  model.compile({ optimizer: optimizers.adam({ learningRate: 0.005 }), loss: 'meanAbsoluteError' });
  const count = Math.floor((births.length - 1 - windowDays) / stride) + 1;
  const windows = (shift: number) => {
    const data = new Float32Array(count * windowDays);
    for (let i = 0; i < count; i++) {
      const from = i * stride + shift;
      data.set(births.subarray(from, from + windowDays), i * windowDays);
    }
    return { data, shape: [count, windowDays, 1] };
  };
  await model.fit(windows(0), windows(1), { epochs, verbose: 0, seed });
  return model;
}

/** For each day, what the model expects of the next one. */
export function expectNextDays(model: Model, births: Float32Array): Float32Array {
  const session = model.stream();
  const { data } = session.push(births);
  session.close();
  return data;
}

const column = (data: Float32Array) => ({ data, shape: [data.length, 1] });
