/** What a model tells of itself; its weights; models that share layers or inputs. */
import { describe, expect, test } from 'vitest';
import { functional, input, layers, loadModel, sequential } from '../../src/index.js';
import * as inference from '../../src/inference.js';
import { ones } from '../numbers.js';
import { createRandom } from '../random.js';

const createLayers = () => [
  layers.conv1d({ filters: 4, kernelSize: 2, padding: 'causal', inputShape: [null, 3] }),
  layers.simpleRNN({ units: 5, returnSequences: true, useBias: false }),
  layers.lstm({ units: 6, returnSequences: true }),
  layers.gru({ units: 7, returnSequences: true }),
  layers.gru({ units: 2, resetAfter: false }),
  layers.dropout({ rate: 0.1 }),
  layers.dense({ units: 1 }),
];
const create = () => sequential({ name: 'forecast', layers: createLayers() });

// prettier-ignore
const shapes = [
  [2, 3, 4], [4],           // conv1d
  [4, 5], [5, 5],           // simple_rnn
  [5, 24], [6, 24], [24],   // lstm
  [6, 21], [7, 21], [2, 21], // gru
  [7, 6], [2, 6], [6],      // gru_1
  [2, 1], [1],              // dense
];
const sizeOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

describe('weights', () => {
  const compiled = () => {
    const model = create();
    model.compile({ optimizer: 'adam', loss: 'mse' });
    return model;
  };

  test('come layer by layer, in Keras’s order and shapes', () => {
    expect(create().getWeights().map(({ shape }) => shape)).toEqual(shapes); // prettier-ignore
    expect(create().countParameters()).toBe(shapes.map(sizeOf).reduce((a, b) => a + b));
  });

  test.each([
    ['a model', create],
    ['a compiled model', compiled],
    ['an inference model', () => inference.sequential({ layers: createLayers() })],
  ])('of %s come back as they were set, to the bit', (_, make) => {
    const model = make();
    const random = createRandom(4);
    const given = shapes.map((shape) => ({ shape, data: random.normals(sizeOf(shape)) }));
    model.setWeights(given);
    expect(model.getWeights().map(({ data }) => data)).toEqual(given.map(({ data }) => data));
    const before = model.predict(ones(2, 9, 3)).data;
    model.setWeights(model.getWeights());
    expect(model.predict(ones(2, 9, 3)).data).toEqual(before);
  });

  test('are made from the seed, the layer’s name and the weight’s alone', () => {
    const [one, other] = [create(), compiled()];
    expect(one.getWeights().map(({ data }) => data)).toEqual(other.getWeights().map(({ data }) => data));
    const shorter = sequential({ layers: createLayers().slice(0, 1) });
    expect(shorter.getWeights().map(({ data }) => data)).toEqual(one.getWeights().slice(0, 2).map(({ data }) => data)); // prettier-ignore
  });

  test('of a layer that is called as one in a model inside are others', () => {
    const dense = () => layers.dense({ units: 3, inputShape: [3] });
    const [a, , b] = sequential({ layers: [dense(), sequential({ layers: [dense()] })] }).getWeights();
    expect(a.data).not.toEqual(b.data);
  });

  test('of an inference model are zeros until they are set', () => {
    const model = inference.sequential({ layers: createLayers() });
    expect(model.getWeights().every(({ data }) => data.every((value) => value === 0))).toBe(true);
  });
});

