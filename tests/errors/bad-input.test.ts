/** Bad input: one clear error each, thrown before anything changes; the model works on afterwards as before. */
import { afterEach, describe, expect, test } from 'vitest';
import { functional, input, layers, sequential } from '../../src/index.js';
import { relaxedInference } from '../../src/relaxed.js';
import { ones, zeros } from '../numbers.js';
import { thrownBy } from './nonsense.js';

const model = sequential({
  layers: [layers.lstm({ units: 4, returnSequences: true, inputShape: [null, 3] }), layers.dense({ units: 1 })],
});
model.compile({ optimizer: 'sgd', loss: 'mse' });
const [x, y] = [ones(2, 5, 3), ones(2, 5, 1)];
const outputs = model.predict(x).data;
const weights = model.getWeights().map(({ data }) => data);

afterEach(() => {
  expect(model.predict(x).data).toEqual(outputs);
  expect(model.getWeights().map(({ data }) => data)).toEqual(weights);
});

/** No tensors at all, whatever is asked for. */
const noTensors: [string, unknown, RegExp][] = [
  ['strings', [[['a', 'b', 'c']]], /expected numbers, got 'a'/],
  ['numbers in strings', { data: ['1', '2', '3'], shape: [1, 1, 3] }, /expected numbers, got '1'/],
  ['booleans', [[[true, false, true]]], /expected numbers, got true/],
  ['a hole', [[[1, undefined, 3]]], /expected numbers, got undefined/],
  ['null', null, /expected numbers, got null/],
  ['undefined', undefined, /expected numbers, got undefined/],
  ['a number', 5, /expected numbers, got 5/],
  ['a function', () => x, /expected numbers, got a function/],
  ['big integers', [[[1n, 2n, 3n]]], /expected numbers, got 1/],
  ['an array of big integers', { data: new BigInt64Array(3), shape: [1, 1, 3] }, /expected data .*, got a typed array/],
  ['binary data', { data: new DataView(new ArrayBuffer(12)), shape: [1, 1, 3] }, /expected data .*, got a typed array/],
  ['no data', { data: undefined, shape: [1, 1, 3] }, /expected data to be an array of numbers, got undefined/],
  ['a shape of strings', { data: [1, 2, 3], shape: ['1', '1', '3'] }, /expected a shape of .*, got \['1', '1', '3'\]/],
  ['a shape with NaN', { data: [1, 2, 3], shape: [1, NaN, 3] }, /expected a shape of .*, got \[1, NaN, 3\]/],
  ['a shape with a negative', { data: [], shape: [1, -1, 3] }, /expected a shape of .*, got \[1, -1, 3\]/],
  ['no shape', { data: [1, 2, 3], shape: 3 }, /expected shape to be an array, got 3/],
  ['a shape that lies', { data: new Float32Array(5), shape: [1, 2, 3] }, /shape \[1, 2, 3\] wants 6 values, got 5/],
  [
    'rows of different lengths',
    [[[1, 2, 3]], [[1, 2]]],
    /ragged: expected arrays of length 3 along axis 2, got one of 2/,
  ],
  [
    'sequences of different lengths',
    [[[1, 2, 3]], [[1, 2, 3], [4, 5, 6]]], // prettier-ignore
    /ragged: expected arrays of length 1 along axis 1, got one of 2/,
  ],
  ['a number among arrays', [[[1, 2, 3], 4]], /ragged: expected arrays of length 3 along axis 2, got 4/],
  ['an array among numbers', [[[1, [2], 3]]], /expected numbers, got \[2\]/],
];

