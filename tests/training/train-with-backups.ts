// Run by kill.test.ts in a process of its own, which is killed: trains, or goes on from the backup, and prints the weights' hash.
import { createHash } from 'node:crypto';
import { callbacks, layers, optimizers, schedules, sequential } from '../../src/index.js';
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
const learningRate = schedules.cosineDecayRestarts({ initialLearningRate: 0.02, firstDecaySteps: 70 });
const optimizer = optimizers.adamw({ learningRate, globalClipNorm: 1, gradientAccumulationSteps: 2, useEma: true });
model.compile({ optimizer, loss: 'mse', metrics: ['mae'] });

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
