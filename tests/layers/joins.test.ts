/** Inputs that are joined step by step must have as many steps: refused before anything runs, by the layer's name. */
import { describe, expect, test } from 'vitest';
import { functional, input, layers, sequential, type SymbolicTensor } from '../../src/index.js';

test.each(['add', 'concatenate'] as const)('%s', (kind) => {
  const [a, b] = [input({ shape: [null, 2] }), input({ shape: [null, 2] })];
  const model = functional({ inputs: [a, b], outputs: layers[kind]({ name: 'joint' }).apply([a, b]) });
  const steps = (count: number): number[][][] => [Array.from({ length: count }, (_, i) => [i, -i])];
  expect(() => model.predict([steps(3), steps(4)])).toThrow('joint: expected inputs of as many steps, got 3 and 4');
  expect(model.predict([steps(3), steps(3)]).shape.slice(0, 2)).toEqual([1, 3]);
});

test.each(['add', 'concatenate'] as const)(
  '%s: a sequence that happens to have one step is no vector for all steps',
  (kind) => {
    const [a, b] = [input({ shape: [null, 2] }), input({ shape: [null, 2] })];
    const model = functional({ inputs: [a, b], outputs: layers[kind]().apply([a, b]) });
    expect(() =>
      model.predict([
        [[[1, 2]]],
        [
          [
            [1, 2],
            [3, 4],
          ],
        ],
      ]),
    ).toThrow('inputs of as many steps, got 1 and 2');
  },
);

test('a stream refuses to join its steps with a sequence that is whole at every push', () => {
  const [steps, words] = [input({ shape: [2, 1] }), input({ shape: [2] })];
  const embedded = layers.embedding({ inputDim: 3, outputDim: 2 }).apply(words);
  const model = functional({ inputs: [steps, words], outputs: layers.concatenate().apply([steps, embedded]) });
  expect(() => model.stream({ fixed: [[0, 1]] })).toThrow(/concatenate joins \w+ and embedding, whose rows/);
});

test('along time, which is axis −2 of three too, no stream joins', () => {
  const x = input({ shape: [null, 2] });
  for (const axis of [1, -2]) {
    const model = functional({ inputs: x, outputs: layers.concatenate({ axis }).apply([x, x]) });
    expect(() => model.stream()).toThrow('concatenate needs the whole sequence');
  }
});

test('along time, sequences of any length are joined', () => {
  const [a, b] = [input({ shape: [null, 1] }), input({ shape: [null, 1] })];
  const model = functional({ inputs: [a, b], outputs: layers.concatenate({ axis: 1 }).apply([a, b]) });
  expect(model.predict([[[[1], [2]]], [[[3], [4], [5]]]].map(([rows]) => [rows])).toArray()).toEqual([
    [[1], [2], [3], [4], [5]],
  ]);
});

const ones = { activation: 'linear', kernelInitializer: 'ones', recurrentInitializer: 'ones' } as const;
const sums = () => layers.simpleRNN({ units: 1, returnSequences: true, ...ones });
const zeros = (...shape: number[]) => ({ shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) });

test.each([
  ['known', [3, 1]],
  ['unknown', [null, 1]],
])('one step for all of a sequence of %s length, whichever comes first', (_, shape) => {
  const [one, many] = [input({ shape: [1, 1] }), input({ shape })];
  const values = [[[[10]]], [[[1], [2], [3]]]] as const;
  for (const order of [[0, 1] as const, [1, 0] as const]) {
    const inputs = order.map((i) => [one, many][i]);
    const model = functional({ inputs, outputs: layers.add().apply(inputs) });
    expect(model.predict(order.map((i) => values[i])).toArray()).toEqual([[[11], [12], [13]]]);
    model.compile({ optimizer: 'sgd', loss: 'mse' });
    expect(model.evaluate(order.map((i) => values[i]), [[[11], [12], [14]]]).loss).toBeCloseTo(1 / 3, 6); // prettier-ignore
  }
});

