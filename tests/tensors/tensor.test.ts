/** Numbers in any form go in, plain data that the user owns comes out. */
import { describe, expect, test } from 'vitest';
import { layers, sequential, tensor, type TensorLike } from '../../src/index.js';

const flat = [1, 2, 3, 4, 5, 6];

describe('the same numbers', () => {
  test.each<[string, TensorLike]>([
    ['nested arrays', [[1, 2, 3], [4, 5, 6]]], // prettier-ignore
    ['arrays of typed arrays', [new Float32Array([1, 2, 3]), new Int8Array([4, 5, 6])]],
    ['data and shape', { data: new Float32Array(flat), shape: [2, 3] }],
    ['data as an array', { data: flat, shape: [2, 3] }],
    ['Float64Array', { data: new Float64Array(flat), shape: [2, 3] }],
    ['Int32Array', { data: new Int32Array(flat), shape: [2, 3] }],
    ['Uint8Array', { data: new Uint8Array(flat), shape: [2, 3] }],
    ['Uint8ClampedArray', { data: new Uint8ClampedArray(flat), shape: [2, 3] }],
    ['Int16Array', { data: new Int16Array(flat), shape: [2, 3] }],
    ['Uint16Array', { data: new Uint16Array(flat), shape: [2, 3] }],
    ['Uint32Array', { data: new Uint32Array(flat), shape: [2, 3] }],
    ['another tensor', tensor(new Float32Array(flat), [2, 3])],
    ['a part of a larger buffer', { data: new Float32Array([0, ...flat, 0]).subarray(1, 7), shape: [2, 3] }],
  ])('%s', (_, values) => {
    const made = tensor(values);
    expect(made.shape).toEqual([2, 3]);
    expect(made.data).toEqual(new Float32Array(flat));
    expect(made.toArray()).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
  });
});

test('a tensor is a copy: neither hears of the other’s changes', () => {
  const data = new Float32Array(flat);
  const made = tensor(data, [2, 3]);
  data[0] = 9;
  expect(made.data[0]).toBe(1);
  made.data[1] = 8;
  expect(data[1]).toBe(2);
});

test('doubles are rounded to float32, not cut', () => {
  expect(tensor([0.1, 16777217, 1 / 3]).data).toEqual(Float32Array.of(0.1, 16777216, 1 / 3));
  expect(tensor(new Float64Array([0.1])).data[0]).toBe(Math.fround(0.1));
});

test('any rank: a vector, a matrix, four axes, an empty axis', () => {
  expect(tensor([1, 2]).shape).toEqual([2]);
  expect(tensor([[[[1], [2]]]]).shape).toEqual([1, 1, 2, 1]);
  expect(tensor([[], []]).shape).toEqual([2, 0]);
  expect(tensor([[], []]).toArray()).toEqual([[], []]);
  expect(tensor([], [0, 3]).toArray()).toEqual([]);
  expect(tensor([1], []).toArray()).toBe(1);
  expect(tensor(flat, [3, 2]).toArray()).toEqual([[1, 2], [3, 4], [5, 6]]); // prettier-ignore
});

test.each<[string, unknown, readonly number[] | undefined, string]>([
  ['rows of different lengths', [[1, 2], [3]], undefined, 'tensor: ragged: expected arrays of length 2 along axis 1'], // prettier-ignore
  ['a string', ['1'], undefined, "tensor: expected numbers, got '1'"],
  ['a boolean', [true], undefined, 'tensor: expected numbers, got true'],
  ['undefined', undefined, undefined, 'tensor: expected numbers, got undefined'],
  ['a shape that does not fit', flat, [2, 2], 'tensor: shape [2, 2] wants 4 values, got 6'],
  ['a shape with a fraction', flat, [1.5, 4], 'tensor: expected a shape of non-negative integers, got [1.5, 4]'],
])('%s: refused', (_, values, shape, message) => {
  const refused = () => tensor(values as never, shape);
  expect(refused).toThrow(TypeError);
  expect(refused).toThrow(message);
});

test('what predict gives stays as it is when the model runs again', () => {
  const model = sequential({ layers: [layers.dense({ units: 2, inputShape: [3] })] });
  const first = model.predict([[1, 2, 3]]);
  const copy = first.data.slice();
  model.predict([[4, 5, 6]]);
  expect(first.data).toEqual(copy);
  expect(first.data.buffer.byteLength).toBe(8);
  model.getWeights()[0].data.fill(0);
  expect(model.predict([[1, 2, 3]]).data).toEqual(copy);
});

test('no input is written to', () => {
  const model = sequential({ layers: [layers.masking({ inputShape: [null, 2] }), layers.lstm({ units: 2 })] });
  model.compile({ optimizer: 'sgd', loss: 'mse' });
  const [x, y] = [new Float32Array([1e-35, 0, 3, 4]), new Float32Array([5, 6])];
  model.predict({ data: x, shape: [1, 2, 2] });
  model.trainOnBatch({ data: x, shape: [1, 2, 2] }, { data: y, shape: [1, 2] });
  expect([x, y]).toEqual([new Float32Array([1e-35, 0, 3, 4]), new Float32Array([5, 6])]);
});