test.each([
  ['predict', '"input"', (bad: never) => model.predict(bad)],
  ['evaluate', '"input"', (bad: never) => model.evaluate(bad, y)],
  ['evaluate: targets', '"dense"', (bad: never) => model.evaluate(x, bad)],
  ['trainOnBatch', '"input"', (bad: never) => model.trainOnBatch(bad, y)],
  ['trainOnBatch: targets', '"dense"', (bad: never) => model.trainOnBatch(x, bad)],
  ['gradients', '"input"', (bad: never) => model.gradients(bad, y)],
  ['gradients: cotangents', '"dense"', (bad: never) => model.gradients(x, bad)],
  ['setWeights', 'lstm/kernel', (bad: never) => model.setWeights([bad, ...weights.slice(1)])],
] as const)(
  '%s refuses what is no tensor, naming the tensor, what was expected and what came',
  (name, tensor, call) => {
    for (const [what, bad, message] of noTensors) {
      const error = thrownBy(() => call(bad as never));
      expect(error, what).toBeInstanceOf(TypeError);
      expect(String(error), what).toMatch(message);
      expect(String(error), what).toContain(`sequential: ${name}: ${tensor}`);
    }
  },
);

test.each(noTensors)('fit refuses %s, as inputs and as targets', async (_, bad, message) => {
  await expect(model.fit(bad as never, y)).rejects.toThrow(message);
  await expect(model.fit(x, bad as never)).rejects.toThrow(message);
  await expect(model.fit(x, y, { validationData: [x, bad as never] })).rejects.toThrow(message);
});

describe('shapes', () => {
  const wrong: [string, unknown, string][] = [
    ['a wrong rank', ones(2, 3), 'expected shape [batch, time, 3], got [2, 3]'],
    ['a higher rank', ones(2, 5, 3, 1), 'expected shape [batch, time, 3], got [2, 5, 3, 1]'],
    ['a flat array', new Float32Array(30), 'expected shape [batch, time, 3], got [30]'],
    ['wrong features', ones(2, 5, 4), 'expected shape [batch, time, 3], got [2, 5, 4]'],
    ['an empty array', [], 'expected shape [batch, time, 3], got [0]'],
  ];
  test.each(wrong)('%s: refused, naming the input, what was expected and what came', async (_, bad, message) => {
    const given = bad as never;
    const text = `"input": ${message}`;
    expect(() => model.predict(given)).toThrow(`sequential: predict: ${text}`);
    expect(() => model.evaluate(given, y)).toThrow(`sequential: evaluate: ${text}`);
    expect(() => model.trainOnBatch(given, y)).toThrow(`sequential: trainOnBatch: ${text}`);
    expect(() => model.gradients(given, y)).toThrow(`sequential: gradients: ${text}`);
    await expect(model.fit(given, y)).rejects.toThrow(`sequential: fit: ${text}`);
  });

  test('a batch of 0', async () => {
    const message = 'expected a batch of at least 1, got 0';
    const none = zeros(0, 5, 3);
    expect(() => model.predict(none)).toThrow(new RangeError(`sequential: predict: ${message}`));
    expect(() => model.evaluate(none, zeros(0, 5, 1))).toThrow(message);
    expect(() => model.trainOnBatch(none, zeros(0, 5, 1))).toThrow(message);
    expect(() => model.gradients(none, zeros(0, 5, 1))).toThrow(message);
    await expect(model.fit(none, zeros(0, 5, 1))).rejects.toThrow(message);
  });

  test('targets and cotangents of another shape, number of rows or of steps', async () => {
    const rank = '"dense": expected shape [batch, time, 1], got [2, 5]';
    expect(() => model.trainOnBatch(x, ones(2, 5))).toThrow(`trainOnBatch: targets: ${rank}`);
    await expect(model.fit(x, ones(2, 5))).rejects.toThrow(`fit: targets: ${rank}`);
    expect(() => model.gradients(x, ones(2, 5))).toThrow(`gradients: cotangents: ${rank}`);
    const rows = 'expected as many targets as inputs, 2, got 3';
    expect(() => model.evaluate(x, ones(3, 5, 1))).toThrow(`evaluate: ${rows}`);
    await expect(model.fit(x, ones(3, 5, 1))).rejects.toThrow(`fit: ${rows}`);
    expect(() => model.gradients(x, ones(3, 5, 1))).toThrow('gradients: cotangents: expected 2 rows, got 3');
    const steps = 'targets of "dense": expected 5 time steps, got 4';
    expect(() => model.trainOnBatch(x, ones(2, 4, 1))).toThrow(`trainOnBatch: ${steps}`);
    await expect(model.fit(x, ones(2, 4, 1))).rejects.toThrow(`fit: ${steps}`);
    await expect(model.fit(x, y, { validationData: [x, ones(2, 4, 1)] })).rejects.toThrow(
      `fit: validationData: ${steps}`,
    );
    expect(() => model.gradients(x, ones(2, 4, 1))).toThrow('gradients: cotangents: expected 5 time steps, got 4');
  });

  test('setWeights with another number of weights, or another shape', () => {
    expect(() => model.setWeights([])).toThrow('sequential: setWeights: expected 5 weights, got 0');
    expect(() => model.setWeights([...weights, [1]])).toThrow('expected 5 weights, got 6');
    expect(() => model.setWeights(5 as never)).toThrow('expected 5 weights, got number');
    const good = model.getWeights().map(({ shape }) => ones(...shape));
    for (const [last, message] of [
      [ones(7), 'sequential: setWeights: dense/bias: expected shape [1], got [7]'],
      [ones(1, 1), 'dense/bias: expected shape [1], got [1, 1]'],
    ] as const) {
      expect(() => model.setWeights([...good.slice(0, -1), last])).toThrow(message);
    }
  });

  test('NaN and infinite numbers are numbers: they go through', () => {
    expect(Number.isNaN(model.predict([[[NaN, 0, 0]]]).data[0])).toBe(true);
    expect(Number.isFinite(model.predict([[[Infinity, 0, 0]]]).data[0])).toBe(true);
  });
});

