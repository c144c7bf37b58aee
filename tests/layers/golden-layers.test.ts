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
