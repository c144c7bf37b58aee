/** Trains from a seed, with shuffling, masks and dropout, and hashes the bits of weights and losses. */
import { createHash } from 'node:crypto';
import { layers, sequential, type FitOptions, type TrainableModel } from '../../src/index.js';
import { createRandom } from '../random.js';

export function createModel(seed: number, units = 7): TrainableModel {
  const model = sequential({
    seed,
    layers: [
      layers.masking({ inputShape: [null, 3] }),
      layers.lstm({ units, returnSequences: true }),
      layers.dropout({ rate: 0.3 }),
      layers.conv1d({ filters: 6, kernelSize: 2, dilationRate: 2, padding: 'causal', activation: 'relu' }),
      layers.simpleRNN({ units: 6, returnSequences: true }),
      layers.gru({ units: 5 }),
      layers.dense({ units: 1 }),
    ],
  });
  model.compile({ optimizer: 'adam', loss: 'mse', metrics: ['mae'] });
  return model;
}

export function createData(rows = 23) {
  const random = createRandom(5);
  const x = random.normals(rows * 9 * 3);
  for (let step = 0; step < rows * 9; step++) if (random.chance(0.2)) x.fill(0, 3 * step, 3 * step + 3);
  return { x: { data: x, shape: [rows, 9, 3] }, y: { data: random.normals(rows), shape: [rows, 1] } };
}

export async function train(model: TrainableModel, options: FitOptions): Promise<string> {
  const { x, y } = createData();
  const { history } = await model.fit(x, y, { batchSize: 6, verbose: 0, ...options });
  return hash(model, Float64Array.from(history.loss));
}

export function hash(model: TrainableModel, ...more: Float64Array[]): string {
  const hashed = createHash('sha256');
  for (const { data } of model.getWeights()) hashed.update(data);
  for (const data of more) hashed.update(data);
  return hashed.digest('hex');
}
