/**
 * The reference against PyTorch: outputs, all gradients, and twenty steps of training. Its numbers are float32, the
 * reference's float64: a tenth of the tolerance, which is made for two float32 implementations, is enough.
 */
import { describe, expect, test } from 'vitest';
import {
  GoldenCase,
  loadTorchCase,
  torchBidirectionalCases,
  torchConvCases,
  torchRecurrentCases,
  torchTrainingCases,
  torchWavenetCases,
} from '../golden-data.js';
import {
  appendOnes,
  channelsLast,
  kerasWeights,
  kerasWeightsWithBothBiases,
  layerState,
  readTorchConv,
  readTorchDense,
  readTorchRecurrent,
  type TorchRecurrent,
  type TorchRecurrentKind,
} from '../torch-weights.js';
import { bidirectional } from './bidirectional.js';
import { clipByGlobalNorm } from './clipping.js';
import { comparison, type Comparison } from './comparison.js';
import { conv1d } from './conv1d.js';
import { dense } from './dense.js';
import { gru } from './gru.js';
import { lstm } from './lstm.js';
import { adam, sgd } from './optimizers.js';
import type { AnyPass } from './pass.js';
import type { RecurrentConfig } from './recurrence.js';
import { simpleRnn } from './simple-rnn.js';
import { inner, toTensor, type Tensor, type Tensors } from './tensor.js';
import { train, type Training } from './train.js';
import { wavenet } from './wavenet.js';

function recurrent(
  kind: TorchRecurrentKind,
  config: RecurrentConfig,
  weights: Tensors,
  x: Tensor,
  states: Tensors,
): AnyPass {
  const [h, c] = states;
  if (kind === 'rnn') return simpleRnn(config, weights, [x, h]);
  return kind === 'lstm' ? lstm(config, weights, [x, h, c]) : gru(config, weights, [x, h]);
}

const kindOf = (name: string): TorchRecurrentKind => {
  const kind = (['rnn', 'lstm', 'gru'] as const).find((one) => name.startsWith(one) || name.startsWith(`train-${one}`));
  if (kind === undefined) throw new Error(`${name}: not a recurrent layer`);
  return kind;
};

/** Keras's one bias of a SimpleRNN or an LSTM has the gradient that either of PyTorch's two has. */
function compareWeightGradients(
  compare: Comparison['compare'],
  where: string,
  [kernel, recurrentKernel, bias]: Tensors,
  theirs: TorchRecurrent,
): void {
  const { inputBias, recurrentBias } = theirs;
  compare(`gradient of ${where}, kernel`, kernel.data, theirs.kernel.data, 'gradient');
  compare(`gradient of ${where}, recurrent kernel`, recurrentKernel.data, theirs.recurrentKernel.data, 'gradient');
  const half = bias.data.length / 2;
  const [ourInput, ourRecurrent] =
    theirs.kind === 'gru' ? [bias.data.slice(0, half), bias.data.slice(half)] : [bias.data, bias.data];
  compare(`gradient of ${where}, input bias`, ourInput, inputBias.data, 'gradient');
  compare(`gradient of ${where}, recurrent bias`, ourRecurrent, recurrentBias.data, 'gradient');
}

describe('PyTorch, recurrent layers: outputs and all gradients', () => {
  test.each(torchRecurrentCases)('%s', (name) => {
    const golden = loadTorchCase(name);
    const kind = kindOf(name);
    const layerNumbers = golden.has('weight_ih_l1') ? [0, 1] : [0];
    const [x, ...states] = golden.readSeries('input');
    const [y, ...finals] = golden.readSeries('output');
    const [dy, ...dFinals] = golden.readSeries('cotangent');
    const [dx, ...dStates] = golden.readSeries('grad.input');
    const { compare, worst } = comparison();

    let sequence = toTensor(x);
    const passes = layerNumbers.map((layer) => {
      const weights = kerasWeights(readTorchRecurrent(golden, kind, '', layer)).map(toTensor);
      const [units] = weights[1].shape;
      const activation = golden.config.nonlinearity === 'relu' ? 'relu' : 'tanh';
      const initial = states.map((state) => toTensor(layerState(state, layer)));
      const pass = recurrent(kind, { units, activation, returnSequences: true }, weights, sequence, initial);
      [sequence] = pass.outputs;
      return pass;
    });
    compare('output', sequence.data, y.data, 'output');
    const loss = inner(sequence, toTensor(dy));
    let lossOfStates = 0;
    finals.forEach((final, state) => {
      for (const layer of layerNumbers) {
        const ours = passes[layer].outputs[state + 1];
        compare(`final state ${state} of layer ${layer}`, ours.data, layerState(final, layer).data, 'output');
        lossOfStates += inner(ours, toTensor(layerState(dFinals[state], layer)));
      }
    });
    compare('loss', [loss + lossOfStates], golden.read('loss').data, 'gradient');

    let dSequence = toTensor(dy);
    for (const layer of layerNumbers.toReversed()) {
      const cotangents = dFinals.map((one) => toTensor(layerState(one, layer)));
      const gradients = passes[layer].backward([dSequence, ...cotangents]);
      compareWeightGradients(
        compare,
        `layer ${layer}`,
        gradients.weights,
        readTorchRecurrent(golden, kind, 'grad.', layer),
      );
      dStates.forEach((dState, state) => {
        const ours = gradients.inputs[state + 1];
        compare(`gradient of state ${state} of layer ${layer}`, ours.data, layerState(dState, layer).data, 'gradient');
      });
      [dSequence] = gradients.inputs;
    }
    compare('gradient of the input', dSequence.data, dx.data, 'gradient');
    golden.assertAllRead();
    expect(worst()).toBeLessThan(0.1);
  });
});

