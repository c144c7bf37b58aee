/** Twenty steps of training against PyTorch: every step's loss, and the weights after the last. */
import { expect, test } from 'vitest';
import { layers, optimizers, sequential, type Optimizer, type TrainableModel } from '../../src/index.js';
import { assertGolden, loadTorchCase, torchTrainingCases, type GoldenTensor } from '../golden-data.js';
import { appendOnes, kerasWeightsWithBothBiases, readTorchDense, readTorchRecurrent } from '../torch-weights.js';

test('the cases are these', () => {
  expect(torchTrainingCases).toEqual(['train-lstm-adam', 'train-lstm-sgd', 'train-rnn-momentum-clip']);
});

/** The losses of twenty steps on one batch, each before its step. */
function train(model: TrainableModel, optimizer: Optimizer, x: GoldenTensor, target: GoldenTensor): number[] {
  model.compile({ optimizer, loss: 'meanSquaredError' });
  return Array.from({ length: 20 }, () => model.trainOnBatch(x, target).loss);
}

function compareWeights(model: TrainableModel, theirs: readonly GoldenTensor[]): void {
  const ours = model.getWeights();
  expect(ours.map(({ shape }) => shape)).toEqual(theirs.map(({ shape }) => shape));
  ours.forEach(({ data }, i) => assertGolden(`weight ${i}`, data, theirs[i].data, 'trained'));
}

/** Clipping there divides by norm + 1e-6, which changes the sixth digit: far inside the tolerance. */
const torchTrainings = {
  'train-lstm-adam': {
    kind: 'lstm',
    options: { lr: 0.01 },
    clipNorm: null,
    optimizer: optimizers.adam({ learningRate: 0.01, epsilon: 1e-8 }),
  },
  'train-lstm-sgd': {
    kind: 'lstm',
    options: { lr: 0.1 },
    clipNorm: null,
    optimizer: optimizers.sgd({ learningRate: 0.1 }),
  },
  'train-rnn-momentum-clip': {
    kind: 'rnn',
    options: { lr: 0.1, momentum: 0.9 },
    clipNorm: 0.5,
    optimizer: optimizers.sgd({ learningRate: 0.1, momentum: 0.9, globalClipNorm: 0.5 }),
  },
} as const;

test.each(torchTrainingCases)('%s', (name) => {
  const golden = loadTorchCase(name);
  const { kind, options, clipNorm, optimizer } = torchTrainings[name];
  expect(golden.config).toMatchObject({ rnn: kind, options, clip_grad_norm: clipNorm, steps: 20 });
  // Both of PyTorch's biases are trained: one is the kernel's row of a feature that is always 1.
  const readWeights = (prefix: string): GoldenTensor[] => [
    ...kerasWeightsWithBothBiases(readTorchRecurrent(golden, kind, `${prefix}rnn.`)),
    ...readTorchDense(golden, `${prefix}out.`),
  ];
  const [x, target] = [appendOnes(golden.read('input.0')), golden.read('target.0')];
  const recurrent = { units: 8, returnSequences: true, inputShape: [null, x.shape[2]] };
  const model = sequential({
    layers: [
      kind === 'lstm' ? layers.lstm(recurrent) : layers.simpleRNN(recurrent),
      layers.dense({ units: target.shape[2] }),
    ],
  });
  model.setWeights(readWeights(''));

  assertGolden('losses', train(model, optimizer, x, target), golden.read('losses').data, 'trained');
  compareWeights(model, readWeights('final.'));
  golden.assertAllRead();
});