describe('several inputs', () => {
  const [a, b] = [input({ shape: [2], name: 'a' }), input({ shape: [2], name: 'b' })];
  const shared = layers.dense({ units: 2 });
  const two = functional({ inputs: [a, b], outputs: [shared.apply(a), shared.apply(b)] });
  const before = two.predictAll([ones(3, 2), ones(3, 2)]);

  test.each([
    ['one tensor', ones(3, 2), 'functional: predict: expected 2 tensors (a, b), got one'],
    ['an array of one', [ones(3, 2)], 'expected 2 tensors (a, b), got an array of 1'],
    ['an array of three', [ones(3, 2), ones(3, 2), ones(3, 2)], 'expected 2 tensors (a, b), got an array of 3'],
    ['a name that is not there', { a: ones(3, 2), c: ones(3, 2) }, 'expected "a", "b", got "c"'],
    ['a name that is missing', { a: ones(3, 2) }, 'predict: expected "b", got none'],
    ['different numbers of rows', [ones(3, 2), ones(2, 2)], 'expected as many rows in each, got 3 and 2'],
    ['a wrong second one', [ones(3, 2), ones(3, 1)], '"b": expected shape [batch, 2], got [3, 1]'],
  ])('%s: refused', (_, bad, message) => {
    expect(() => two.predictAll(bad as never)).toThrow(message);
    expect(two.predictAll({ b: ones(3, 2), a: ones(3, 2) }).map(({ data }) => data)).toEqual(
      before.map(({ data }) => data),
    );
  });
});

