import { expect, test } from 'vitest';
import { splitByTime } from '../../src/data.js';

const count = (n: number) => Array.from({ length: n }, (_, i) => i);
const columns = (parts: ReturnType<typeof splitByTime<[number[]]>>) =>
  Object.fromEntries(Object.entries(parts).map(([name, [tensor]]) => [name, Array.from(tensor.data)]));

test('the parts follow one another in time', () => {
  expect(columns(splitByTime(count(10), { validation: 0.2, test: 0.1 }))).toEqual({
    train: [0, 1, 2, 3, 4, 5, 6],
    validation: [7, 8],
    test: [9],
  });
});

test('gaps are left out of what trains', () => {
  expect(columns(splitByTime(count(10), { validation: 0.2, test: 0.2, gap: 1 }))).toEqual({
    train: [0, 1, 2, 3],
    validation: [5, 6],
    test: [8, 9],
  });
  expect(columns(splitByTime(count(10), { validation: 0, test: 0.2, gap: 3 }))).toEqual({
    train: [0, 1, 2, 3, 4],
    validation: [],
    test: [8, 9],
  });
});

test('shares are rounded up to whole rows, and rounding of doubles counts for nothing', () => {
  expect(columns(splitByTime(count(11), { validation: 0.2 })).validation).toEqual([8, 9, 10]);
  // 10 · 0.3 is 3.0000000000000004 in some orders of arithmetic, 100 · 0.29 is 28.999999999999996.
  expect(columns(splitByTime(count(100), { validation: 0.29 })).validation).toHaveLength(29);
  expect(columns(splitByTime(count(10), { validation: 0.1 + 0.2 })).validation).toHaveLength(3);
});

test('several tensors are cut at the same rows, into [x, y] as validationData takes it', () => {
  const x = count(4).map((i) => [[i, -i]]);
  const { train, validation, test: unseen } = splitByTime(x, count(4), { validation: 0.25 });
  expect(train.map(({ shape }) => shape)).toEqual([[3, 1, 2], [3]]);
  expect(validation.map((part) => part.toArray())).toEqual([[[[3, -3]]], [3]]);
  expect(unseen.map(({ shape }) => shape)).toEqual([[0, 1, 2], [0]]);
});

test('without shares all rows train, even a single one', () => {
  expect(columns(splitByTime([7], { validation: 0 }))).toEqual({ train: [7], validation: [], test: [] });
});

test('parts are copies', () => {
  const data = new Float32Array([1, 2]);
  splitByTime(data, { validation: 0.5 }).train[0].data[0] = 9;
  expect(data[0]).toBe(1);
});

test.each<[string, unknown[], string]>([
  ['too few rows', [[1], { validation: 0.2 }], 'splitByTime: 1 row(s) are too few: validation 0.2 takes 1'],
  [
    'no rows',
    [[], {}],
    'splitByTime: 0 row(s) are too few: validation 0.2 takes 0, test 0 takes 0, gaps take 0, 0 are',
  ],
  ['a gap over all', [[1, 2, 3], { gap: 5 }], 'gaps take 5, 0 are left to train on'],
  ['no options', [[1, 2]], 'splitByTime: expected data, then options such as { validation: 0.2 }, got data alone'],
  ['no data', [{ validation: 0.2 }], 'splitByTime: expected data in front of the options, got none'],
  ['other rows', [[1, 2], [1], {}], 'splitByTime: data 1: expected 2 rows, as the first has, got 1'],
  ['a number', [5, {}], 'splitByTime: data 0: expected numbers, got 5'],
  ['a share of 1', [[1, 2], { test: 1 }], 'splitByTime: test: expected a number in [0, 1), got 1'],
  ['a gap of half a row', [[1, 2], { gap: 0.5 }], 'splitByTime: gap: expected a non-negative integer, got 0.5'],
  ['an unknown option', [[1, 2], { shuffle: true }], 'splitByTime: unknown option "shuffle"'],
])('refuses %s', (_, given, message) => {
  expect(() => (splitByTime as (...all: unknown[]) => unknown)(...given)).toThrow(message);
});
