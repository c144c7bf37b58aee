/** Merges, shapes and activation layers by numbers that one can follow by hand. */
import { describe, expect, test } from 'vitest';
import { concatenate, concatenatedMask } from './concatenate.js';
import { dot } from './dot.js';
import { elu } from './elu.js';
import { flatten } from './flatten.js';
import { leakyReLU } from './leaky-relu.js';
import { merge, mergedMask, type MergeName } from './merging.js';
import { permute } from './permute.js';
import { prelu } from './prelu.js';
import { reshape } from './reshape.js';
import { softmax } from './softmax.js';
import { tensor, zeros, type Tensor } from './tensor.js';

const values = ({ outputs: [y] }: { readonly outputs: readonly Tensor[] }): number[] => [...y.data];
const row = (...x: number[]): Tensor => tensor([1, x.length], x);

test.each<[MergeName, number[]]>([
  ['add', [5, 3]],
  ['subtract', [-3, 1]],
  ['multiply', [4, 2]],
  ['average', [2.5, 1.5]],
  ['maximum', [4, 2]],
  ['minimum', [1, 1]],
])('%s', (name, expected) => {
  expect(values(merge(name, [row(1, 2), row(4, 1)]))).toEqual(expected);
});

test('inputs of different sizes are broadcast, and a vector is added to each step', () => {
  const sequence = tensor([1, 2, 2], [1, 2, 3, 4]);
  expect(values(merge('add', [sequence, row(10, 20)]))).toEqual([11, 22, 13, 24]);
  expect(values(merge('multiply', [sequence, tensor([1, 2, 1], [1, 10])]))).toEqual([1, 2, 30, 40]);
  expect(() => merge('add', [row(1, 2), row(1, 2, 3)])).toThrow('[1, 2] and [1, 3] do not go together');
  expect(() => merge('subtract', [row(1), row(1), row(1)])).toThrow('subtract: expected 2 inputs, got 3');
});

test('of equal inputs the first has the slope of a maximum', () => {
  const { inputs } = merge('maximum', [row(1, 2), row(1, 3)]).backward([row(5, 7)]);
  expect(inputs).toEqual([row(5, 0), row(0, 7)]);
});

test('Concatenate joins along any axis but the batch', () => {
  const a = tensor([2, 2, 1], [1, 2, 3, 4]);
  const b = tensor([2, 2, 1], [5, 6, 7, 8]);
  expect(concatenate({}, [], [a, b]).outputs).toEqual([tensor([2, 2, 2], [1, 5, 2, 6, 3, 7, 4, 8])]);
  expect(concatenate({ axis: 1 }, [], [a, b]).outputs).toEqual([tensor([2, 4, 1], [1, 2, 5, 6, 3, 4, 7, 8])]);
  expect(() => concatenate({ axis: 0 }, [], [a, b])).toThrow('no axis 0 beside the batch');
  expect(() => concatenate({ axis: 1 }, [], [a, zeros(2, 2, 2)])).toThrow('differ beside axis 1');
});

test('masks are merged and joined as Keras does it', () => {
  const [a, b] = [[[true, false, false]], [[false, false, true]]];
  expect(mergedMask([a, b])).toEqual([[true, false, true]]);
  expect(mergedMask([a, undefined])).toBeUndefined();
  const sequences = [zeros(1, 3, 2), zeros(1, 3, 2)];
  expect(concatenatedMask({}, sequences, [a, b])).toEqual([[true, false, true]]);
  expect(concatenatedMask({}, sequences, [a, undefined])).toEqual([[true, true, true]]);
  expect(concatenatedMask({ axis: 1 }, sequences, [a, undefined])).toEqual([[true, false, false, true, true, true]]);
  expect(concatenatedMask({}, sequences, [undefined, undefined])).toBeUndefined();
});

describe('Dot', () => {
  test('has the shapes of Keras', () => {
    const shape = (a: Tensor, b: Tensor, axes: number | [number, number]): readonly number[] =>
      dot({ axes }, [], [a, b]).outputs[0].shape;
    expect(shape(zeros(2, 5), zeros(2, 5), 1)).toEqual([2, 1]);
    expect(shape(zeros(2, 3, 5), zeros(2, 5), [2, 1])).toEqual([2, 3]);
    expect(shape(zeros(2, 3, 5), zeros(2, 4, 5), 2)).toEqual([2, 3, 4]);
    // The example of its documentation: [100, 20] and [100, 30, 20] along 1 and 2.
    expect(shape(zeros(1, 20), zeros(1, 30, 20), [1, 2])).toEqual([1, 30]);
  });
  test('sums products, or gives the cosine', () => {
    expect(values(dot({ axes: 1 }, [], [row(3, 4), row(1, 2)]))).toEqual([11]);
    expect(values(dot({ axes: 1, normalize: true }, [], [row(3, 4), row(0, 2)]))[0]).toBeCloseTo(0.8, 14);
    expect(values(dot({ axes: 1, normalize: true }, [], [row(0, 0), row(0, 2)]))).toEqual([0]);
    expect(() => dot({ axes: 1 }, [], [row(3, 4), row(1)])).toThrow('vectors of 2 and of 1');
  });
});

test('shapes change, values stay', () => {
  const x = tensor([1, 2, 3], [1, 2, 3, 4, 5, 6]);
  expect(flatten({}, [], [x]).outputs).toEqual([tensor([1, 6], [1, 2, 3, 4, 5, 6])]);
  expect(reshape({ targetShape: [3, -1] }, [], [x]).outputs).toEqual([tensor([1, 3, 2], [1, 2, 3, 4, 5, 6])]);
  expect(permute({ dims: [2, 1] }, [], [x]).outputs).toEqual([tensor([1, 3, 2], [1, 4, 2, 5, 3, 6])]);
  expect(() => reshape({ targetShape: [4] }, [], [x])).toThrow('[1, 2, 3] does not become [1, 4]');
});

test('activation layers have options of their own', () => {
  expect(values(leakyReLU({}, [], [row(-2, 2)]))).toEqual([-0.6, 2]);
  expect(values(leakyReLU({ negativeSlope: 0.5 }, [], [row(-2, 2)]))).toEqual([-1, 2]);
  expect(values(elu({ alpha: 2 }, [], [row(-1, 2)]))).toEqual([2 * Math.expm1(-1), 2]);
  expect(values(prelu({}, [tensor([2], [0.5, 3])], [tensor([2, 2], [-2, -1, 2, 1])]))).toEqual([-1, -3, 2, 1]);
  const sequence = tensor([1, 2, 2], [-1, -2, -3, 4]);
  expect(values(prelu({ sharedAxes: [1] }, [tensor([1, 2], [1, 10])], [sequence]))).toEqual([-1, -20, -3, 4]);
});

test('Softmax shares out 1 along its axis among the places that are left', () => {
  const log3 = Math.log(3);
  const x = tensor([1, 2, 2], [0, 0, log3, log3]);
  expect(values(softmax({}, [], [x]))).toEqual([0.5, 0.5, 0.5, 0.5]);
  values(softmax({ axis: 1 }, [], [x])).forEach((value, i) =>
    expect(value).toBeCloseTo([0.25, 0.25, 0.75, 0.75][i], 14),
  );
  expect(values(softmax({}, [], [x], tensor([1, 2, 2], [1, 0, 0, 0])))).toEqual([1, 0, 0, 0]);
  expect(values(softmax({ axis: 1 }, [], [x], tensor([1, 2, 1], [1, 0])))).toEqual([1, 1, 0, 0]);
});