describe('PyTorch, recurrent layers in both directions: outputs and all gradients', () => {
  /** The backward layer's parameters, by the names that they would have in a layer of their own. */
  const reverseOf = (golden: GoldenCase, prefix: string): GoldenCase =>
    new GoldenCase(
      `${golden.name}, reverse`,
      new Map(
        ['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh'].map((parameter) => [
          `${prefix}${parameter}_l0`,
          golden.read(`${prefix}${parameter}_l0_reverse`),
        ]),
      ),
    );

  test.each(torchBidirectionalCases)('%s', (name) => {
    const golden = loadTorchCase(name);
    const kind = kindOf(name);
    const bothDirections = (prefix: string): TorchRecurrent[] =>
      [golden, reverseOf(golden, prefix)].map((from) => readTorchRecurrent(from, kind, prefix));
    const [x, ...states] = golden.readSeries('input');
    const [y, ...finals] = golden.readSeries('output');
    const [dy, ...dFinals] = golden.readSeries('cotangent');
    const [dx, ...dStates] = golden.readSeries('grad.input');
    const { compare, worst } = comparison();
    /** Both layers' states in Keras's order: all of the forward layer, then all of the backward layer. */
    const byDirection = (all: typeof states): Tensor[] =>
      [0, 1].flatMap((direction) => all.map((state) => toTensor(layerState(state, direction))));

    const weights = bothDirections('').flatMap((parts) => kerasWeights(parts).map(toTensor));
    const layer = { layer: kind === 'rnn' ? 'simpleRNN' : kind, config: { units: 8, returnSequences: true } } as const;
    const pass = bidirectional({ layer }, weights, [toTensor(x), ...byDirection(states)]);
    const [sequence, ...ours] = pass.outputs;
    compare('output', sequence.data, y.data, 'output');
    const theirs = byDirection(finals);
    ours.forEach((state, i) => compare(`final state ${i}`, state.data, theirs[i].data, 'output'));
    const cotangents: [Tensor, ...Tensor[]] = [toTensor(dy), ...byDirection(dFinals)];
    const loss = pass.outputs.reduce((sum, output, i) => sum + inner(output, cotangents[i]), 0);
    compare('loss', [loss], golden.read('loss').data, 'gradient');

    const gradients = pass.backward(cotangents);
    compare('gradient of the input', gradients.inputs[0].data, dx.data, 'gradient');
    const theirStates = byDirection(dStates);
    gradients.inputs
      .slice(1)
      .forEach((state, i) => compare(`gradient of state ${i}`, state.data, theirStates[i].data, 'gradient'));
    bothDirections('grad.').forEach((parts, direction) =>
      compareWeightGradients(
        compare,
        `direction ${direction}`,
        gradients.weights.slice(3 * direction, 3 * direction + 3),
        parts,
      ),
    );
    golden.assertAllRead();
    expect(worst()).toBeLessThan(0.1);
  });
});

