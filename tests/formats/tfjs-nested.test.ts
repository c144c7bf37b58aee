/** Models inside of models in TensorFlow.js files, where files differ in how they write them. */
import { describe, expect, test } from 'vitest';
import { loadModel as loadTrainable, optimizers } from '../../src/index.js';
import { loadModel } from '../../src/inference.js';
import { fromKeras, handMade, readHandMade, type HandMadeLayer, type HandMadeWeight } from './hand-made.js';

const dense = (name: string, changes: Record<string, unknown> = {}): HandMadeLayer => ({
  name,
  class_name: 'Dense',
  config: { name, units: 1, activation: 'linear', use_bias: false, ...changes },
});

const inputLayer: HandMadeLayer = {
  name: 'x',
  class_name: 'InputLayer',
  config: { name: 'x', batch_input_shape: [null, 1] },
  inbound_nodes: [],
};

const chain = (name: string, layers: readonly HandMadeLayer[]): HandMadeLayer => ({
  name,
  class_name: 'Sequential',
  config: { name, layers },
});

const inside = chain('inside', [dense('double', { batch_input_shape: [null, 1] }), dense('triple')]);

/** The model inside, called on x and then on what it gave, its calls numbered from `first`. */
function called(first: number) {
  const layers = [
    inputLayer,
    { ...inside, inbound_nodes: [[['x', 0, 0, {}]], [['inside', first, 0, {}]]] },
    { ...dense('last'), inbound_nodes: [[['inside', first + 1, 0, {}]]] },
  ];
  return { name: 'outside', layers, input_layers: [['x', 0, 0]], output_layers: [['last', 0, 0]] };
}

const weights = (prefix = ''): HandMadeWeight[] => [
  { name: `${prefix}double/kernel`, shape: [1, 1], values: [2] },
  { name: `${prefix}triple/kernel`, shape: [1, 1], values: [3] },
  { name: 'last/kernel', shape: [1, 1], values: [0.5] },
];

describe('calls', () => {
  test.each([0, 1])('are numbered from %i', (first) => {
    const model = loadModel(readHandMade(handMade('Functional', called(first), weights())));
    expect(model.predict([[1], [-2]]).toArray()).toEqual([[18], [-36]]);
  });

  test('that the file has not are refused', () => {
    const config = called(0);
    const output_layers = [['inside', 4, 0]];
    const file = readHandMade(handMade('Functional', { ...config, output_layers }, weights()));
    expect(() => loadModel(file)).toThrow('outside: output 0 of call 4 of "inside" is not in the file');
  });
});

describe('weights', () => {
  test.each(['inside/', 'outside/inside/'])('are found behind the names of models: %s', (prefix) => {
    const file = fromKeras('3.8.0', handMade('Functional', called(1), weights(prefix)));
    expect(
      loadModel(readHandMade(file))
        .predict([[1]])
        .toArray(),
    ).toEqual([[18]]);
  });

  const twice = handMade('Sequential', { name: 'outside', layers: [inside, chain('again', [inside, dense('last')])] });
  const rows = ['double', 'triple'].flatMap((name) => weights().filter((weight) => weight.name === `${name}/kernel`));
  const last = weights().slice(2);

  test('of a layer in two models stand there twice', () => {
    const file = handMade('Sequential', twice.modelJson.modelTopology.config, [...rows, ...rows, ...last]);
    expect(
      loadModel(readHandMade(file))
        .predict([[1]])
        .toArray(),
    ).toEqual([[18]]);
  });

  test('that differ under one name are refused', () => {
    const others = rows.map((weight) => ({ ...weight, values: [7] }));
    const file = handMade('Sequential', twice.modelJson.modelTopology.config, [...rows, ...others, ...last]);
    expect(() => readHandMade(file)).toThrow('model.json: double/kernel: there are two weights for "double/kernel"');
  });
});

test('hard_sigmoid inside of a model is that of the file', () => {
  const layers = [chain('inside', [dense('gate', { activation: 'hard_sigmoid', batch_input_shape: [null, 1] })])];
  const file = handMade('Sequential', { name: 'outside', layers }, [
    { name: 'gate/kernel', shape: [1, 1], values: [1] },
  ]);
  const valueOf = (version: string) => loadModel(readHandMade(fromKeras(version, file))).predict([[0.6]]).data[0];
  expect(valueOf('2.15.0')).toBeCloseTo(0.2 * 0.6 + 0.5, 6);
  expect(valueOf('3.8.0')).toBeCloseTo(0.6 / 6 + 0.5, 6);
});

test('unknown layers are named all at once, those inside too', () => {
  const layers = [{ ...dense('one'), class_name: 'Odd' }, chain('inside', [{ ...dense('two'), class_name: 'Even' }])];
  expect(() => readHandMade(handMade('Sequential', { name: 'outside', layers }))).toThrow(
    'model.json: layers that bucle does not know: Odd ("one"), Even ("two")',
  );
});

test.each([
  ['inside', false, [2, 3, 0.25]],
  ['as a whole', true, [2, 3, 0.5]],
])('a frozen model %s is frozen, and no other layer', (_, isWhole, after) => {
  const frozen = { ...inside, config: { ...inside.config, trainable: false } };
  const config = { name: 'outside', layers: [frozen, dense('last')], trainable: !isWhole };
  const model = loadTrainable(readHandMade(handMade('Sequential', config, weights())));
  model.compile({ optimizer: optimizers.sgd({ learningRate: 1 / 48 }), loss: 'mse' });
  // 1 · 2 · 3 · 0.5 = 3, one too many: the gradient of the last kernel is 2 · 6.
  model.trainOnBatch([[1]], [[2]]);
  expect(model.getWeights().flatMap((weight) => weight.toArray())).toEqual(after.map((value) => [value]));
});

test.each([
  ['a field of the model', { trainable: 'no' }, 'model.json: inside: config: trainable: expected true, got'],
  ['no layers', { layers: [] }, 'model.json: inside: layers: expected at least one, got none'],
])('%s is refused by the name of the model inside', (_, changes, message) => {
  const layers = [{ ...inside, config: { ...inside.config, ...changes } }];
  expect(() => readHandMade(handMade('Sequential', { name: 'outside', layers }, weights()))).toThrow(message);
});
