// Run by kill.test.ts in a process of its own, which is killed: trains, or goes on from the backup, and prints the weights' hash.
import { createHash } from 'node:crypto';
import { callbacks, layers, optimizers, sequential } from '../../src/index.js';
import { createRandom } from '../random.js';

const [backup = '', log = ''] = process.argv.slice(2);
const random = createRandom(51);
const x = { data: random.normals(28 * 12 * 3), shape: [28, 12, 3] };
const y = { data: random.normals(28), shape: [28, 1] };

const model = sequential({
  layers: [
    layers.lstm({ units: 12, dropout: 0.3, recurrentDropout: 0.1, inputShape: [null, 3] }),
    layers.batchNormalization(),
    layers.dense({ units: 1 }),
  ],
});
model.compile({ optimizer: optimizers.adam({ learningRate: 0.01, globalClipNorm: 1 }), loss: 'mse', metrics: ['mae'] });

const warmUp = (epoch: number, rate: number): number => (epoch < 20 ? (0.01 * (epoch + 1)) / 20 : rate);
await model.fit(x, y, {
  epochs: 100,
  batchSize: 5,
  validationSplit: 0.15,
  seed: 3,
  verbose: 0,
  callbacks: [
    {
      onTrainBegin: () => {
        console.log('training');
      },
    },
    callbacks.learningRateScheduler({ schedule: warmUp }),
    callbacks.reduceLROnPlateau({ patience: 4, factor: 0.9 }),
    callbacks.earlyStopping({ patience: 100, restoreBestWeights: true }),
    callbacks.csvLogger({ path: log }),
    callbacks.backupAndRestore({ path: backup, saveFreq: 2, deleteCheckpoint: false }),
  ],
});

const hash = createHash('sha256');
for (const { data } of model.getWeights()) {
  // NaN has many forms, of which engines choose.
  hash.update(data.map((value) => (Number.isNaN(value) ? NaN : value)));
}
console.log(hash.digest('hex'));
