/** Both directions and WaveNets against PyTorch: outputs, final states, and all gradients. */
import { describe, expect, test } from 'vitest';
import { functional, input, layers, type SymbolicTensor, type Tensor } from '../../src/index.js';
import {
  assertGolden,
  GoldenCase,
  loadTorchCase,
  torchBidirectionalCases,
  torchWavenetCases,
  type GoldenTensor,
} from '../golden-data.js';
import {
  channelsLast,
  kerasWeights,
  layerState,
  readTorchConv,
  readTorchRecurrent,
  type TorchRecurrent,
} from '../torch-weights.js';

const lossOf = (outputs: readonly Tensor[], cotangents: readonly GoldenTensor[]): number =>
  outputs.reduce((sum, { data }, i) => data.reduce((rest, value, at) => rest + value * cotangents[i].data[at], sum), 0);

describe('PyTorch, both directions', () => {
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
    const kind = name.startsWith('rnn') ? 'rnn' : name.startsWith('lstm') ? 'lstm' : 'gru';
    const bothDirections = (prefix: string): TorchRecurrent[] =>
      [golden, reverseOf(golden, prefix)].map((from) => readTorchRecurrent(from, kind, prefix));
    /** The sequence, then all states of the forward layer, then all of the backward one. */
    const readAll = (prefix: string): GoldenTensor[] => {
      const [sequence, ...states] = golden.readSeries(prefix);
      return [sequence, ...[0, 1].flatMap((direction) => states.map((state) => layerState(state, direction)))];
    };
    const weights = bothDirections('').flatMap(kerasWeights);
    const given = readAll('input');
    const units = weights[1].shape[0];
    const options = { units, returnSequences: true, returnState: true } as const;
    const layer = {
      rnn: () => layers.simpleRNN(options),
      lstm: () => layers.lstm(options),
      gru: () => layers.gru(options),
    }[kind]() as never;
    const x = input({ shape: [null, given[0].shape[2]] });
    const states = given.slice(1).map(() => input({ shape: [units] }));
    const outputs = layers.bidirectional({ layer }).apply(x, { initialState: states });
    const model = functional({ inputs: [x, ...states], outputs });
    model.setWeights(weights);

    const predicted = model.predictAll(given);
    readAll('output').forEach(({ data }, i) => assertGolden(`output ${i}`, predicted[i].data, data, 'output'));
    const cotangents = readAll('cotangent');
    assertGolden('loss', [lossOf(predicted, cotangents)], golden.read('loss').data, 'gradient');
    const gradients = model.gradients(given, cotangents);
    readAll('grad.input').forEach(({ data }, i) =>
      assertGolden(`input ${i}`, gradients.inputs[i].data, data, 'gradient'),
    );
    bothDirections('grad.').forEach((parts, direction) => {
      const [kernel, recurrentKernel, bias] = gradients.weights.slice(3 * direction);
      const both = [...parts.inputBias.data, ...parts.recurrentBias.data];
      // Of a bias that is the sum of two, each has the sum's gradient.
      const ours = kind === 'gru' ? bias.data : [...bias.data, ...bias.data];
      assertGolden(`kernel ${direction}`, kernel.data, parts.kernel.data, 'gradient');
      assertGolden(`recurrent kernel ${direction}`, recurrentKernel.data, parts.recurrentKernel.data, 'gradient');
      assertGolden(`bias ${direction}`, ours, both, 'gradient');
    });
    golden.assertAllRead();
  });
});

describe('PyTorch, WaveNets', () => {
  test.each(torchWavenetCases)('%s', (name) => {
    const golden = loadTorchCase(name);
    const { blocks, layers: ofBlock, gated } = golden.config as { blocks: number; layers: number; gated: boolean };
    const count = blocks * ofBlock;
    const names: string[] = [];
    // front, f and g are a padding and a Conv1d named conv; the others are a Conv1d.
    const prefixOf = (title: string): string => (/^(front|[fg]\.)/.test(title) ? `${title}.conv.` : `${title}.`);
    const conv = (title: string, x: SymbolicTensor, options: Partial<layers.Conv1DOptions> = {}): SymbolicTensor => {
      const [{ shape }] = readTorchConv(golden, prefixOf(title));
      names.push(title);
      const [kernelSize, , filters] = shape;
      return layers.conv1d({ name: title, filters, kernelSize, padding: 'causal', ...options }).apply(x);
    };
    const [x, y, dy, dx] = ['input.0', 'output.0', 'cotangent.0', 'grad.input.0'].map((tensor) =>
      channelsLast(golden.read(tensor)),
    );
    const given = input({ shape: [null, x.shape[2]] });
    let h = conv('front', given);
    const skips: SymbolicTensor[] = [];
    for (let n = 0; n < count; n++) {
      const dilationRate = 2 ** (n % ofBlock);
      const f = conv(`f.${n}`, h, { dilationRate, activation: gated ? 'tanh' : 'relu' });
      const z = gated ? layers.multiply().apply([f, conv(`g.${n}`, h, { dilationRate, activation: 'sigmoid' })]) : f;
      skips.push(conv(`skip.${n}`, z));
      // Of the last h nothing is used.
      if (n < count - 1) h = layers.add().apply([h, conv(`res.${n}`, z)]);
    }
    const sum = skips.length > 1 ? layers.add().apply(skips) : skips[0];
    const bent = layers.activation({ activation: 'relu' }).apply(sum);
    const model = functional({ inputs: given, outputs: conv('o2', conv('o1', bent, { activation: 'relu' })) });
    const own = model.layers.filter(({ title }) => names.includes(title));
    model.setWeights(own.flatMap(({ title }) => readTorchConv(golden, prefixOf(title))));

    const [output] = model.predictAll(x);
    assertGolden('output', output.data, y.data, 'output');
    assertGolden('loss', [lossOf([output], [dy])], golden.read('loss').data, 'gradient');
    const gradients = model.gradients(x, dy);
    assertGolden('input', gradients.inputs[0].data, dx.data, 'gradient');
    own.forEach(({ title }, i) => {
      readTorchConv(golden, `grad.${prefixOf(title)}`).forEach(({ data }, which) =>
        assertGolden(`${title} ${which}`, gradients.weights[2 * i + which].data, data, 'gradient'),
      );
    });
    const last = `res.${count - 1}`;
    readTorchConv(golden, `${last}.`);
    for (const { data } of readTorchConv(golden, `grad.${last}.`))
      expect(data.every((value) => value === 0)).toBe(true);
    golden.assertAllRead();

    // Causal means streamable: the same bits, one step at a time.
    const session = model.stream({ batch: x.shape[0] });
    expect(session.push(x).data).toEqual(output.data);
  });
});
