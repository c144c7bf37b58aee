/**
 * The reference against TensorFlow.js Layers: outputs, and twenty steps of training. Its numbers are float32, the
 * reference's float64: a tenth of the tolerance, which is made for two float32 implementations, is enough.
 */
import { describe, expect, test } from 'vitest';
import {
  layerCases,
  loadLayerCase,
  loadTrainingCase,
  trainingCases,
  type LayerCaseName,
  type TrainingCaseName,
} from '../golden-data.js';
import { activation, type ActivationConfig } from './activations.js';
import { batchNormalization, type BatchNormalizationConfig } from './batch-normalization.js';
import { bidirectional, type MergeMode } from './bidirectional.js';
import { chain, type Link } from './chain.js';
import { comparison } from './comparison.js';
import { conv1d, type Conv1dConfig } from './conv1d.js';
import { binaryCrossentropy, categoricalCrossentropy } from './cross-entropy.js';
import { dense, type DenseConfig } from './dense.js';
import { embedding, type EmbeddingConfig } from './embedding.js';
import { globalAveragePooling1d } from './global-average-pooling1d.js';
import { gru, type GruConfig } from './gru.js';
import { layerNormalization } from './layer-normalization.js';
import { lstm, type LstmConfig } from './lstm.js';
import { masking } from './masking.js';
import { maxPooling1d } from './max-pooling1d.js';
import { adagrad, adam, rmsprop, sgd } from './optimizers.js';
import { weightPenalty } from './penalties.js';
import type { RecurrentLayer } from './recurrent.js';
import type { RecurrentConfig } from './recurrence.js';
import { repeatVector } from './repeat-vector.js';
import { simpleRnn } from './simple-rnn.js';
import { toTensor, zeros, type Tensor, type Tensors } from './tensor.js';
import { timeDistributed } from './time-distributed.js';
import { train, type Training } from './train.js';

/** TensorFlow.js Layers' defaults, which differ from Keras 3's. */
const links = {
  simpleRNN: (config: RecurrentConfig): Link => ({
    weights: 3,
    forward: (weights, x, mask) => simpleRnn(config, weights, [x], mask),
  }),
  lstm: (config: LstmConfig): Link => ({
    weights: 3,
    forward: (weights, x, mask) => lstm({ ...tfjsGates, ...config }, weights, [x], mask),
  }),
  gru: (config: GruConfig): Link => ({
    weights: 3,
    forward: (weights, x, mask) => gru({ ...tfjsGates, resetAfter: false, ...config }, weights, [x], mask),
  }),
  dense: (config: DenseConfig): Link => ({ weights: 2, forward: (weights, x) => dense(config, weights, [x]) }),
  timeDistributed: (layer: DenseConfig): Link => ({
    weights: 2,
    forward: (weights, x) => timeDistributed({ layer }, weights, [x]),
  }),
  masking: (): Link => ({ weights: 0, forward: (weights, x) => masking({}, weights, [x]) }),
  bidirectional: (layer: RecurrentLayer, mergeMode: MergeMode): Link => ({
    weights: 6,
    forward: (weights, x, mask) => bidirectional({ layer, mergeMode }, weights, [x], mask),
  }),
  repeatVector: (n: number): Link => ({ weights: 0, forward: (weights, x) => repeatVector({ n }, weights, [x]) }),
  conv1d: (config: Conv1dConfig): Link => ({
    weights: config.useBias === false ? 1 : 2,
    forward: (weights, x) => conv1d(config, weights, [x]),
  }),
  maxPooling1d: (): Link => ({ weights: 0, forward: (weights, x) => maxPooling1d({}, weights, [x]) }),
  globalAveragePooling1d: (): Link => ({
    weights: 0,
    forward: (weights, x) => globalAveragePooling1d({}, weights, [x]),
  }),
  embedding: (config: EmbeddingConfig): Link => ({
    weights: 1,
    forward: (weights, x) => embedding(config, weights, [x]),
  }),
  layerNormalization: (): Link => ({ weights: 2, forward: (weights, x) => layerNormalization({}, weights, [x]) }),
  /** In training. */
  batchNormalization: (config: BatchNormalizationConfig): Link => ({
    weights: 4,
    forward: (weights, x) => batchNormalization(config, weights, [x], { training: true }),
  }),
  activation: (config: ActivationConfig): Link => ({
    weights: 0,
    forward: (weights, x) => activation(config, weights, [x]),
  }),
};
const tfjsGates = { recurrentActivation: 'hardSigmoidLegacy' } as const;

