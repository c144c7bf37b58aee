/** The library itself against PyTorch and TensorFlow.js: outputs, all gradients, states, and twenty steps of training. */
import { describe, expect, test } from 'vitest';
import { readTfjs } from '../src/convert.js';
import { functional, input, layers, loadModel, optimizers, sequential, type SymbolicTensor } from '../src/index.js';
import {
  assertGolden,
  layerCases,
  loadLayerCase,
  loadTorchCase,
  loadTrainingCase,
  torchConvCases,
  torchRecurrentCases,
  torchTrainingCases,
  trainingCases,
} from './golden-data.js';
import {
  appendOnes,
  channelsLast,
  kerasWeights,
  kerasWeightsWithBothBiases,
  layerState,
  readTorchConv,
  readTorchDense,
  readTorchRecurrent,
} from './torch-weights.js';

test('the cases are these', () => {
  expect(torchRecurrentCases.length + torchConvCases.length + torchTrainingCases.length).toBe(16);
  expect([...layerCases].sort()).toEqual(
    [
      ...['simpleRNN', 'lstm', 'gru'].flatMap((kind) =>
        ['last', 'seq', 'stack', 'sigmoid-act', 'mask'].map((what) => `${kind}-${what}`),
      ),
      'simpleRNN-stateful',
      'lstm-stateful',
      'lstm-initial-state',
      'encoder-decoder-gru',
      'lecture-deep-simple-rnn',
      'lecture-lstm-timedistributed',
      'dropout-inference',
    ].sort(),
  );
  expect([...torchRecurrentCases, ...torchConvCases, ...torchTrainingCases].sort()).toEqual(
    [
      ...['rnn', 'lstm', 'gru'].flatMap((kind) => ['1layer', '2layer', 'wide'].map((what) => `${kind}-${what}`)),
      'rnn-relu',
      'causal-conv-3-10-k2-d16',
      'causal-conv-5-6-k2-d1',
      'causal-conv-8-8-k3-d4',
      'train-lstm-adam',
      'train-lstm-sgd',
      'train-rnn-momentum-clip',
    ].sort(),
  );
  expect([...trainingCases].sort()).toEqual(['train-lstm-sequence-adam', 'train-simpleRNN-momentum']);
});

const kindOf = (name: string): 'rnn' | 'lstm' | 'gru' =>
  name.includes('rnn') ? 'rnn' : name.includes('lstm') ? 'lstm' : 'gru';

describe('TensorFlow.js Layers: stateful models, call after call', () => {
  test.each(['simpleRNN-stateful', 'lstm-stateful'] as const)('%s', (name) => {
    const golden = loadLayerCase(name);
    const { modelJson, weightBytes } = golden.readModelFile();
    const model = loadModel(readTfjs(modelJson, weightBytes));
    const [x] = golden.readSeries('input');
    assertGolden('output', model.predict(x).data, golden.read('output.0').data, 'output');
    model.resetStates();
    for (let call = 0; golden.has(`repeatedCall.${call}.0`); call++) {
      assertGolden(`call ${call}`, model.predict(x).data, golden.read(`repeatedCall.${call}.0`).data, 'output');
    }
    golden.assertAllRead();
  });
});

describe('PyTorch, recurrent layers', () => {
  test.each(torchRecurrentCases)('%s', (name) => {
    const golden = loadTorchCase(name);
    const kind = kindOf(name);
    const numbers = golden.has('weight_ih_l1') ? [0, 1] : [0];
    const [x, ...states] = golden.readSeries('input');
    const [y, ...finals] = golden.readSeries('output');
    const [dy, ...dFinals] = golden.readSeries('cotangent');
    const [dx, ...dStates] = golden.readSeries('grad.input');
    const parts = numbers.map((layer) => kerasWeights(readTorchRecurrent(golden, kind, '', layer)));
    const units = parts[0][1].shape[0];

    const sequence = input({ shape: [null, x.shape[2]] });
    const initial = numbers.map(() => states.map(() => input({ shape: [units] })));
    let last: SymbolicTensor = sequence;
    const lastStates: SymbolicTensor[][] = [];
    for (const layer of numbers) {
      const activation = golden.config.nonlinearity === 'relu' ? 'relu' : 'tanh';
      const options = { units, returnSequences: true, returnState: true } as const;
      const made =
        kind === 'rnn'
          ? layers.simpleRNN({ ...options, activation })
          : kind === 'lstm'
            ? layers.lstm(options)
            : layers.gru(options);
      const [output, ...final] = made.apply(last, { initialState: initial[layer] });
      last = output;
      lastStates.push(final);
    }
    const model = functional({
      inputs: [sequence, ...initial.flat()],
      outputs: [last, ...(finals.length > 0 ? lastStates.flat() : [])],
    });
    // model.getWeights goes layer by layer: the inputs have none.
    model.setWeights(parts.flat());
    const given = [x, ...numbers.flatMap((layer) => states.map((state) => layerState(state, layer)))];
    const [output, ...final] = model.predictAll(given);
    assertGolden('output', output.data, y.data, 'output');
    const theirFinals = numbers.flatMap((layer) => finals.map((one) => layerState(one, layer)));
    final.forEach((one, i) => assertGolden(`final state ${i}`, one.data, theirFinals[i].data, 'output'));
    expect(final.length).toBe(theirFinals.length);

    const cotangents = [dy, ...numbers.flatMap((layer) => dFinals.map((one) => layerState(one, layer)))];
    const gradients = model.gradients(given, cotangents);
    const loss = [output, ...final].reduce(
      (sum, one, i) => sum + one.data.reduce((s, value, j) => s + value * cotangents[i].data[j], 0),
      0,
    );
    assertGolden('loss', [loss], golden.read('loss').data, 'gradient');
    assertGolden('gradient of x', gradients.inputs[0].data, dx.data, 'gradient');
    numbers
      .flatMap((layer) => dStates.map((one) => layerState(one, layer)))
      .forEach((one, i) => assertGolden(`gradient of state ${i}`, gradients.inputs[i + 1].data, one.data, 'gradient'));
    for (const layer of numbers) {
      const [kernel, recurrentKernel, bias] = gradients.weights.slice(3 * layer, 3 * layer + 3);
      const theirs = readTorchRecurrent(golden, kind, 'grad.', layer);
      assertGolden('gradient of kernel', kernel.data, theirs.kernel.data, 'gradient');
      assertGolden('gradient of recurrent kernel', recurrentKernel.data, theirs.recurrentKernel.data, 'gradient');
      const half = bias.data.length / 2;
      const [inputBias, recurrentBias] =
        kind === 'gru' ? [bias.data.slice(0, half), bias.data.slice(half)] : [bias.data, bias.data];
      assertGolden('gradient of input bias', inputBias, theirs.inputBias.data, 'gradient');
      assertGolden('gradient of recurrent bias', recurrentBias, theirs.recurrentBias.data, 'gradient');
    }
    golden.assertAllRead();
  });
});