describe('graphs', () => {
  const sequence = (name: string) => input({ shape: [null, 2], name });

  test('two layers of one name', () => {
    const twice = [
      layers.lstm({ units: 2, name: 'a', inputShape: [null, 1], returnSequences: true }),
      layers.gru({ units: 2, name: 'a' }),
    ];
    expect(() => sequential({ layers: twice })).toThrow('sequential: two layers are called "a"');
    const x = sequence('x');
    const y1 = layers.dense({ units: 1, name: 'x' }).apply(x);
    expect(() => functional({ inputs: x, outputs: y1, name: 'named' })).toThrow('named: two layers are called "x"');
  });

  test('layers of two workspaces, naming both', () => {
    const [a, b] = [layers.dense({ units: 2, inputShape: [2] }), layers.dense({ units: 2, inputShape: [2] })];
    sequential({ name: 'first', layers: [a] });
    sequential({ name: 'second', layers: [b] });
    const x = input({ shape: [2] });
    const message = /dense has its weights in the workspace of "second", others in the workspace of "first"/;
    expect(() => functional({ inputs: x, outputs: b.apply(a.apply(x)) })).toThrow(message);
    expect(() => sequential({ layers: [a, b] })).toThrow(message);
    // An input holds nothing, so it may be any model's.
    expect(functional({ inputs: x, outputs: a.apply(x) }).predict(ones(1, 2)).shape).toEqual([1, 2]);
  });

  test('inputs and outputs that do not belong together', () => {
    const [x, other] = [sequence('x'), sequence('other')];
    const h = layers.lstm({ units: 2 }).apply(x);
    expect(() => functional({ inputs: other, outputs: h })).toThrow(
      'the outputs need the input "x", which is not among',
    );
    expect(() => functional({ inputs: [x, other], outputs: h })).toThrow('no output needs the input "other"');
    expect(() => functional({ inputs: [x, x], outputs: h })).toThrow('a tensor stands twice among the inputs');
    expect(() => functional({ inputs: x, outputs: [h, h] })).toThrow('a tensor stands twice among the outputs');
  });

  test('layers that do not fit, by name', () => {
    const first = layers.lstm({ units: 4, inputShape: [null, 3] });
    expect(() => sequential({ layers: [first, layers.lstm({ units: 2 })] })).toThrow(
      'lstm_1: expected an input of shape [batch, time, features], got [batch, 4]',
    );
    expect(() => sequential({ layers: [layers.lstm({ units: 4 })] })).toThrow(
      'sequential: the first layer, lstm, must say its inputShape',
    );
    const returning = layers.gru({ units: 4, inputShape: [null, 3], returnState: true });
    expect(() => sequential({ layers: [returning, layers.dense({ units: 1 })] })).toThrow(
      'gru returns its states too: use functional',
    );
    const shared = layers.dense({ units: 2, name: 'shared' });
    shared.apply(input({ shape: [3] }));
    expect(() => shared.apply(input({ shape: [4] }))).toThrow(
      'shared: expected an input of shape [null, 3], as in its first call, got [null, 4]',
    );
    // Without a step, and then without a feature: nothing could be normalised.
    const none = layers.permute({ dims: [2, 1] });
    const short = layers.conv1d({ filters: 2, kernelSize: 3 }).apply(input({ shape: [2, 1] }));
    expect(() => none.apply(short)).toThrow('permute: expected at least one feature, got [null, 2, 0]');
    expect(() => model.getLayer('gru')).toThrow('no layer is called "gru"; there are input, lstm, dense');
  });

  test('what does not run step by step, by name', () => {
    const backwards = layers.lstm({ units: 2, goBackwards: true, name: 'reader', inputShape: [null, 1] });
    expect(() => sequential({ layers: [backwards] }).stream()).toThrow('sequential: reader needs the whole sequence');
    const [x, vector] = [sequence('x'), input({ shape: [2], name: 'vector' })];
    const decode = layers.gru({ units: 2, name: 'decoder' });
    const dense = layers.dense({ units: 2, name: 'head' });
    expect(() => functional({ inputs: vector, outputs: dense.apply(vector) }).stream()).toThrow(
      'streaming needs an input with a time axis, got none',
    );
    const aside = layers.dense({ units: 2, name: 'aside' }).apply(vector);
    const both = functional({ inputs: [x, vector], outputs: [layers.lstm({ units: 2 }).apply(x), aside] });
    expect(() => both.stream({ fixed: ones(1, 2) })).toThrow(
      'the output of aside does not depend on the streamed input',
    );
    const fromItself = decode.apply(x, { initialState: layers.simpleRNN({ units: 2 }).apply(x) });
    expect(() => functional({ inputs: x, outputs: fromItself }).stream()).toThrow(
      'decoder starts from a state that depends on the streamed input itself',
    );
  });

  test('training on kernels for inference', () => {
    const small = { kernels: relaxedInference, layers: [layers.dense({ units: 1, inputShape: [1] })] };
    expect(() => sequential(small)).toThrow('training needs the training kernels');
  });
});
