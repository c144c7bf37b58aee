/** The library's layers against PyTorch: outputs, final states, and the gradients of inputs, states and parameters. */
import { describe, expect, test } from 'vitest';
import {
  functional,
  input,
  layers,
  sequential,
  type SymbolicTensor,
  type Tensor,
  type TrainableModel,
} from '../../src/index.js';
import {
  assertGolden,
  loadTorchCase,
  torchConvCases,
  torchRecurrentCases,
  type GoldenTensor,
  type TorchCaseName,
} from '../golden-data.js';
import {
  channelsLast,
  kerasWeights,
  layerState,
  readTorchConv,
  readTorchRecurrent,
  type TorchRecurrent,
  type TorchRecurrentKind,
} from '../torch-weights.js';

test('the cases are these', () => {
  expect(torchRecurrentCases).toEqual([
    ...['gru-1layer', 'gru-2layer', 'gru-wide'],
    ...['lstm-1layer', 'lstm-2layer', 'lstm-wide'],
    ...['rnn-1layer', 'rnn-2layer', 'rnn-relu', 'rnn-wide'],
  ]);
  expect(torchConvCases).toEqual(['causal-conv-3-10-k2-d16', 'causal-conv-5-6-k2-d1', 'causal-conv-8-8-k3-d4']);
});

describe('PyTorch, recurrent layers', () => {
  test.each(torchRecurrentCases)('%s', (name) => {
    const golden = loadTorchCase(name);
    const kind = kindOf(name);
    const layerNumbers = golden.has('weight_ih_l1') ? [0, 1] : [0];
    // PyTorch keeps the states of all layers in one tensor; here each is an input, or an output, of its own.
    const readAll = (prefix: string): GoldenTensor[] => {
      const [sequence, ...states] = golden.readSeries(prefix);
      return [sequence, ...layerNumbers.flatMap((layer) => states.map((state) => layerState(state, layer)))];
    };
    const [given, cotangents] = [readAll('input'), readAll('cotangent')];
    const weights = layerNumbers.map((layer) => kerasWeights(readTorchRecurrent(golden, kind, '', layer)));
    const [kernel, recurrentKernel] = weights[0];
    const model = torchStack(kind, {
      features: kernel.shape[0],
      units: recurrentKernel.shape[0],
      activation: golden.config.nonlinearity === 'relu' ? 'relu' : 'tanh',
      depth: layerNumbers.length,
      // Layers that are given no states start from zeros, and hand none out.
      withStates: given.length > 1,
    });
    model.setWeights(weights.flat());

    const outputs = model.predictAll(given);
    compareAll('output', outputs, readAll('output'), 'output');
    assertGolden('loss', [lossOf(outputs, cotangents)], golden.read('loss').data, 'gradient');
    const gradients = model.gradients(given, cotangents);
    compareAll('gradient of input', gradients.inputs, readAll('grad.input'), 'gradient');
    for (const layer of layerNumbers) {
      const ours = gradients.weights.slice(3 * layer, 3 * layer + 3);
      compareWeightGradients(`layer ${layer}`, ours, readTorchRecurrent(golden, kind, 'grad.', layer));
    }
    golden.assertAllRead();
  });
});

describe('PyTorch, causal convolutions', () => {
  test.each(torchConvCases)('%s', (name) => {
    const golden = loadTorchCase(name);
    const [x, y, dy, dx] = ['input.0', 'output.0', 'cotangent.0', 'grad.input.0'].map((tensor) =>
      channelsLast(golden.read(tensor)),
    );
    const [kernel, bias] = readTorchConv(golden, 'conv.');
    const [kernelSize, features, filters] = kernel.shape;
    const dilationRate = Number(golden.config.dilation);
    const options = { filters, kernelSize, dilationRate, padding: 'causal', inputShape: [null, features] } as const;
    const model = sequential({ layers: [layers.conv1d(options)] });
    model.setWeights([kernel, bias]);

    const outputs = model.predictAll(x);
    compareAll('output', outputs, [y], 'output');
    assertGolden('loss', [lossOf(outputs, [dy])], golden.read('loss').data, 'gradient');
    const gradients = model.gradients(x, dy);
    compareAll('gradient of input', gradients.inputs, [dx], 'gradient');
    compareAll('gradient of weight', gradients.weights, readTorchConv(golden, 'grad.conv.'), 'gradient');
    golden.assertAllRead();
  });
});

const kindOf = (name: TorchCaseName): TorchRecurrentKind =>
  name.startsWith('rnn') ? 'rnn' : name.startsWith('lstm') ? 'lstm' : 'gru';

interface Stack {
  readonly features: number;
  readonly units: number;
  readonly activation: 'tanh' | 'relu';
  readonly depth: number;
  readonly withStates: boolean;
}

/** PyTorch's module: layers one above the other. In and out: the sequence, then each layer's states. */
function torchStack(kind: TorchRecurrentKind, stack: Stack): TrainableModel {
  const { features, units, activation, depth, withStates } = stack;
  const options = { units, activation, returnSequences: true, returnState: true } as const;
  const make = {
    rnn: () => layers.simpleRNN(options),
    lstm: () => layers.lstm(options),
    gru: () => layers.gru(options),
  }[kind];
  const x = input({ shape: [null, features] });
  const initialStates: SymbolicTensor[] = [];
  const finalStates: SymbolicTensor[] = [];
  let sequence = x;
  for (let layer = 0; layer < depth; layer++) {
    const initialState = (kind === 'lstm' ? ['h', 'c'] : ['h']).map(() => input({ shape: [units] }));
    const [output, ...final] = make().apply(sequence, withStates ? { initialState } : {});
    sequence = output;
    initialStates.push(...initialState);
    finalStates.push(...final);
  }
  return functional({
    inputs: withStates ? [x, ...initialStates] : x,
    outputs: withStates ? [sequence, ...finalStates] : sequence,
  });
}

function lossOf(outputs: readonly Tensor[], cotangents: readonly GoldenTensor[]): number {
  return outputs.reduce(
    (sum, { data }, i) => data.reduce((rest, value, at) => rest + value * cotangents[i].data[at], sum),
    0,
  );
}

function compareAll(
  what: string,
  ours: readonly Tensor[],
  theirs: readonly GoldenTensor[],
  kind: 'output' | 'gradient',
): void {
  expect(ours.map(({ shape }) => shape)).toEqual(theirs.map(({ shape }) => shape));
  ours.forEach(({ data }, i) => assertGolden(`${what} ${i}`, data, theirs[i].data, kind));
}

/** Keras's one bias of a SimpleRNN or an LSTM has the gradient that either of PyTorch's two has. */
function compareWeightGradients(where: string, ours: readonly Tensor[], theirs: TorchRecurrent): void {
  const [kernel, recurrentKernel, bias] = ours;
  compareAll(
    `gradient of ${where}, weight`,
    [kernel, recurrentKernel],
    [theirs.kernel, theirs.recurrentKernel],
    'gradient',
  );
  const width = theirs.inputBias.data.length;
  const [inputBias, recurrentBias] = [bias.data.slice(0, width), bias.data.slice(-width)];
  assertGolden(`gradient of ${where}, input bias`, inputBias, theirs.inputBias.data, 'gradient');
  assertGolden(`gradient of ${where}, recurrent bias`, recurrentBias, theirs.recurrentBias.data, 'gradient');
}
