/**
 * Twenty steps of training against TensorFlow.js Layers, of models with all kinds of layers, losses, optimizers and penalties:
 * every step's loss, and all weights after the last.
 */
import { expect, test } from 'vitest';
import { readTfjs } from '../../src/convert.js';
import { functional, input, layers, loadModel, optimizers, regularizers } from '../../src/index.js';
import type { Layer, LossOption, Optimizer, SymbolicTensor, TrainableModel } from '../../src/index.js';
import { assertGolden, loadTrainingCase, trainingCases, type TfjsCase, type TrainingCaseName } from '../golden-data.js';

interface Training {
  /** What the file says of the training. */
  readonly settings: object;
  readonly optimizer: Optimizer;
  readonly loss: LossOption;
  readonly makeLayers: () => Layer<unknown, SymbolicTensor>[];
}

const trainings: Readonly<Record<TrainingCaseName, Training>> = {
  'train-lstm-sequence-adam': {
    settings: {
      optimizer: 'adam',
      options: { learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
    },
    optimizer: optimizers.adam({ learningRate: 0.01 }),
    loss: 'meanSquaredError',
    makeLayers: () => [
      layers.lstm({ units: 8, returnSequences: true }),
      layers.timeDistributed({ layer: layers.dense({ units: 2 }) }),
    ],
  },
  'train-simpleRNN-momentum': {
    settings: { optimizer: 'momentum', options: { learningRate: 0.05, momentum: 0.9, nesterov: false } },
    optimizer: optimizers.sgd({ learningRate: 0.05, momentum: 0.9 }),
    loss: 'meanSquaredError',
    makeLayers: () => [
      layers.simpleRNN({ units: 8, returnSequences: true }),
      layers.simpleRNN({ units: 6, returnSequences: true }),
      layers.simpleRNN({ units: 1 }),
    ],
  },
  'train-gru-rmsprop': {
    settings: {
      optimizer: 'rmsprop',
      options: { learningRate: 0.01, rho: 0.9, momentum: 0, epsilon: 1e-7, centered: false },
    },
    optimizer: optimizers.rmsprop({ learningRate: 0.01 }),
    loss: 'meanSquaredError',
    makeLayers: () => [layers.gru({ units: 7, resetAfter: false }), layers.dense({ units: 2 })],
  },
  'train-embedding-gru-binary': {
    settings: {
      optimizer: 'adam',
      options: { learningRate: 0.02, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
    },
    optimizer: optimizers.adam({ learningRate: 0.02 }),
    loss: 'binaryCrossentropy',
    makeLayers: () => [
      layers.embedding({ inputDim: 15, outputDim: 5 }),
      layers.gru({ units: 6, resetAfter: false }),
      layers.dense({ units: 1, activation: 'sigmoid' }),
    ],
  },
  'train-conv-lstm-softmax': {
    settings: { optimizer: 'sgd', options: { learningRate: 0.1 } },
    optimizer: optimizers.sgd({ learningRate: 0.1 }),
    loss: 'categoricalCrossentropy',
    makeLayers: () => [
      layers.conv1d({ filters: 6, kernelSize: 3, strides: 2, padding: 'valid', activation: 'relu' }),
      layers.maxPooling1d({ poolSize: 2 }),
      layers.lstm({ units: 7 }),
      layers.dense({ units: 4, activation: 'softmax' }),
    ],
  },
  'train-bidirectional-adagrad': {
    settings: { optimizer: 'adagrad', options: { learningRate: 0.1, initialAccumulatorValue: 0.1 } },
    optimizer: optimizers.adagrad({ learningRate: 0.1 }),
    loss: 'meanSquaredError',
    makeLayers: () => [
      layers.bidirectional({ layer: layers.lstm({ units: 4, returnSequences: true }) }),
      layers.dense({ units: 2 }),
    ],
  },
  'train-batchnorm-conv': {
    settings: {
      optimizer: 'adam',
      options: { learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
    },
    optimizer: optimizers.adam({ learningRate: 0.01 }),
    loss: 'meanSquaredError',
    makeLayers: () => [
      layers.conv1d({ filters: 5, kernelSize: 3, padding: 'same', useBias: false }),
      layers.batchNormalization(),
      layers.activation({ activation: 'tanh' }),
      layers.globalAveragePooling1d(),
      layers.dense({ units: 2 }),
    ],
  },
  'train-layernorm-l2': {
    settings: { optimizer: 'sgd', options: { learningRate: 0.05 } },
    optimizer: optimizers.sgd({ learningRate: 0.05 }),
    loss: 'meanSquaredError',
    makeLayers: () => [
      layers.layerNormalization(),
      layers.lstm({ units: 5 }),
      layers.dense({ units: 2, kernelRegularizer: regularizers.l1l2({ l1: 0.002, l2: 0.02 }) }),
    ],
  },
};

test('the cases are these', () => {
  expect(Object.keys(trainings).sort()).toEqual([...trainingCases].sort());
});

/** Layer by layer, as our weights come: the files list all trained weights first, then the others. */
function byLayer(names: readonly string[]): string[] {
  const layerOf = (name: string): string => name.split('/')[0];
  return [...new Set(names.map(layerOf))].flatMap((layer) => names.filter((name) => layerOf(name) === layer));
}

function build(name: TrainingCaseName, golden: TfjsCase): TrainableModel {
  const inputs = input({ shape: golden.read('input.0').shape.slice(1) });
  const outputs = trainings[name].makeLayers().reduce<SymbolicTensor>((tensor, layer) => layer.apply(tensor), inputs);
  const model = functional({ inputs, outputs });
  model.setWeights(byLayer(golden.weightNames).map((weight) => golden.read(weight)));
  return model;
}

function load(golden: TfjsCase): TrainableModel {
  const { modelJson, weightBytes } = golden.readModelFile();
  return loadModel(readTfjs(modelJson, weightBytes));
}

function compareTraining(name: TrainingCaseName, golden: TfjsCase, model: TrainableModel): void {
  const { settings, optimizer, loss } = trainings[name];
  expect(golden.settings).toEqual({ ...settings, loss, steps: 20 });
  const [x, target] = [golden.read('input.0'), golden.read('target.0')];
  model.compile({ optimizer, loss });
  const losses = Array.from({ length: 20 }, () => model.trainOnBatch(x, target).loss);

  assertGolden('losses', losses, golden.read('losses').data, 'trained');
  const ours = model.getWeights();
  byLayer(golden.weightNames).forEach((weight, i) => {
    const theirs = golden.read(`final.${weight}`);
    expect(ours[i].shape).toEqual(theirs.shape);
    assertGolden(weight, ours[i].data, theirs.data, 'trained');
  });
}

test.each(trainingCases)('%s', (name) => {
  const golden = loadTrainingCase(name);
  compareTraining(name, golden, build(name, golden));
  golden.assertAllRead();
});

test.each(trainingCases)('%s, from its own file', (name) => {
  const golden = loadTrainingCase(name);
  compareTraining(name, golden, load(golden));
});
