// Run by kill.test.ts in a process of its own, which is killed: trains, or goes on from the backup, and prints the weights' hash.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { callbacks, layers, loadModel, optimizers, sequential } from '../../src/index.js';
import { createRandom } from '../random.js';

const [path = '', mode] = process.argv.slice(2);
const random = createRandom(51);
const x = { data: random.normals(24 * 12 * 3), shape: [24, 12, 3] };
const y = { data: random.normals(24), shape: [24, 1] };
const compiled = { optimizer: optimizers.adam({ learningRate: 0.01 }), loss: 'mse' } as const;

const model = sequential({
  layers: [
    layers.lstm({ units: 12, dropout: 0.3, recurrentDropout: 0.1, inputShape: [null, 3] }),
    layers.dense({ units: 1 }),
  ],
});
model.compile(compiled);

const options = { epochs: 150, batchSize: 5, seed: 3, verbose: 0 } as const;
let trained = model;
if (mode === 'forget') {
  // What a resume without the optimizer's state would be: the weights of the backup, and what is left of the epochs.
  const saved = loadModel(new Uint8Array(readFileSync(path)));
  trained = model;
  trained.setWeights(saved.getWeights());
  await trained.fit(x, y, { ...options, initialEpoch: 75 });
} else {
  const backup = callbacks.backupAndRestore({ path, saveFreq: 2, deleteCheckpoint: false });
  const half = {
    onEpochEnd: ({ epoch, training }: { epoch: number; training: { stop(): void } }) => {
      if (mode === 'half' && epoch === 74) training.stop();
    },
  };
  await model.fit(x, y, { ...options, callbacks: [backup, half] });
}

const hash = createHash('sha256');
for (const { data } of trained.getWeights()) {
  // NaN has many forms, of which engines choose.
  hash.update(data.map((value) => (Number.isNaN(value) ? NaN : value)));
}
console.log(hash.digest('hex'));
