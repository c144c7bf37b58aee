import { expect, test } from 'vitest';
import { oneHot } from '../../src/data.js';

test('a class number becomes a row', () => {
  expect(oneHot([0, 2], 3).toArray()).toEqual([
    [1, 0, 0],
    [0, 0, 1],
  ]);
  expect(oneHot(new Uint8Array([0]), 1).toArray()).toEqual([[1]]);
});

test('any shape gets a further axis; nothing stays nothing', () => {
  const { shape, data } = oneHot([[1], [0]], 2);
  expect(shape).toEqual([2, 1, 2]);
  expect(Array.from(data)).toEqual([0, 1, 1, 0]);
  expect(oneHot([], 4).shape).toEqual([0, 4]);
  expect(oneHot({ data: [3], shape: [] }, 4).toArray()).toEqual([0, 0, 0, 1]);
});

test.each<[unknown, unknown, string]>([
  [[0, 3], 3, 'oneHot: ids: expected integers from 0 to 2, got 3 at [1]'],
  [[[0, -1]], 3, 'oneHot: ids: expected integers from 0 to 2, got -1 at [0, 1]'],
  [[0.5], 3, 'oneHot: ids: expected integers from 0 to 2, got 0.5 at [0]'],
  [[NaN], 3, 'oneHot: ids: expected integers from 0 to 2, got NaN at [0]'],
  [['a'], 3, "oneHot: ids: expected numbers, got 'a'"],
  [[0], 0, 'oneHot: depth: expected a positive integer, got 0'],
  [[0], undefined, 'oneHot: depth: expected a positive integer, got undefined'],
])('%j with depth %j: %s', (ids, depth, message) => {
  expect(() => oneHot(ids as number[], depth as number)).toThrow(message);
});