describe('PyTorch, causal convolutions', () => {
  test.each(torchConvCases)('%s', (name) => {
    const golden = loadTorchCase(name);
    const [kernel, bias] = readTorchConv(golden, 'conv.');
    const [kernelSize, features, filters] = kernel.shape;
    const dilationRate = Number(golden.config.dilation);
    const conv = layers.conv1d({
      filters,
      kernelSize,
      dilationRate,
      padding: 'causal',
      inputShape: [null, features],
    });
    const model = sequential({ layers: [conv] });
    model.setWeights([kernel, bias]);
    const x = channelsLast(golden.read('input.0'));
    const cotangent = channelsLast(golden.read('cotangent.0'));
    const y = model.predict(x);
    assertGolden('output', y.data, channelsLast(golden.read('output.0')).data, 'output');
    const loss = y.data.reduce((sum, value, i) => sum + value * cotangent.data[i], 0);
    assertGolden('loss', [loss], golden.read('loss').data, 'gradient');
    const gradients = model.gradients(x, cotangent);
    const dx = channelsLast(golden.read('grad.input.0'));
    assertGolden('gradient of x', gradients.inputs[0].data, dx.data, 'gradient');
    readTorchConv(golden, 'grad.conv.').forEach((theirs, i) =>
      assertGolden(`gradient of weight ${i}`, gradients.weights[i].data, theirs.data, 'gradient'),
    );
    golden.assertAllRead();
  });
});

const torchOptimizers = {
  'train-lstm-adam': () => optimizers.adam({ learningRate: 0.01, epsilon: 1e-8 }),
  'train-lstm-sgd': () => optimizers.sgd({ learningRate: 0.1 }),
  'train-rnn-momentum-clip': () => optimizers.sgd({ learningRate: 0.1, momentum: 0.9, globalClipNorm: 0.5 }),
};

describe('PyTorch, twenty steps of training', () => {
  test.each(torchTrainingCases)('%s', (name) => {
    const golden = loadTorchCase(name);
    const kind = kindOf(name);
    const read = (prefix: string) => [
      ...kerasWeightsWithBothBiases(readTorchRecurrent(golden, kind, `${prefix}rnn.`)),
      ...readTorchDense(golden, `${prefix}out.`),
    ];
    const x = appendOnes(golden.read('input.0'));
    const options = { units: 8, returnSequences: true, inputShape: [null, x.shape[2]] };
    const recurrent = kind === 'rnn' ? layers.simpleRNN(options) : layers.lstm(options);
    const model = sequential({ layers: [recurrent, layers.dense({ units: 2 })] });
    model.setWeights(read(''));
    model.compile({ optimizer: torchOptimizers[name](), loss: 'mse' });
    const target = golden.read('target.0');
    const losses = Array.from({ length: 20 }, () => model.trainOnBatch(x, target).loss);
    assertGolden('losses', losses, golden.read('losses').data, 'trained');
    const trained = model.getWeights();
    read('final.').forEach((theirs, i) => assertGolden(`weight ${i}`, trained[i].data, theirs.data, 'trained'));
    golden.assertAllRead();
  });
});

describe('TensorFlow.js Layers, twenty steps of training', () => {
  test.each(trainingCases)('%s', (name) => {
    const golden = loadTrainingCase(name);
    const { modelJson, weightBytes } = golden.readModelFile();
    const model = loadModel(readTfjs(modelJson, weightBytes));
    model.compile({
      loss: 'meanSquaredError',
      optimizer: name.endsWith('adam')
        ? optimizers.adam({ learningRate: 0.01 })
        : optimizers.sgd({ learningRate: 0.05, momentum: 0.9 }),
    });
    const losses = Array.from({ length: 20 }, () => {
      return model.trainOnBatch(golden.read('input.0'), golden.read('target.0')).loss;
    });
    assertGolden('losses', losses, golden.read('losses').data, 'trained');
    const trained = model.getWeights();
    golden.readSeries('final').forEach((theirs, i) => {
      assertGolden(`weight ${i}`, trained[i].data, theirs.data, 'trained');
    });
    golden.weightNames.forEach((weight, i) => {
      if (golden.has(`final.${weight}`)) {
        assertGolden(weight, trained[i].data, golden.read(`final.${weight}`).data, 'trained');
      }
    });
    golden.assertAllRead();
  });
});