describe('what it tells', () => {
  test('layers have their kind’s name, numbered in each model anew', () => {
    const names = ['input', 'conv1d', 'simple_rnn', 'lstm', 'gru', 'gru_1', 'dropout', 'dense'];
    expect(create().layers.map(({ name }) => name)).toEqual(names);
    expect(create().layers.map(({ name }) => name)).toEqual(names);
    expect(create().getLayer('gru_1').config).toMatchObject({ units: 2, resetAfter: false });
  });

  test('a name that the user gave is kept, and an automatic one avoids it', () => {
    const model = sequential({
      layers: [
        layers.dense({ units: 1, inputShape: [1] }),
        layers.dense({ units: 1, name: 'dense' }),
        layers.dense({ units: 1 }),
      ],
    });
    expect(model.layers.map(({ name }) => name)).toEqual(['input', 'dense_1', 'dense', 'dense_2']);
  });

  test('a second model leaves the names of the first alone where it can, and gives no name twice', () => {
    const [a, b, c] = [1, 2, 3].map(() => layers.dense({ units: 2 }));
    const x = input({ shape: [2] });
    const model = functional({ inputs: x, outputs: c.apply(b.apply(a.apply(x))) });
    const y = input({ shape: [2] });
    const fresh = layers.dense({ units: 2 });
    functional({ inputs: y, outputs: b.apply(fresh.apply(y)) });
    expect([a, b, c, fresh].map(({ name }) => name)).toEqual(['dense', 'dense_1', 'dense_2', 'dense']);
    functional({ inputs: y, outputs: layers.dense({ units: 2, name: 'dense' }).apply(a.apply(y)) });
    expect(model.layers.map(({ name }) => name)).toEqual(['input', 'dense_3', 'dense_1', 'dense_2']);
    expect(loadModel(model.toSafetensors()).predict([[1, 2]]).data).toEqual(model.predict([[1, 2]]).data);
  });

  test('summary lists layers, output shapes and parameters', () => {
    const printed: string[] = [];
    const text = create().summary((line) => printed.push(line));
    expect(printed).toEqual([text]);
    const rows = text.split('\n').filter((line) => /\(\w+\) /.test(line));
    expect(rows.map((row) => row.trim().split(/ {2,}/))).toEqual([
      ['Layer (type)', 'Output shape', 'Parameters'],
      ['input (InputLayer)', '[null, null, 3]', '0'],
      ['conv1d (Conv1D)', '[null, null, 4]', '28'],
      ['simple_rnn (SimpleRNN)', '[null, null, 5]', '45'],
      ['lstm (LSTM)', '[null, null, 6]', '288'],
      ['gru (GRU)', '[null, null, 7]', '315'],
      ['gru_1 (GRU)', '[null, 2]', '60'],
      ['dropout (Dropout)', '[null, 2]', '0'],
      ['dense (Dense)', '[null, 1]', '3'],
    ]);
    expect(text).toMatch(/^Model: "forecast"\n/);
    expect(text).toMatch(
      /\nParameters in all: 739 \(2,956 bytes\)\nTrainable: 739 \(2,956 bytes\)\nNot trainable: 0 \(0 bytes\)$/,
    );
  });

  test('summary of a graph says what each layer takes, and what training leaves alone', () => {
    const [a, b] = [input({ shape: [null, 2] }), input({ shape: [3] })];
    const states = layers.gru({ units: 3, returnSequences: true, returnState: true, trainable: false });
    const [sequence, state] = states.apply(a, { initialState: b });
    const both = layers.bidirectional({ layer: layers.simpleRNN({ units: 2, returnSequences: true }) });
    const pooled = layers.dense({ units: 3 }).apply(state);
    const model = functional({ inputs: [a, b], outputs: [both.apply(sequence), layers.add().apply([pooled, state])] });
    const text = model.summary(() => undefined);
    const rows = text.split('\n').filter((line) => /\(\w+\) /.test(line));
    expect(rows.slice(1).map((row) => row.trim().split(/ {2,}/))).toEqual([
      ['input (InputLayer)', '[null, null, 2]', '0', '–'],
      ['input_1 (InputLayer)', '[null, 3]', '0', '–'],
      ['gru (GRU)', '[null, null, 3], [null, 3]', '63', 'input, input_1'],
      ['dense (Dense)', '[null, 3]', '12', 'gru[1]'],
      ['bidirectional (Bidirectional)', '[null, null, 4]', '24', 'gru'],
      ['add (Add)', '[null, 3]', '0', 'dense, gru[1]'],
    ]);
    expect(text).toMatch(/\nTrainable: 36 \(144 bytes\)\nNot trainable: 63 \(252 bytes\)$/);
  });
});

describe('several models', () => {
  test('over the same layers share weights and training', () => {
    const x = input({ shape: [null, 3] });
    const h = layers.gru({ units: 4 }).apply(x);
    const encoder = functional({ name: 'encoder', inputs: x, outputs: h });
    const whole = functional({ name: 'whole', inputs: x, outputs: layers.dense({ units: 1 }).apply(h) });
    expect(whole.workspace).toBe(encoder.workspace);
    const before = encoder.predict(ones(2, 5, 3)).data;
    whole.compile({ optimizer: 'adam', loss: 'mse' });
    whole.trainOnBatch(ones(2, 5, 3), ones(2, 1));
    expect(encoder.predict(ones(2, 5, 3)).data).not.toEqual(before);
    expect(encoder.getWeights().map(({ data }) => data)).toEqual(whole.getWeights().slice(0, 3).map(({ data }) => data)); // prettier-ignore
    encoder.setWeights(encoder.getWeights().map(({ shape }) => ones(...shape)));
    expect(whole.getWeights()[0].data).toEqual(ones(3, 12).data);
  });

  test('over one input and layers of their own do not know each other', () => {
    const x = input({ shape: [null, 3] });
    const [a, b] = [layers.lstm({ units: 2 }), layers.gru({ units: 2 })].map((layer) =>
      functional({ inputs: x, outputs: layer.call(x).outputs }),
    );
    expect(a.workspace).not.toBe(b.workspace);
    expect([a.predict(ones(1, 4, 3)).shape, b.predict(ones(2, 5, 3)).shape]).toEqual([[1, 2], [2, 2]]); // prettier-ignore
  });

  test('a layer may stand twice in a chain: it is shared', () => {
    for (const name of [undefined, 'same']) {
      const layer = layers.dense({
        units: 3,
        inputShape: [3],
        useBias: false,
        ...(name === undefined ? {} : { name }),
      });
      const model = sequential({ layers: [layer, layer] });
      model.setWeights([ones(3, 3)]);
      expect([...model.predict(ones(1, 3)).data]).toEqual([9, 9, 9]);
    }
  });
});
