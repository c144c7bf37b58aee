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
import { chain, type Link } from './chain.js';
import { dense, type DenseConfig } from './dense.js';
import { comparison } from './comparison.js';
import { gru } from './gru.js';
import { lstm, type LstmConfig } from './lstm.js';
import { masking } from './masking.js';
import { adam, sgd } from './optimizers.js';
import type { RecurrentConfig } from './recurrence.js';
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
  gru: (config: RecurrentConfig): Link => ({
    weights: 3,
    forward: (weights, x, mask) => gru({ ...tfjsGates, resetAfter: false, ...config }, weights, [x], mask),
  }),
  dense: (config: DenseConfig): Link => ({ weights: 2, forward: (weights, x) => dense(config, weights, [x]) }),
  timeDistributed: (layer: DenseConfig): Link => ({
    weights: 2,
    forward: (weights, x) => timeDistributed({ layer }, weights, [x]),
  }),
  masking: (): Link => ({ weights: 0, forward: (weights, x) => masking({}, weights, [x]) }),
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

const trainings: Readonly<Record<TrainingCaseName, { readonly settings: object; readonly training: () => Training }>> =
  {
    'train-lstm-sequence-adam': {
      settings: { optimizer: 'adam', options: { learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 } },
      training: () => ({
        layers: [
          links.lstm({ units: 8, returnSequences: true, recurrentActivation: 'sigmoid' }),
          links.timeDistributed({ units: 2 }),
        ],
        optimizer: adam({ learningRate: 0.01 }),
      }),
    },
    'train-simpleRNN-momentum': {
      settings: { optimizer: 'momentum', options: { learningRate: 0.05, momentum: 0.9, nesterov: false } },
      training: () => ({
        layers: [
          links.simpleRNN({ units: 8, returnSequences: true }),
          links.simpleRNN({ units: 6, returnSequences: true }),
          links.simpleRNN({ units: 1 }),
        ],
        optimizer: sgd({ learningRate: 0.05, momentum: 0.9 }),
      }),
    },
  };

describe('TensorFlow.js Layers, twenty steps of training', () => {
  test.each(trainingCases)('%s', (name) => {
    const golden = loadTrainingCase(name);
    const { settings, training } = trainings[name];
    expect(golden.settings).toEqual({ ...settings, loss: 'meanSquaredError', steps: 20 });
    const weights = golden.readWeights().map(toTensor);
    const [x, target] = [golden.read('input.0'), golden.read('target.0')].map(toTensor);

    const trained = train(training(), weights, x, target, 20);
    const { compare, worst } = comparison();
    compare('losses', trained.losses, golden.read('losses').data, 'trained');
    golden.weightNames.forEach((weight, i) =>
      compare(weight, trained.weights[i].data, golden.read(`final.${weight}`).data, 'trained'),
    );
    golden.assertAllRead();
    expect(worst()).toBeLessThan(0.1);
  });
});
