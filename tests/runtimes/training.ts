/**
 * Training over epochs, which every runtime with timers must do to the same bits: the weights that it starts with, the order of the rows,
 * dropout, schedules, losses; as one, in parts, and in threads of its own.
 */
import { layers, optimizers, schedules, sequential, tensor, type FitOptions, type TrainableModel } from 'bucle';
import { fit } from 'bucle/worker';
import { createRandom } from '../random.js';
import { Digest, digestOf } from './digest.js';
import { flushesSubnormals, type Outcome } from './spec.js';

/**
 * @param threads whether the runtime has some
 * @throws Error when training in threads, or in two at once, ends otherwise than in one.
 */
export async function train(threads = true): Promise<Outcome> {
  const whole = new Digest();
  const parts: Record<string, string> = {};
  const part = (name: string, model: TrainableModel, losses: readonly number[] = []): void => {
    const own = new Digest();
    for (const digest of [own, whole]) {
      for (const { data } of model.getWeights()) digest.addFloats(data);
      for (const loss of losses) digest.addNumber(loss);
    }
    parts[name] = own.hex;
  };
  part('start weights', create());
  for (const options of [{}, { workers: 1 }]) {
    const model = create();
    const { history } = await model.fit(x, y, { ...settings, ...options });
    const name = 'workers' in options ? 'fit in parts' : 'fit';
    part(name, model, [...history.loss, ...history.mae, ...history.valLoss]);
    if (!threads) continue;
    for (const workers of 'workers' in options ? [1, 2, 3] : [undefined]) {
      const other = create();
      await fit(other, x, y, { ...settings, ...(workers !== undefined && { workers }) });
      if (digestOf(...other.getWeights()) === digestOf(...model.getWeights())) continue;
      throw new Error(`bucle/worker: ${workers ?? 'no'} workers give other weights than ${name}`);
    }
  }
  return { hash: whole.hex, parts, count: whole.count, flushesSubnormals: flushesSubnormals() };
}

const random = createRandom(90);
const [rows, steps, features] = [70, 9, 3];
const x = tensor(random.normals(rows * steps * features), [rows, steps, features]);
const y = tensor(random.normals(rows * 2), [rows, 2]);

const settings: FitOptions = { epochs: 3, batchSize: 24, validationSplit: 0.1, seed: 5, verbose: 0 };

function create(): TrainableModel {
  const model = sequential({
    layers: [
      layers.conv1d({ filters: 6, kernelSize: 3, padding: 'causal', activation: 'gelu', inputShape: [null, features] }),
      layers.lstm({ units: 11, dropout: 0.2, recurrentDropout: 0.2 }),
      layers.dropout({ rate: 0.3 }),
      layers.dense({ units: 2, kernelRegularizer: 'l2' }),
    ],
    seed: 4,
  });
  const learningRate = schedules.cosineDecay({ initialLearningRate: 0.02, decaySteps: 9 });
  model.compile({ optimizer: optimizers.adamw({ learningRate }), loss: 'huber', metrics: ['mae'] });
  return model;
}