test('a mask of an input that stands for every step is refused; one that is given counts', () => {
  const [many, one] = [input({ shape: [null, 1] }), input({ shape: [1, 1] })];
  const masked = [many, one].map((x) => layers.masking().apply(x));
  expect(() => layers.add({ name: 'joint' }).apply(masked)).toThrow('joint: expected masks of as many steps');

  const mask = input({ shape: [null], dtype: 'bool' });
  for (const joint of [
    layers.add().apply([many, many], { mask }),
    layers.timeDistributed({ layer: layers.dense({ units: 1, kernelInitializer: 'ones' }) }).apply(many, { mask }),
    layers.timeDistributed({ layer: layers.activation({ activation: 'linear' }) }).apply(many, { mask }),
  ]) {
    expect(joint.mask).toBe(mask);
    const model = functional({ inputs: [many, mask], outputs: sums().apply(joint) });
    const [first, , last] = model.predict([[[[1], [1], [1]]], [[1, 0, 1]]]).data;
    expect(last).toBe(2 * first);
  }
  const inside = input({ shape: [3, 2, 1] });
  const three = input({ shape: [3], dtype: 'bool' });
  for (const layer of [
    layers.dense({ units: 2 }),
    layers.lstm({ units: 2 }),
    layers.conv1d({ filters: 1, kernelSize: 2 }),
  ]) {
    const y = layers.timeDistributed({ layer }).apply(inside, { mask: three });
    expect(y.mask).toBe(three);
    const model = functional({ inputs: [inside, three], outputs: y });
    expect(model.predict([zeros(1, 3, 2, 1), [[1, 0, 1]]]).shape.slice(0, 2)).toEqual([1, 3]);
  }
  const custom = layers.custom({ call: ([x]) => layers.add().apply([x, x]) });
  expect(() => custom.apply(many, { mask })).toThrow('custom: expected inputs that carry their masks');
  expect(() => layers.concatenate({ axis: 1 }).apply([many, many], { mask })).toThrow(
    'concatenate: expected inputs that carry their masks',
  );
  expect(() => layers.dense({ units: 1 }).apply(input({ shape: [1] }), { mask })).toThrow('dense: expected no mask');
});

test('a sequence meets the inner axis of another only where both lengths are known', () => {
  const [whole, unknown, known] = [
    input({ shape: [null, 3, 1] }),
    input({ shape: [null, 1] }),
    input({ shape: [3, 1] }),
  ];
  for (const tensors of [
    [whole, unknown],
    [unknown, whole],
  ]) {
    expect(() => layers.add().apply(tensors)).toThrow('add: expected inputs of one shape, as');
  }
  const model = functional({ inputs: [whole, known], outputs: layers.add().apply([known, whole]) });
  const x = { shape: [1, 2, 3, 1], data: Float32Array.from([1, 2, 3, 4, 5, 6]) };
  expect(model.predict([x, [[[10], [20], [30]]]]).data).toEqual(Float32Array.from([11, 22, 33, 14, 25, 36]));
  const unequal = [input({ shape: [4, 1] }), input({ shape: [5, 1] })];
  expect(() => layers.concatenate().apply(unequal)).toThrow('but for axis 2, got [null, 5, 1]');
});

test('dot along time, of sequences of unequal length, is refused before it runs', () => {
  const [a, b] = [input({ shape: [null, 1] }), input({ shape: [null, 1] })];
  const model = functional({ inputs: [a, b], outputs: layers.dot({ axes: 1 }).apply([a, b]) });
  expect(() => model.predict([[[[1], [1]]], [[[1], [1], [1]]]])).toThrow('dot: expected inputs of as many steps');
  expect(model.predict([[[[1], [2]]], [[[3], [4]]]]).toArray()).toEqual([[[11]]]);
  const features = input({ shape: [5, 4] });
  expect(() => layers.dot({ axes: [1, 2] }).apply([a, features])).toThrow('dot: expected axes of one length');
});

test('masks are no values to merge', () => {
  const [p, q] = [input({ shape: [null], dtype: 'bool' }), input({ shape: [null], dtype: 'bool' })];
  for (const layer of [layers.maximum(), layers.concatenate({ axis: 1 }), layers.dot({ axes: 1 })]) {
    expect(() => layer.apply([p, q])).toThrow('expected an input with features, got [batch, time] of bool');
  }
});

test('steps that TimeDistributed has made sequences of do not meet what is outside', () => {
  const h = input({ shape: [1] });
  const within = (call: (x: SymbolicTensor) => SymbolicTensor) =>
    layers.timeDistributed({ layer: layers.custom({ call: ([x]) => call(x), name: 'within' }) });
  const x = input({ shape: [3, 2, 1] });
  expect(() => within((q) => layers.simpleRNN({ units: 1 }).apply(q, { initialState: h })).apply(x)).toThrow(
    'simple_rnn: expected tensors of one batch',
  );
  expect(() => within((q) => layers.add().apply([q, h])).apply(x)).toThrow('add: expected tensors of one batch');
  const stateful = layers.simpleRNN({ units: 1, stateful: true });
  expect(() => layers.timeDistributed({ layer: stateful }).apply(x)).toThrow(
    'stateful: expected false inside of TimeDistributed, got true',
  );
});

