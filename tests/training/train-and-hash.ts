// Run by processes.test.ts in a process of its own: trains from a seed and prints the weights' bits.
// With the argument "busy" it builds and trains another model first.
import { layers, sequential } from '../../src/index.js';
import { createRandom } from '../random.js';

function train(units: number): Uint32Array[] {
  const model = sequential({
    seed: 9,
    layers: [
      layers.lstm({ units, returnSequences: true, inputShape: [null, 3] }),
      layers.dropout({ rate: 0.3 }),
      layers.gru({ units: 5 }),
      layers.dense({ units: 1 }),
    ],
  });
  model.compile({ optimizer: 'adam', loss: 'mse' });
  const random = createRandom(5);
  const x = { data: random.normals(12 * 9 * 3), shape: [12, 9, 3] };
  const y = { data: random.normals(12), shape: [12, 1] };
  for (let step = 0; step < 30; step++) model.trainOnBatch(x, y);
  return model.getWeights().map(({ data }) => new Uint32Array(data.slice().buffer));
}

if (process.argv[2] === 'busy') train(11);
console.log(JSON.stringify(train(7).map((bits) => [...bits])));
