import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  assertGolden,
  GoldenCase,
  layerCases,
  loadLayerCase,
  loadTorchCase,
  loadTrainingCase,
  torchCases,
  trainingCases,
} from './golden-data.js';
import { appendOnes, channelsLast, kerasWeights, readTorchConv, readTorchRecurrent } from './torch-weights.js';

const folder = (name: string): string[] => readdirSync(new URL(`golden/${name}`, import.meta.url)).sort();

describe('the lists of golden cases are the folders', () => {
  test('layers', () => {
    expect(folder('layers')).toEqual([...layerCases]);
  });
  test('training', () => {
    expect(folder('training')).toEqual([...trainingCases]);
  });
  test('torch', () => {
    expect(folder('torch')).toEqual([...torchCases].sort());
  });
});

describe('a golden case', () => {
  test('names its tensors as its files do', () => {
    expect([...loadLayerCase('lstm-stateful').tensors.keys()]).toEqual([
      'lstm_LSTM18/kernel',
      'lstm_LSTM18/recurrent_kernel',
      'lstm_LSTM18/bias',
      'input.0',
      'output.0',
      'repeatedCall.0.0',
      'repeatedCall.1.0',
      'repeatedCall.2.0',
    ]);
    const training = loadTrainingCase('train-simpleRNN-momentum');
    expect([...training.tensors.keys()].filter((name) => !name.startsWith('simple_rnn'))).toEqual([
      'input.0',
      'target.0',
      'losses',
      ...training.weightNames.map((name) => `final.${name}`),
    ]);
    expect(training.settings).toEqual({
      optimizer: 'momentum',
      options: { learningRate: 0.05, momentum: 0.9, nesterov: false },
      loss: 'meanSquaredError',
      steps: 20,
    });
    expect([...loadTorchCase('rnn-relu').tensors.keys()]).toContain('grad.weight_hh_l0');
    expect(loadTorchCase('train-lstm-sgd').read('losses').shape).toEqual([20]);
  });

  test('fails until every tensor has been read', () => {
    const golden = loadLayerCase('lstm-last');
    golden.readSeries('input');
    golden.readModelFile();
    expect(() => golden.assertAllRead()).toThrow('layers/lstm-last: never read: output.0');
    golden.readSeries('output');
    expect(() => golden.assertAllRead()).not.toThrow();
  });

  test('names what it has when asked for what it has not', () => {
    const golden = new GoldenCase('case', new Map([['a', { shape: [0], data: new Float32Array(0) }]]));
    expect(() => golden.read('b')).toThrow('case has no tensor b; it has a');
  });
});

describe('a comparison with golden values', () => {
  test('allows a share of the largest value and 1e-6', () => {
    expect(assertGolden('y', [10.0001, 0], [10, 0], 'output')).toBeCloseTo(1e-4 / (1e-4 + 1e-6), 6);
    expect(() => assertGolden('y', [10.0002, 0], [10, 0], 'output')).toThrow('y: differs by');
    expect(() => assertGolden('dy', [10.0002, 0], [10, 0], 'gradient')).not.toThrow();
  });
  test('refuses NaN and another length', () => {
    expect(() => assertGolden('y', [NaN, 0], [0, 0], 'output')).toThrow('y: differs by NaN');
    expect(() => assertGolden('y', [0], [0, 0], 'output')).toThrow('y: expected 2 values, got 1');
  });
});

describe("PyTorch's parameters become Keras's", () => {
  const numbered = (...shape: number[]) => ({
    shape,
    data: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => i),
  });
  const layer = (gates: number) =>
    new GoldenCase(
      'torch',
      new Map([
        ['weight_ih_l0', numbered(2 * gates, 1)],
        ['weight_hh_l0', numbered(2 * gates, 2)],
        ['bias_ih_l0', numbered(2 * gates)],
        ['bias_hh_l0', numbered(2 * gates)],
      ]),
    );

  test('an LSTM keeps its gates and sums its biases', () => {
    const [kernel, recurrentKernel, bias] = kerasWeights(readTorchRecurrent(layer(4), 'lstm', ''));
    expect(kernel).toEqual(numbered(1, 8));
    expect(recurrentKernel.shape).toEqual([2, 8]);
    expect([...recurrentKernel.data]).toEqual([0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15]);
    expect([...bias.data]).toEqual([0, 2, 4, 6, 8, 10, 12, 14]);
  });

  test('a GRU changes reset and update and keeps both biases', () => {
    const [kernel, , bias] = kerasWeights(readTorchRecurrent(layer(3), 'gru', ''));
    expect([...kernel.data]).toEqual([2, 3, 0, 1, 4, 5]);
    expect(bias.shape).toEqual([2, 6]);
    expect([...bias.data]).toEqual([2, 3, 0, 1, 4, 5, 2, 3, 0, 1, 4, 5]);
  });

  test('a convolution turns its axes around', () => {
    const conv = new GoldenCase(
      'torch',
      new Map([
        ['weight', numbered(2, 1, 3)],
        ['bias', numbered(2)],
      ]),
    );
    const [kernel] = readTorchConv(conv, '');
    expect(kernel.shape).toEqual([3, 1, 2]);
    expect([...kernel.data]).toEqual([0, 3, 1, 4, 2, 5]);
    expect([...channelsLast(numbered(1, 2, 3)).data]).toEqual([0, 3, 1, 4, 2, 5]);
  });

  test('a feature that is always 1 stands last', () => {
    expect([...appendOnes(numbered(1, 2, 2)).data]).toEqual([0, 1, 1, 2, 3, 1]);
  });
});
