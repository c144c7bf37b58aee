/**
 * Twenty steps of training against TensorFlow.js Layers, of models with all kinds of layers, losses, optimizers and penalties:
 * every step's loss, and all weights after the last.
 */
import { expect, test } from 'vitest';
import { readTfjs } from '../../src/convert.js';
import { functional, input, layers, loadModel, optimizers, regularizers } from '../../src/index.js';
import type { Layer, LossOption, Optimizer, SymbolicTensor, TrainableModel } from '../../src/index.js';
import { assertGolden, type TfjsCase } from '../golden-data.js';
import {
  furtherTrainingCases,
  loadFurtherTrainingCase,
  type FurtherTrainingCaseName,
} from '../reference/further-golden.js';

type Make = (options: object) => Layer<unknown, SymbolicTensor>;

const makers: Readonly<Record<string, unknown>> = { ...layers };

/** A layer by its maker's name: those of this table come one after the other. */
function make(name: string, options: object = {}): Layer<unknown, SymbolicTensor> {
  const maker = makers[name];
  if (typeof maker !== 'function') throw new Error(`no layer ${name}`);
  return (maker as Make)(options);
}

interface Training {
  /** What the file says of the training. */
  readonly settings: object;
  readonly optimizer: Optimizer;
  readonly loss: LossOption;
  readonly makeLayers: () => Layer<unknown, SymbolicTensor>[];
}

const trainings: Readonly<Record<FurtherTrainingCaseName, Training>> = {
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
      make('embedding', { inputDim: 15, outputDim: 5 }),
      layers.gru({ units: 6, resetAfter: false }),
      layers.dense({ units: 1, activation: 'sigmoid' }),
    ],
  },
  'train-conv-lstm-softmax': {
    settings: { optimizer: 'sgd', options: { learningRate: 0.1 } },
    optimizer: optimizers.sgd({ learningRate: 0.1 }),
    loss: 'categoricalCrossentropy',
    makeLayers: () => [
      make('conv1d', { filters: 6, kernelSize: 3, strides: 2, padding: 'valid', activation: 'relu' }),
      make('maxPooling1d', { poolSize: 2 }),
      layers.lstm({ units: 7 }),
      layers.dense({ units: 4, activation: 'softmax' }),
    ],
  },
  'train-bidirectional-adagrad': {
    settings: { optimizer: 'adagrad', options: { learningRate: 0.1, initialAccumulatorValue: 0.1 } },
    optimizer: optimizers.adagrad({ learningRate: 0.1 }),
    loss: 'meanSquaredError',
    makeLayers: () => [
      make('bidirectional', { layer: layers.lstm({ units: 4, returnSequences: true }) }),
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
      make('conv1d', { filters: 5, kernelSize: 3, padding: 'same', useBias: false }),
      make('batchNormalization'),
      layers.activation({ activation: 'tanh' }),
      make('globalAveragePooling1d'),
      layers.dense({ units: 2 }),
    ],
  },
  'train-layernorm-l2': {
    settings: { optimizer: 'sgd', options: { learningRate: 0.05 } },
    optimizer: optimizers.sgd({ learningRate: 0.05 }),
    loss: 'meanSquaredError',
    makeLayers: () => [
      make('layerNormalization'),
      layers.lstm({ units: 5 }),
      layers.dense({ units: 2, kernelRegularizer: regularizers.l1l2({ l1: 0.002, l2: 0.02 }) }),
    ],
  },
};

test('the cases are these', () => {
  expect(Object.keys(trainings).sort()).toEqual([...furtherTrainingCases].sort());
});

/** Layer by layer, as our weights come: the files list all trained weights first, then the others. */
function byLayer(names: readonly string[]): string[] {
  const layerOf = (name: string): string => name.split('/')[0];
  return [...new Set(names.map(layerOf))].flatMap((layer) => names.filter((name) => layerOf(name) === layer));
}

function build(name: FurtherTrainingCaseName, golden: TfjsCase): TrainableModel {
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

function compareTraining(name: FurtherTrainingCaseName, golden: TfjsCase, model: TrainableModel): void {
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

test.each(furtherTrainingCases)('%s', (name) => {
  const golden = loadFurtherTrainingCase(name);
  compareTraining(name, golden, build(name, golden));
  golden.assertAllRead();
});

test.each(furtherTrainingCases)('%s, from its own file', (name) => {
  const golden = loadFurtherTrainingCase(name);
  compareTraining(name, golden, load(golden));
});
