/**
 * The library's layers against TensorFlow.js Layers: models written with the API, with the file's weights in the file's
 * order. (tests/formats/tfjs.test.ts reads the same cases from their own files.)
 */
import { describe, expect, test } from 'vitest';
import {
  functional,
  input,
  layers,
  sequential,
  type Layer,
  type Tensor,
  type TrainableModel,
} from '../../src/index.js';
import { assertGolden, layerCases, loadLayerCase, type LayerCaseName, type TfjsCase } from '../golden-data.js';

/** TensorFlow.js Layers' defaults, where Keras 3's differ. */
const legacyGates = { recurrentActivation: 'hardSigmoidLegacy' } as const;
const legacyGru = { ...legacyGates, resetAfter: false } as const;

const recurrent = {
  simpleRNN: (options: layers.RecurrentOptions): Layer => layers.simpleRNN(options),
  lstm: (options: layers.LstmOptions): Layer => layers.lstm({ ...legacyGates, ...options }),
  gru: (options: layers.GruOptions): Layer => layers.gru({ ...legacyGru, ...options }),
};
type RecurrentKind = keyof typeof recurrent;

type Build = (golden: TfjsCase) => TrainableModel;

/** The first layer of a sequential model gets the shape of the case's input, of any length. */
const chainOf =
  (makeLayers: (inputShape: (number | null)[]) => Layer[]): Build =>
  (golden) => {
    const [, , features] = golden.read('input.0').shape;
    return sequential({ layers: makeLayers([null, features]) });
  };

const last = (kind: RecurrentKind): Build => chainOf((inputShape) => [recurrent[kind]({ units: 7, inputShape })]);

const sequence = (kind: RecurrentKind): Build =>
  chainOf((inputShape) => [recurrent[kind]({ units: 8, returnSequences: true, inputShape })]);

const stack = (kind: RecurrentKind): Build =>
  chainOf((inputShape) => [
    recurrent[kind]({ units: 20, returnSequences: true, inputShape }),
    recurrent[kind]({ units: 20, returnSequences: true }),
    recurrent[kind]({ units: 1 }),
  ]);

const sigmoid = (kind: RecurrentKind): Build =>
  chainOf((inputShape) => [recurrent[kind]({ units: 6, activation: 'sigmoid', inputShape })]);

const masked = (kind: RecurrentKind): Build =>
  chainOf((inputShape) => [layers.masking({ inputShape }), recurrent[kind]({ units: 5 })]);

const stateful = (kind: RecurrentKind): Build =>
  chainOf((inputShape) => [recurrent[kind]({ units: 6, returnSequences: true, stateful: true, inputShape })]);

const bidirectional = <Kind extends RecurrentKind>(kind: Kind) =>
  Object.fromEntries(
    (['concat', 'ave'] as const).map((mergeMode) => [
      `bidirectional-${kind}-${mergeMode}`,
      chainOf((inputShape) => {
        const layer = recurrent[kind]({ units: 4, returnSequences: true }) as layers.BidirectionalOptions['layer'];
        return [layers.bidirectional({ layer, mergeMode, inputShape })];
      }),
    ]),
  ) as Record<`bidirectional-${Kind}-${'concat' | 'ave'}`, Build>;

