// bucle's fit: an epoch a call, and the same with checkpoints written meanwhile.
import { callbacks, type FitOptions, layers, loadModel, optimizers, sequential, type TrainableModel } from 'bucle';
import { fit } from 'bucle/worker';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Contender, Peer } from '../contender.js';
import { type CheckpointWork, type EpochWork, epochWeights, type TensorData, type TrainingRows } from '../fit-works.js';
import type { Build } from './bucle-build.js';
import { way } from './bucle-way.js';

/** The compared outcome is the loss of the first epoch. `options`: what else a way of fitting wants. */
export function epochContender(work: EpochWork, build: Build, options: FitOptions = {}): Contender {
  const fit = fitting(work, work.rows(), options);
  const trained = freshModel(work, build);
  return {
    deferred: true,
    outcome: async () => Float32Array.from((await fit(freshModel(work, build))).history.loss ?? []),
    call: () => fit(trained),
  };
}

const folder = fileURLToPath(new URL('../build/checkpoints/', import.meta.url));

export const plainEpoch = 'an epoch';
export const epochWithBackup = 'an epoch, a backup after it';
export const epochWithBackups = 'an epoch, a backup after each batch';
export const trainingStep = 'a training step';
export const bytes = 'toSafetensors({ optimizer: true })';
export const file = 'save(path, { optimizer: true })';

/** An epoch without checkpoints first; what is compared are the weights after one. */
export const checkpointWays: readonly Peer[] = [
  way(plainEpoch, 'checkpoint', ({ epoch }) => afterEpochs(epoch, {})),
  way(epochWithBackup, 'checkpoint', ({ epoch }) => afterEpochs(epoch, backup('epoch.safetensors', 'epoch'))),
  way(epochWithBackups, 'checkpoint', ({ epoch }) => afterEpochs(epoch, backup('batch.safetensors', 1))),
  way(trainingStep, 'checkpoint', stepContender),
  way(bytes, 'checkpoint', bytesContender),
  way(file, 'checkpoint', fileContender),
];

export const oneThread = 'fit, one thread';
export const oneWorker = 'fit({ workers: 1 })';
export const twoWorkers = 'fit({ workers: 2 })';
export const twoHalves = 'two models at once, half of the rows each';

/** Threads are started at each call, and end with it. */
export const threadsWays: readonly Peer[] = [
  way(oneThread, 'threads', ({ epoch }) => afterEpochs(epoch, {})),
  way(oneWorker, 'threads', ({ epoch }) => afterEpochs(epoch, { workers: 1 })),
  { ...way(twoWorkers, 'threads', ({ epoch }) => afterEpochs(epoch, { workers: 2 })), threads: 2 },
  { ...way(twoHalves, 'threads', ({ epoch }) => halvesContender(epoch)), threads: 2 },
];

/** Two models in two threads that share nothing: what the machine's second core is worth at that time. */
function halvesContender(work: EpochWork): Contender {
  const { x, y } = work.rows();
  const half = ({ data, shape: [rows = 0, ...axes] }: TensorData, part: number): TensorData => {
    const [from, to] = [0, 1].map((i) => ((part + i) * data.length) / 2);
    return { data: data.subarray(from, to), shape: [rows / 2, ...axes] };
  };
  const halves = [0, 1].map((part) => ({ model: freshModel(work, {}), x: half(x, part), y: half(y, part) }));
  return {
    ...afterEpochs(work, {}),
    call: () =>
      Promise.all(
        halves.map((one) => fit(one.model, one.x, one.y, { batchSize: work.batch, shuffle: false, verbose: 0 })),
      ),
  };
}

function backup(name: string, saveFreq: 'epoch' | number): FitOptions {
  const path = `${folder}${name}`;
  // A backup that a stopped run has left would be gone on from.
  rmSync(path, { force: true });
  return { callbacks: [callbacks.backupAndRestore({ path, saveFreq })] };
}

function afterEpochs(work: EpochWork, options: FitOptions): Contender {
  const fit = fitting(work, work.rows(), options);
  const trained = freshModel(work, {});
  return {
    deferred: true,
    outcome: async () => {
      const model = freshModel(work, {});
      await fit(model);
      return weightsOf(model);
    },
    call: () => fit(trained),
  };
}

function stepContender({ epoch }: CheckpointWork): Contender {
  const { x, y } = epoch.rows();
  const [rows = 0] = x.shape;
  const part = ({ data, shape: [, ...axes] }: TensorData, from: number) => {
    const count = Math.min(epoch.batch, rows - from);
    const width = axes.reduce((product, length) => product * length, 1);
    return { data: data.subarray(from * width, (from + count) * width), shape: [count, ...axes] };
  };
  const trained = freshModel(epoch, {});
  const [firstX, firstY] = [part(x, 0), part(y, 0)];
  return {
    deferred: false,
    outcome: () => {
      const model = freshModel(epoch, {});
      for (let from = 0; from < rows; from += epoch.batch) model.trainOnBatch(part(x, from), part(y, from));
      return weightsOf(model);
    },
    call: () => trained.trainOnBatch(firstX, firstY),
  };
}

function bytesContender({ epoch }: CheckpointWork): Contender {
  const trained = freshModel(epoch, {});
  const { x, y } = epoch.rows();
  return {
    deferred: false,
    outcome: async () => {
      await fitting(epoch, { x, y })(trained);
      return weightsOf(loadModel(trained.toSafetensors({ optimizer: true })));
    },
    call: () => trained.toSafetensors({ optimizer: true }),
  };
}

function fileContender({ epoch }: CheckpointWork): Contender {
  const path = `${folder}saved.safetensors`;
  mkdirSync(folder, { recursive: true });
  const trained = freshModel(epoch, {});
  const { x, y } = epoch.rows();
  return {
    deferred: true,
    outcome: async () => {
      await fitting(epoch, { x, y })(trained);
      await trained.save(path, { optimizer: true });
      return weightsOf(loadModel(readFileSync(path)));
    },
    call: () => trained.save(path, { optimizer: true }),
    close: () => {
      rmSync(path, { force: true });
    },
  };
}

/** An epoch with the data in its order. */
function fitting({ batch }: EpochWork, { x, y }: TrainingRows, options: FitOptions = {}) {
  return (model: TrainableModel) => model.fit(x, y, { batchSize: batch, shuffle: false, verbose: 0, ...options });
}

function freshModel(work: EpochWork, build: Build): TrainableModel {
  const { inputs, units, outputs, learningRate } = work;
  const model = sequential({
    layers: [
      layers.lstm({ units, returnSequences: true, inputShape: [null, inputs] }),
      layers.timeDistributed({ layer: layers.dense({ units: outputs }) }),
    ],
    ...build,
  });
  model.setWeights(epochWeights(work));
  model.compile({ optimizer: optimizers.adam({ learningRate }), loss: 'meanSquaredError' });
  return model;
}

function weightsOf(model: { getWeights(): { data: Float32Array }[] }): Float32Array {
  return Float32Array.from(model.getWeights().flatMap(({ data }) => [...data]));
}