test('features that stand for all, in steps with axes of their own, are summed on the way back', () => {
  const [a, b] = [input({ shape: [2, 3, 4] }), input({ shape: [2, 3, 1] })];
  const product = layers.multiply().apply([a, layers.dense({ units: 1, kernelInitializer: 'ones' }).apply(b)]);
  const model = functional({ inputs: [a, b], outputs: product });
  const [x, y] = [zeros(1, 2, 3, 4), zeros(1, 2, 3, 1)];
  x.data.forEach((_, i) => (x.data[i] = (i % 7) - 3));
  y.data.forEach((_, i) => (y.data[i] = i + 1));
  const cotangent = { shape: x.shape, data: Float32Array.from(x.data, (_, i) => (i % 5) - 1) };
  const { inputs } = model.gradients([x, y], cotangent);
  expect(inputs[0].data).toEqual(Float32Array.from(x.data, (_, i) => y.data[i >> 2] * cotangent.data[i] || 0));
  const expected = Array.from(y.data, (_, i) =>
    [0, 1, 2, 3].reduce((sum, j) => sum + x.data[4 * i + j] * cotangent.data[4 * i + j], 0),
  );
  expect([...inputs[1].data]).toEqual(expected);
});

test('any axes inside of steps', () => {
  const x = input({ shape: [2, 3, 4, 5] });
  const model = functional({ inputs: x, outputs: layers.dense({ units: 2 }).apply(x) });
  const flat = sequential({ layers: [layers.dense({ units: 2, inputShape: [5] })] });
  flat.setWeights(model.getWeights());
  const { data } = zeros(7, 2, 3, 4, 5);
  data.forEach((_, i) => (data[i] = Math.sin(i)));
  expect(model.predict({ data, shape: [7, 2, 3, 4, 5] }).data).toEqual(flat.predict({ data, shape: [168, 5] }).data);
});

describe('a step that the mask of one input leaves out', () => {
  // Keras 3: layers/merging/multiply.py and base_merge.py.
  test.each([
    ['multiply', [-10, -6, 21], [-10, -6, 0]],
    ['maximum', [2, -6, -3], [2, -6, 9]],
    ['minimum', [-5, -6, -7], [-5, -6, 9]],
    ['add', [-3, 3, -10], [-3, 3, 18]],
  ] as const)('%s', (kind, oneMasked, bothMasked) => {
    const [a, b] = [input({ shape: [null, 1] }), input({ shape: [null, 1] })];
    const masked = [a, b].map((x) => layers.masking({ maskValue: 9 }).apply(x));
    const one = functional({ inputs: [a, b], outputs: layers[kind]().apply([masked[0], b]) });
    expect(one.predict([[[[2], [9], [-3]]], [[[-5], [-6], [-7]]]]).data).toEqual(
      Float32Array.from(kind === 'add' ? [-3, -6, -10] : oneMasked),
    );
    const both = functional({ inputs: [a, b], outputs: layers[kind]().apply(masked) });
    const { data } = both.predict([[[[2], [9], [9]]], [[[-5], [-6], [9]]]]);
    // Masking gives 0 where it masks; the first of two masked terms stays.
    expect(data).toEqual(
      Float32Array.from(kind === 'add' ? [-3, -6, 0] : bothMasked, (value) => (value === 9 ? 0 : value)),
    );
    const session = both.stream();
    const rows = [[2], [9], [9]].map((row, t) => session.push([[row], [[[-5], [-6], [9]][t]]]).data[0]);
    expect(rows).toEqual([...data]);
  });

  test('is left out beside a factor for every step too', () => {
    const [a, gate] = [input({ shape: [null, 1] }), input({ shape: [1] })];
    const product = layers.multiply().apply([layers.masking({ maskValue: 9 }).apply(a), gate]);
    const model = functional({ inputs: [a, gate], outputs: product });
    expect([...model.predict([[[[2], [9]]], [[5]]]).data]).toEqual([10, 5]);
  });
});