const recurrentChains = (kind: 'simpleRNN' | 'lstm' | 'gru'): Readonly<Record<string, readonly Link[]>> => ({
  last: [links[kind]({ units: 7 })],
  seq: [links[kind]({ units: 8, returnSequences: true })],
  stack: [
    links[kind]({ units: 20, returnSequences: true }),
    links[kind]({ units: 20, returnSequences: true }),
    links[kind]({ units: 1 }),
  ],
  'sigmoid-act': [links[kind]({ units: 6, activation: 'sigmoid' })],
  mask: [links.masking(), links[kind]({ units: 5 })],
});

const tfjsLayers: Readonly<Record<'simpleRNN' | 'lstm' | 'gru', RecurrentLayer>> = {
  simpleRNN: { layer: 'simpleRNN', config: { units: 4, returnSequences: true } },
  lstm: { layer: 'lstm', config: { ...tfjsGates, units: 4, returnSequences: true } },
  gru: { layer: 'gru', config: { ...tfjsGates, units: 4, returnSequences: true, resetAfter: false } },
};

/** The cases that are a chain of layers. Dropout is the identity in inference. */
const chains = new Map<string, readonly Link[]>([
  ...(['simpleRNN', 'lstm', 'gru'] as const).flatMap((kind) =>
    Object.entries(recurrentChains(kind)).map(([name, layers]) => [`${kind}-${name}`, layers] as const),
  ),
  ['dropout-inference', [links.lstm({ units: 5 }), links.dense({ units: 2 })]],
  ['lecture-deep-simple-rnn', recurrentChains('simpleRNN').stack],
  [
    'lecture-lstm-timedistributed',
    [
      links.lstm({ units: 20, returnSequences: true }),
      links.lstm({ units: 20, returnSequences: true }),
      links.timeDistributed({ units: 10 }),
    ],
  ],
  ...(['simpleRNN', 'lstm', 'gru'] as const).flatMap((kind) =>
    (['concat', 'ave'] as const).map(
      (mode) => [`bidirectional-${kind}-${mode}`, [links.bidirectional(tfjsLayers[kind], mode)]] as const,
    ),
  ),
  ['conv1d-same-s1-d1-k5', [links.conv1d({ filters: 4, kernelSize: 5, padding: 'same' })]],
  [
    'conv1d-same-s2-d1-k3',
    [links.conv1d({ filters: 5, kernelSize: 3, strides: 2, padding: 'same', activation: 'sigmoid' })],
  ],
  ['conv1d-valid-s1-d3-k3', [links.conv1d({ filters: 4, kernelSize: 3, dilationRate: 3, activation: 'elu' })]],
  [
    'conv1d-pool-lstm',
    [
      links.conv1d({ filters: 8, kernelSize: 4, strides: 2 }),
      links.gru({ units: 20, returnSequences: true }),
      links.gru({ units: 20, returnSequences: true }),
      links.timeDistributed({ units: 10 }),
    ],
  ],
  [
    'conv1d-maxpool-globalavg',
    [
      links.conv1d({ filters: 8, kernelSize: 3, padding: 'same', activation: 'relu' }),
      links.maxPooling1d(),
      links.conv1d({ filters: 6, kernelSize: 3, padding: 'same', activation: 'relu' }),
      links.globalAveragePooling1d(),
      links.dense({ units: 2 }),
    ],
  ],
  [
    'embedding-sentiment',
    [
      links.embedding({ inputDim: 30, outputDim: 8 }),
      links.gru({ units: 10 }),
      links.dense({ units: 1, activation: 'sigmoid' }),
    ],
  ],
  [
    'layernorm-lstm',
    [links.layerNormalization(), links.lstm({ units: 5, returnSequences: true }), links.layerNormalization()],
  ],
  [
    'vector-to-sequence',
    [
      links.dense({ units: 12, activation: 'relu' }),
      links.repeatVector(6),
      links.lstm({ units: 8, returnSequences: true }),
      links.timeDistributed({ units: 4, activation: 'softmax' }),
    ],
  ],
]);

type Model = (weights: Tensors, inputs: Tensors) => Tensors;