describe('PyTorch, WaveNets: outputs and all gradients', () => {
  test.each(torchWavenetCases)('%s', (name) => {
    const golden = loadTorchCase(name);
    const { blocks, layers: layersOfBlock, gated } = golden.config;
    const config = { blocks: Number(blocks), layersOfBlock: Number(layersOfBlock), gated: gated === true };
    const { compare, worst } = comparison();
    const read = (tensor: string): Tensor => toTensor(channelsLast(golden.read(tensor)));
    // front, f and g are a padding and a Conv1d named conv; the others are a Conv1d.
    const prefixes = [...golden.tensors.keys()]
      .filter((key) => key.endsWith('.weight') && !key.startsWith('grad.'))
      .map((key) => key.replace(/weight$/, ''));
    const nameOf = (prefix: string): string => prefix.replace(/(\.conv)?\.$/, '');

    const weights = new Map(prefixes.map((prefix) => [nameOf(prefix), readTorchConv(golden, prefix).map(toTensor)]));
    const pass = wavenet(config, weights, read('input.0'));
    compare('output', pass.output.data, read('output.0').data, 'output');
    compare('loss', [inner(pass.output, read('cotangent.0'))], golden.read('loss').data, 'gradient');

    const gradients = pass.backward(read('cotangent.0'));
    compare('gradient of the input', gradients.x.data, read('grad.input.0').data, 'gradient');
    for (const prefix of prefixes) {
      readTorchConv(golden, `grad.${prefix}`).forEach((theirs, i) => {
        const ours = gradients.weights.get(nameOf(prefix))?.[i].data ?? [];
        compare(`gradient of ${nameOf(prefix)}, weight ${i}`, ours, theirs.data, 'gradient');
      });
    }
    expect(gradients.weights.size).toBe(prefixes.length);
    golden.assertAllRead();
    expect(worst()).toBeLessThan(0.1);
  });
});

describe('PyTorch, causal convolutions: outputs and all gradients', () => {
  test.each(torchConvCases)('%s', (name) => {
    const golden = loadTorchCase(name);
    const [kernel, bias] = readTorchConv(golden, 'conv.').map(toTensor);
    const [kernelSize, , filters] = kernel.shape;
    const { compare, worst } = comparison();
    const read = (tensor: string): Tensor => toTensor(channelsLast(golden.read(tensor)));

    const config = { filters, kernelSize, padding: 'causal', dilationRate: Number(golden.config.dilation) } as const;
    const pass = conv1d(config, [kernel, bias], [read('input.0')]);
    compare('output', pass.outputs[0].data, read('output.0').data, 'output');
    compare('loss', [inner(pass.outputs[0], read('cotangent.0'))], golden.read('loss').data, 'gradient');

    const gradients = pass.backward([read('cotangent.0')]);
    compare('gradient of the input', gradients.inputs[0].data, read('grad.input.0').data, 'gradient');
    readTorchConv(golden, 'grad.conv.').forEach((theirs, i) =>
      compare(`gradient of weight ${i}`, gradients.weights[i].data, theirs.data, 'gradient'),
    );
    golden.assertAllRead();
    expect(worst()).toBeLessThan(0.1);
  });
});

/** Their gradient clipping divides by norm + 1e-6, which changes the sixth digit: far inside the tolerance. */
const trainings: Readonly<Record<(typeof torchTrainingCases)[number], () => Omit<Training, 'layers'>>> = {
  'train-lstm-adam': () => ({ optimizer: adam({ learningRate: 0.01, epsilon: 1e-8 }) }),
  'train-lstm-sgd': () => ({ optimizer: sgd({ learningRate: 0.1 }) }),
  'train-rnn-momentum-clip': () => ({
    optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }),
    clip: (gradients) => clipByGlobalNorm(gradients, 0.5),
  }),
};

describe('PyTorch, twenty steps of training', () => {
  test.each(torchTrainingCases)('%s', (name) => {
    const golden = loadTorchCase(name);
    const kind = kindOf(name);
    const read = (prefix: string): Tensors =>
      [
        ...kerasWeightsWithBothBiases(readTorchRecurrent(golden, kind, `${prefix}rnn.`)),
        ...readTorchDense(golden, `${prefix}out.`),
      ].map(toTensor);
    const layers: Training['layers'] = [
      {
        weights: 3,
        forward: (weights, x) => recurrent(kind, { units: 8, returnSequences: true }, weights, x, []),
      },
      { weights: 2, forward: (weights, x) => dense({ units: 2 }, weights, [x]) },
    ];
    const x = toTensor(appendOnes(golden.read('input.0')));
    const target = toTensor(golden.read('target.0'));

    const trained = train({ layers, ...trainings[name]() }, read(''), x, target, 20);
    const { compare, worst } = comparison();
    compare('losses', trained.losses, golden.read('losses').data, 'trained');
    read('final.').forEach((theirs, i) => compare(`weight ${i}`, trained.weights[i].data, theirs.data, 'trained'));
    golden.assertAllRead();
    expect(worst()).toBeLessThan(0.1);
  });
});