/** The list of cases, and each one's model. */
const models: Readonly<Record<LayerCaseName, Build>> = {
  'simpleRNN-last': last('simpleRNN'),
  'simpleRNN-seq': sequence('simpleRNN'),
  'simpleRNN-stack': stack('simpleRNN'),
  'simpleRNN-sigmoid-act': sigmoid('simpleRNN'),
  'simpleRNN-mask': masked('simpleRNN'),
  'simpleRNN-stateful': stateful('simpleRNN'),
  'lstm-last': last('lstm'),
  'lstm-seq': sequence('lstm'),
  'lstm-stack': stack('lstm'),
  'lstm-sigmoid-act': sigmoid('lstm'),
  'lstm-mask': masked('lstm'),
  'lstm-stateful': stateful('lstm'),
  'gru-last': last('gru'),
  'gru-seq': sequence('gru'),
  'gru-stack': stack('gru'),
  'gru-sigmoid-act': sigmoid('gru'),
  'gru-mask': masked('gru'),
  'lecture-deep-simple-rnn': stack('simpleRNN'),
  'lecture-lstm-timedistributed': chainOf((inputShape) => [
    recurrent.lstm({ units: 20, returnSequences: true, inputShape }),
    recurrent.lstm({ units: 20, returnSequences: true }),
    layers.timeDistributed({ layer: layers.dense({ units: 10 }) }),
  ]),
  ...bidirectional('simpleRNN'),
  ...bidirectional('lstm'),
  ...bidirectional('gru'),
  'conv1d-same-s1-d1-k5': chainOf((inputShape) => [
    layers.conv1d({ filters: 4, kernelSize: 5, padding: 'same', inputShape }),
  ]),
  'conv1d-same-s2-d1-k3': chainOf((inputShape) => [
    layers.conv1d({ filters: 5, kernelSize: 3, strides: 2, padding: 'same', activation: 'sigmoid', inputShape }),
  ]),
  'conv1d-valid-s1-d3-k3': chainOf((inputShape) => [
    layers.conv1d({ filters: 4, kernelSize: 3, dilationRate: 3, activation: 'elu', inputShape }),
  ]),
  'conv1d-pool-lstm': chainOf((inputShape) => [
    layers.conv1d({ filters: 8, kernelSize: 4, strides: 2, inputShape }),
    recurrent.gru({ units: 20, returnSequences: true }),
    recurrent.gru({ units: 20, returnSequences: true }),
    layers.timeDistributed({ layer: layers.dense({ units: 10 }) }),
  ]),
  'conv1d-maxpool-globalavg': chainOf((inputShape) => [
    layers.conv1d({ filters: 8, kernelSize: 3, padding: 'same', activation: 'relu', inputShape }),
    layers.maxPooling1d(),
    layers.conv1d({ filters: 6, kernelSize: 3, padding: 'same', activation: 'relu' }),
    layers.globalAveragePooling1d(),
    layers.dense({ units: 2 }),
  ]),
  'embedding-sentiment': () =>
    sequential({
      layers: [
        layers.embedding({ inputDim: 30, outputDim: 8, inputShape: [null] }),
        recurrent.gru({ units: 10 }),
        layers.dense({ units: 1, activation: 'sigmoid' }),
      ],
    }),
  'layernorm-lstm': chainOf((inputShape) => [
    layers.layerNormalization({ inputShape }),
    recurrent.lstm({ units: 5, returnSequences: true }),
    layers.layerNormalization(),
  ]),
  'vector-to-sequence': (golden) =>
    sequential({
      layers: [
        layers.dense({ units: 12, activation: 'relu', inputShape: golden.read('input.0').shape.slice(1) }),
        layers.repeatVector({ n: 6 }),
        recurrent.lstm({ units: 8, returnSequences: true }),
        layers.timeDistributed({ layer: layers.dense({ units: 4, activation: 'softmax' }) }),
      ],
    }),
  // What is dropped in training is all there at inference.
  'dropout-inference': chainOf((inputShape) => [
    layers.dropout({ rate: 0.5, inputShape }),
    recurrent.lstm({ units: 5, dropout: 0.3, recurrentDropout: 0.2 }),
    layers.dropout({ rate: 0.2 }),
    layers.dense({ units: 2 }),
  ]),
  'lstm-initial-state': () => {
    const [x, h, c] = [input({ shape: [null, 3] }), input({ shape: [6] }), input({ shape: [6] })];
    const options = { ...legacyGates, units: 6, returnSequences: true, returnState: true } as const;
    return functional({ inputs: [x, h, c], outputs: layers.lstm(options).apply(x, { initialState: [h, c] }) });
  },
  'encoder-decoder-gru': () => {
    const [source, target] = [input({ shape: [null, 4] }), input({ shape: [null, 3] })];
    const [, state] = layers.gru({ ...legacyGru, units: 9, returnState: true }).apply(source);
    const decoder = layers.gru({ ...legacyGru, units: 9, returnSequences: true });
    const decoded = decoder.apply(target, { initialState: state });
    const outputs = layers.dense({ units: 5, activation: 'softmax' }).apply(decoded);
    return functional({ inputs: [source, target], outputs });
  },
};

test('all layer cases are here', () => {
  expect(Object.keys(models).sort()).toEqual([...layerCases].sort());
});

describe('TensorFlow.js Layers, outputs', () => {
  test.each(layerCases)('%s', (name) => {
    const golden = loadLayerCase(name);
    const model = models[name](golden);
    model.setWeights(golden.readWeights());
    const inputs = golden.readSeries('input');
    const run = (): Tensor[] => model.predictAll(inputs);

    const outputs = golden.readSeries('output');
    const predicted = run();
    expect(predicted.map(({ shape }) => shape)).toEqual(outputs.map(({ shape }) => shape));
    outputs.forEach((theirs, i) => assertGolden(`output ${i}`, predicted[i].data, theirs.data, 'output'));

    const calls = repeatedCalls(golden);
    expect(calls > 1).toBe(name.endsWith('stateful'));
    model.resetStates();
    for (let call = 0; call < calls; call++) {
      const theirs = golden.readSeries(`repeatedCall.${call}`);
      const ours = run();
      expect(ours.map(({ shape }) => shape)).toEqual(theirs.map(({ shape }) => shape));
      theirs.forEach(({ data }, i) => assertGolden(`call ${call}, output ${i}`, ours[i].data, data, 'output'));
    }
    golden.assertAllRead();
  });
});

function repeatedCalls(golden: TfjsCase): number {
  let calls = 0;
  while (golden.has(`repeatedCall.${calls}.0`)) calls++;
  return calls;
}