/** The cases that are not: states go from one layer, or from outside, to another. */
const graphs: Partial<Record<LayerCaseName, Model>> = {
  'lstm-initial-state': (weights, [x, h, c]) =>
    lstm({ ...tfjsGates, units: 6, returnSequences: true }, weights, [x, h, c]).outputs,
  'encoder-decoder-gru': (weights, [source, target]) => {
    const config = { ...tfjsGates, units: 9, resetAfter: false };
    const [, state] = gru(config, weights.slice(0, 3), [source]).outputs;
    const [decoded] = gru({ ...config, returnSequences: true }, weights.slice(3, 6), [target, state]).outputs;
    return dense({ units: 5, activation: 'softmax' }, weights.slice(6), [decoded]).outputs;
  },
};

function tfjsModel(name: LayerCaseName): Model {
  const layers = chains.get(name);
  const model = graphs[name] ?? (layers && ((weights, [x]) => chain(layers, weights, x).outputs));
  if (model === undefined) throw new Error(`${name} is not built here`);
  return model;
}

/** One call of a stateful layer: its output and the states that the next call starts from. */
const statefulLayers: Partial<Record<LayerCaseName, (weights: Tensors, x: Tensor, states: Tensors) => Tensors>> = {
  'simpleRNN-stateful': (weights, x, [h = zeros(2, 6)]) =>
    simpleRnn({ units: 6, returnSequences: true }, weights, [x, h]).outputs,
  'lstm-stateful': (weights, x, [h = zeros(2, 6), c = zeros(2, 6)]) =>
    lstm({ ...tfjsGates, units: 6, returnSequences: true }, weights, [x, h, c]).outputs,
};

describe('TensorFlow.js Layers, outputs', () => {
  test.each(layerCases)('%s', (name) => {
    const golden = loadLayerCase(name);
    const weights = golden.readWeights().map(toTensor);
    const inputs = golden.readSeries('input').map(toTensor);
    const { compare, worst } = comparison();

    const stateful = statefulLayers[name];
    if (stateful === undefined) {
      const outputs = tfjsModel(name)(weights, inputs);
      const expected = golden.readSeries('output');
      expect(outputs.map(({ shape }) => shape)).toEqual(expected.map(({ shape }) => shape));
      outputs.forEach((output, n) => compare(`output ${n}`, output.data, expected[n].data, 'output'));
    } else {
      let states: Tensors = [];
      for (let call = 0; golden.has(`repeatedCall.${call}.0`); call++) {
        const [y, ...next] = stateful(weights, inputs[0], states);
        compare(`call ${call}`, y.data, golden.read(`repeatedCall.${call}.0`).data, 'output');
        if (call === 0) compare('output', y.data, golden.read('output.0').data, 'output');
        states = next;
      }
    }
    golden.assertAllRead();
    expect(worst()).toBeLessThan(0.1);
  });
});

interface GoldenTraining {
  readonly settings: object;
  readonly training: () => Training;
}

