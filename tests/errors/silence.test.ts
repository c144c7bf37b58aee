/** What used to be taken in silence: contradictions, options that nobody reads, numbers that lie otherwise than they seem. */
import { describe, expect, test } from 'vitest';
import { functional, input, layers, sequential, tensor } from '../../src/index.js';
import { relaxed } from '../../src/relaxed.js';

describe('numbers', () => {
  test('with strides are refused: they may not lie row by row', () => {
    const transposed = { data: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [3, 2], stride: [1, 3], offset: 0 };
    expect(() => tensor(transposed)).toThrow('tensor: expected data and shape, row by row, got strides too');
  });

  test("a tensor's shape is its own", () => {
    const shape = [2, 3];
    const made = tensor(new Float32Array(6), shape);
    shape[0] = 99;
    expect(made.shape).toEqual([2, 3]);
    const model = sequential({ layers: [layers.dense({ units: 2, inputShape: [3] })] });
    for (const { shape: own } of model.getWeights()) (own as number[])[0] = 99;
    expect(model.getWeights()[0]?.shape).toEqual([3, 2]);
    expect(model.countParameters()).toBe(8);
  });
});

describe('options', () => {
  test('of names that every object has are unknown', () => {
    const options = JSON.parse('{ "units": 1, "toString": 5 }') as { units: number };
    expect(() => layers.dense(options)).toThrow('dense: unknown option "toString"');
  });

  test('that contradict each other are refused', () => {
    expect(() => layers.dense({ units: 1, inputShape: [2], batchInputShape: [null, 3] })).toThrow(
      'dense: expected inputShape or batchInputShape, got both',
    );
    expect(() => input({ shape: [2], batchShape: [null, 3] })).toThrow('input: expected shape or batchShape, got both');
  });

  test('inputShape of a later layer must be what comes', () => {
    const first = (): ReturnType<typeof layers.dense> => layers.dense({ units: 2, inputShape: [3] });
    const second = (features: number): ReturnType<typeof layers.dense> =>
      layers.dense({ units: 1, name: 'second', inputShape: [features] });
    expect(() => sequential({ layers: [first(), second(99)] })).toThrow(
      'second: expected an input of its inputShape, [null, 99], got [null, 2]',
    );
    expect(sequential({ layers: [first(), second(2)] }).predict([[1, 2, 3]]).shape).toEqual([1, 1]);
  });

  test('kernels of a model over layers that are built with others are refused', () => {
    const x = input({ shape: [3] });
    const y = layers.dense({ units: 2 }).apply(x);
    functional({ inputs: x, outputs: y, name: 'first' });
    expect(() => functional({ inputs: x, outputs: y, kernels: relaxed, name: 'second' })).toThrow(
      'second: kernels: others are in the workspace of "first"',
    );
  });
});

test('a mask that a layer is called with goes on', () => {
  const x = input({ shape: [null, 3] });
  const mask = input({ shape: [null], dtype: 'bool' });
  const y = layers.dense({ units: 1 }).apply(x, { mask });
  expect(y.mask).toBe(mask);
});

test('automatic names give way where two meet in a graph', () => {
  const shared = layers.dense({ units: 2 });
  const [a, b] = [input({ shape: [3] }), input({ shape: [3] })];
  const [ofA, ofB] = [shared.apply(a), shared.apply(b)];
  functional({ inputs: a, outputs: ofA });
  functional({ inputs: b, outputs: ofB });
  const both = functional({ inputs: [a, b], outputs: [ofA, ofB] });
  expect(both.layers.map(({ name }) => name)).toEqual(['input', 'input_1', 'dense']);
});

test('sizes beyond 2^31 are refused as too large, and the workspace stays whole', () => {
  const x = input({ shape: [4] });
  const y = layers.dense({ units: 2 }).apply(x);
  const model = functional({ inputs: x, outputs: y });
  const before = [...model.predict([[1, 2, 3, 4]]).data];
  const huge = layers.dense({ units: 2 ** 32 - 64 }).apply(y);
  expect(() => functional({ inputs: x, outputs: huge })).toThrow('out of memory');
  expect([...model.predict([[1, 2, 3, 4]]).data]).toEqual(before);
  expect(functional({ inputs: x, outputs: layers.dense({ units: 3 }).apply(y) }).predict([[1, 2, 3, 4]]).shape).toEqual(
    [1, 3],
  );
});

test('an empty push is no steps', () => {
  const model = sequential({ layers: [layers.lstm({ units: 2, returnSequences: true, inputShape: [null, 3] })] });
  expect(model.stream().push([]).shape).toEqual([0, 2]);
  expect(model.stream({ batch: 2 }).push([[], []]).shape).toEqual([2, 0, 2]);
});