const trainings: Readonly<Record<TrainingCaseName, GoldenTraining>> = {
  'train-lstm-sequence-adam': {
    settings: {
      optimizer: 'adam',
      options: { learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
      loss: 'meanSquaredError',
    },
    training: () => ({
      layers: [
        links.lstm({ units: 8, returnSequences: true, recurrentActivation: 'sigmoid' }),
        links.timeDistributed({ units: 2 }),
      ],
      optimizer: adam({ learningRate: 0.01 }),
    }),
  },
  'train-simpleRNN-momentum': {
    settings: {
      optimizer: 'momentum',
      options: { learningRate: 0.05, momentum: 0.9, nesterov: false },
      loss: 'meanSquaredError',
    },
    training: () => ({
      layers: [
        links.simpleRNN({ units: 8, returnSequences: true }),
        links.simpleRNN({ units: 6, returnSequences: true }),
        links.simpleRNN({ units: 1 }),
      ],
      optimizer: sgd({ learningRate: 0.05, momentum: 0.9 }),
    }),
  },
  'train-batchnorm-conv': {
    settings: {
      optimizer: 'adam',
      options: { learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
      loss: 'meanSquaredError',
    },
    training: () => ({
      layers: [
        links.conv1d({ filters: 5, kernelSize: 3, padding: 'same', useBias: false }),
        links.batchNormalization({}),
        links.activation({ activation: 'tanh' }),
        links.globalAveragePooling1d(),
        links.dense({ units: 2 }),
      ],
      optimizer: adam({ learningRate: 0.01 }),
    }),
  },
  'train-bidirectional-adagrad': {
    settings: {
      optimizer: 'adagrad',
      options: { learningRate: 0.1, initialAccumulatorValue: 0.1 },
      loss: 'meanSquaredError',
    },
    training: () => ({
      layers: [
        links.bidirectional({ layer: 'lstm', config: { units: 4, returnSequences: true } }, 'concat'),
        links.dense({ units: 2 }),
      ],
      optimizer: adagrad({ learningRate: 0.1 }),
    }),
  },
  'train-conv-lstm-softmax': {
    settings: { optimizer: 'sgd', options: { learningRate: 0.1 }, loss: 'categoricalCrossentropy' },
    training: () => ({
      layers: [
        links.conv1d({ filters: 6, kernelSize: 3, strides: 2, activation: 'relu' }),
        links.maxPooling1d(),
        links.lstm({ units: 7, recurrentActivation: 'sigmoid' }),
        links.dense({ units: 4, activation: 'softmax' }),
      ],
      optimizer: sgd({ learningRate: 0.1 }),
      loss: (prediction, target) => categoricalCrossentropy({}, prediction, target),
    }),
  },
  'train-embedding-gru-binary': {
    settings: {
      optimizer: 'adam',
      options: { learningRate: 0.02, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
      loss: 'binaryCrossentropy',
    },
    training: () => ({
      layers: [
        links.embedding({ inputDim: 15, outputDim: 5 }),
        links.gru({ units: 6, recurrentActivation: 'sigmoid' }),
        links.dense({ units: 1, activation: 'sigmoid' }),
      ],
      optimizer: adam({ learningRate: 0.02 }),
      loss: (prediction, target) => binaryCrossentropy({}, prediction, target),
    }),
  },
  'train-gru-rmsprop': {
    settings: {
      optimizer: 'rmsprop',
      options: { learningRate: 0.01, rho: 0.9, momentum: 0, epsilon: 1e-7, centered: false },
      loss: 'meanSquaredError',
    },
    training: () => ({
      layers: [links.gru({ units: 7, recurrentActivation: 'sigmoid' }), links.dense({ units: 2 })],
      optimizer: rmsprop({ learningRate: 0.01 }),
    }),
  },
  'train-layernorm-l2': {
    settings: { optimizer: 'sgd', options: { learningRate: 0.05 }, loss: 'meanSquaredError' },
    training: () => ({
      layers: [
        links.layerNormalization(),
        links.lstm({ units: 5, recurrentActivation: 'sigmoid' }),
        links.dense({ units: 2 }),
      ],
      optimizer: sgd({ learningRate: 0.05 }),
      // Weight 5 is the Dense's kernel.
      penalty: (weight, number) => (number === 5 ? weightPenalty({ l1: 0.002, l2: 0.02 }, weight) : undefined),
    }),
  },
};

/** Layer by layer, as the chain takes them: the files list all trained weights first, then the others. */
function byLayer(names: readonly string[]): string[] {
  const layerOf = (name: string): string => name.split('/')[0];
  const layers = [...new Set(names.map(layerOf))];
  return layers.flatMap((layer) => names.filter((name) => layerOf(name) === layer));
}

describe('TensorFlow.js Layers, twenty steps of training', () => {
  test.each(trainingCases)('%s', (name) => {
    const golden = loadTrainingCase(name);
    const { settings, training } = trainings[name];
    expect(golden.settings).toEqual({ ...settings, steps: 20 });
    const names = byLayer(golden.weightNames);
    const weights = names.map((weight) => toTensor(golden.read(weight)));
    const [x, target] = [golden.read('input.0'), golden.read('target.0')].map(toTensor);

    const trained = train(training(), weights, x, target, 20);
    const { compare, worst } = comparison();
    compare('losses', trained.losses, golden.read('losses').data, 'trained');
    names.forEach((weight, i) =>
      compare(weight, trained.weights[i].data, golden.read(`final.${weight}`).data, 'trained'),
    );
    golden.assertAllRead();
    expect(worst()).toBeLessThan(0.1);
  });
});
