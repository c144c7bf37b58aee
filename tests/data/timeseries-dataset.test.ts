import { describe, expect, test } from 'vitest';
import { layers, sequential } from '../../src/index.js';
import { timeseriesDataset } from '../../src/data.js';
import { philox } from '../../src/data/philox.js';

const count = (n: number) => Array.from({ length: n }, (_, i) => i);

describe("the examples of keras.utils.timeseries_dataset_from_array's documentation", () => {
  test('1: window 10, sampling rate 2, stride 3 over 0 … 98', () => {
    const { x, y } = timeseriesDataset({
      data: count(99),
      window: 10,
      samplingRate: 2,
      stride: 3,
      targets: null,
    }).toArrays();
    const rows = x.toArray() as number[][];
    expect(rows[0]).toEqual([0, 2, 4, 6, 8, 10, 12, 14, 16, 18]);
    expect(rows[1]).toEqual([3, 5, 7, 9, 11, 13, 15, 17, 19, 21]);
    expect(rows.at(-1)).toEqual([78, 80, 82, 84, 86, 88, 90, 92, 94, 96]);
    expect(y).toBeNull();
  });

  test('2: the past 10 steps predict the next, by targets cut by hand and by horizon', () => {
    const data = count(100);
    const byHand = timeseriesDataset({ data: data.slice(0, -10), targets: data.slice(10), window: 10 });
    const [[x, y]] = [...byHand];
    expect(x.shape).toEqual([81, 10]);
    expect(Array.from(x.data.subarray(0, 10))).toEqual(count(10));
    expect(y.shape).toEqual([81]);
    expect(y.data[0]).toBe(10);
    // All windows that have a next step: ten more, since nothing was cut off.
    const next = timeseriesDataset({ data, window: 10 }).toArrays();
    expect(next.x.shape).toEqual([90, 10]);
    expect(Array.from(next.y.data)).toEqual(count(100).slice(10));
  });

  test('3: many to many, without overlap', () => {
    const data = count(100);
    const targets = data.map((value) => 2 * value);
    const { x, y } = timeseriesDataset({
      data,
      targets,
      window: 20,
      stride: 20,
      horizon: 20,
      delay: -19,
    }).toArrays();
    expect(x.shape).toEqual([5, 20]);
    expect((x.toArray() as number[][])[0]).toEqual(data.slice(0, 20));
    expect((y.toArray() as number[][])[1]).toEqual(targets.slice(20, 40));
  });
});

describe('horizon and delay', () => {
  const data = count(12).map((t) => [t, 100 + t]);

  test('a horizon begins one step behind its window', () => {
    const { x, y } = timeseriesDataset({ data, window: 3, stride: 4, horizon: 2 }).toArrays();
    expect(x.toArray()).toEqual([
      [[0, 100], [1, 101], [2, 102]],
      [[4, 104], [5, 105], [6, 106]],
    ]); // prettier-ignore
    expect(y.toArray()).toEqual([
      [[3, 103], [4, 104]],
      [[7, 107], [8, 108]],
    ]); // prettier-ignore
  });

  test('a horizon of 1 keeps its axis; none has no axis', () => {
    expect(timeseriesDataset({ data, window: 3, horizon: 1 }).toArrays().y.shape).toEqual([9, 1, 2]);
    expect(timeseriesDataset({ data, window: 3 }).toArrays().y.shape).toEqual([9, 2]);
  });

  test('delay counts rows from the last step of the window; a horizon is sampled as the window is', () => {
    const series = count(12);
    const { x, y } = timeseriesDataset({ data: series, window: 2, samplingRate: 3, horizon: 2, delay: 4 }).toArrays();
    expect(x.toArray()).toEqual([[0, 3], [1, 4]]); // prettier-ignore
    expect(y.toArray()).toEqual([[7, 10], [8, 11]]); // prettier-ignore
    const next = timeseriesDataset({ data: series, window: 2, samplingRate: 3 }).toArrays();
    expect(Array.from(next.y.data)).toEqual([6, 7, 8, 9, 10, 11]);
  });

  test('delay 0 is the moment of the last step, in targets of their own', () => {
    const { y } = timeseriesDataset({ data, targets: count(12).map((t) => [-t]), window: 5, delay: 0 }).toArrays();
    expect(Array.from(y.data)).toEqual([-4, -5, -6, -7, -8, -9, -10, -11]);
  });

  test('startIndex and endIndex bound windows and horizons alike', () => {
    const { x, y } = timeseriesDataset({
      data: count(12),
      window: 3,
      horizon: 2,
      startIndex: 2,
      endIndex: 8,
    }).toArrays();
    expect(x.toArray()).toEqual([[2, 3, 4], [3, 4, 5]]); // prettier-ignore
    expect(y.toArray()).toEqual([[5, 6], [6, 7]]); // prettier-ignore
  });

  test('with startIndex, targets as in Keras still go by the row at which the window starts', () => {
    const targets = count(12).map((t) => 10 * t);
    const { x, y } = timeseriesDataset({ data: count(12), targets, window: 3, startIndex: 8 }).toArrays();
    expect(x.toArray()).toEqual([[8, 9, 10], [9, 10, 11]]); // prettier-ignore
    expect(Array.from(y.data)).toEqual([80, 90]);
  });

  test('windows without a target are left out', () => {
    expect(timeseriesDataset({ data: count(12), targets: [5, 6], window: 3 }).size).toBe(2);
  });
});

describe('batches', () => {
  const options = { data: count(25), window: 3, batchSize: 10 };

  test('the last may have fewer windows', () => {
    const dataset = timeseriesDataset(options);
    expect([dataset.size, dataset.batches]).toEqual([22, 3]);
    expect([...dataset].map(([x, y]) => [x.shape, y.shape])).toEqual([
      [[10, 3], [10]],
      [[10, 3], [10]],
      [[2, 3], [2]],
    ]);
  });

  test('shuffling keeps every window, with its target', () => {
    const batches = [...timeseriesDataset({ ...options, shuffle: true })];
    const ends = batches.flatMap(([x, y]) =>
      (x.toArray() as number[][]).map(([first], i) => {
        expect(y.data[i]).toBe(first + 3);
        return first;
      }),
    );
    expect(ends).not.toEqual(count(22));
    expect(ends.toSorted((a, b) => a - b)).toEqual(count(22));
  });

  test('the order goes by seed and epoch alone', () => {
    const order = (epoch: number, seed = 0) =>
      [...timeseriesDataset({ ...options, shuffle: true, seed }).epoch(epoch)].flatMap(([, y]) => Array.from(y.data));
    expect(order(1)).toEqual(order(1));
    expect(order(1)).not.toEqual(order(0));
    expect(order(0, 1)).not.toEqual(order(0));
    const dataset = timeseriesDataset({ ...options, shuffle: true });
    expect([...dataset].flatMap(([, y]) => Array.from(y.data))).toEqual(order(0));
    expect([...dataset].flatMap(([, y]) => Array.from(y.data))).toEqual(order(0));
    // The same in every runtime: written down here.
    expect(order(0).slice(0, 8)).toMatchInlineSnapshot(`
      [
        14,
        5,
        10,
        16,
        8,
        19,
        9,
        7,
      ]
    `);
  });

  test('arrays are in order of time, and of the user alone', () => {
    const dataset = timeseriesDataset({ ...options, shuffle: true });
    const { y } = dataset.toArrays();
    expect(Array.from(y.data)).toEqual(count(25).slice(3));
    y.data.fill(0);
    expect(dataset.toArrays().y.data[0]).toBe(3);
  });

  test('data that is written to later changes nothing', () => {
    const data = Float32Array.from(count(5));
    const dataset = timeseriesDataset({ data, window: 2 });
    data.fill(9);
    expect(dataset.toArrays().y.toArray()).toEqual([2, 3, 4]);
  });

  test('a model trains on them', () => {
    const data = count(40).map((t) => [t % 5]);
    const model = sequential({
      layers: [layers.simpleRNN({ units: 4, inputShape: [null, 1] }), layers.dense({ units: 1 })],
    });
    model.compile({ optimizer: 'adam', loss: 'mse' });
    const dataset = timeseriesDataset({ data, window: 6, batchSize: 8, shuffle: true });
    const losses = count(20).map((epoch) => [...dataset.epoch(epoch)].map(([x, y]) => model.trainOnBatch(x, y).loss));
    expect(losses.at(-1)?.[0]).toBeLessThan(losses[0][0]);
  });
});

test('a window as long as the data is one window; one row is one window of one', () => {
  expect(
    timeseriesDataset({ data: [1, 2, 3], window: 3, targets: null })
      .toArrays()
      .x.toArray(),
  ).toEqual([[1, 2, 3]]);
  expect(
    timeseriesDataset({ data: [1], window: 1, delay: 0 })
      .toArrays()
      .y.toArray(),
  ).toEqual([1]);
});

test('Philox gives the known answers of Random123', () => {
  const ones = 0xffffffff;
  const hex = (words: readonly number[]) => words.map((word) => word.toString(16).padStart(8, '0')).join(' ');
  expect(hex(philox(0, 0, [0, 0, 0, 0]))).toBe('6627e8d5 e169c58d bc57ac4c 9b00dbd8');
  expect(hex(philox(ones, ones, [ones, ones, ones, ones]))).toBe('408f276d 41c83b0e a20bc7c6 6d5451fd');
  const pi = [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344] as const;
  expect(hex(philox(0xa4093822, 0x299f31d0, pi))).toBe('d16cfe09 94fdcceb 5001e420 24126ea1');
});

test.each<[string, object, string]>([
  ['no window', { window: undefined }, 'window: expected a positive integer, got undefined'],
  ['a window of half a step', { window: 1.5 }, 'window: expected a positive integer, got 1.5'],
  ['stride 0', { stride: 0 }, 'stride: expected a positive integer, got 0'],
  ['samplingRate 0', { samplingRate: 0 }, 'samplingRate: expected a positive integer, got 0'],
  ['horizon 0', { horizon: 0 }, 'horizon: expected a positive integer, got 0'],
  ['a delay before the window', { delay: -2 }, "delay: expected at least -1, the window's first step, got -2"],
  ['a delay of text', { delay: '1' }, "delay: expected an integer, got '1'"],
  ['no data', { data: undefined }, 'data: expected numbers, got undefined'],
  ['ragged data', { data: [[1], [1, 2]] }, 'data: ragged: expected arrays of length 1 along axis 1, got one of 2'],
  ['a number', { data: { data: [1], shape: [] } }, 'data: expected rows in order of time, got a single number'],
  ['targets of other rows', { targets: [1, 2], horizon: 1 }, 'targets: expected 5 rows, as the data has, got 2'],
  ['a horizon of no targets', { targets: null, horizon: 1 }, 'targets: expected no null beside horizon, got null'],
  ['endIndex', { endIndex: 6 }, 'endIndex: expected at most 5, the rows of the data, got 6'],
  ['startIndex', { startIndex: 5 }, 'startIndex: expected less than 5, got 5'],
  ['startIndex < 0', { startIndex: -1 }, 'startIndex: expected a non-negative integer, got -1'],
  ['batchSize', { batchSize: 0 }, 'batchSize: expected a positive integer, got 0'],
  ['shuffle', { shuffle: 1 }, 'shuffle: expected true or false, got 1'],
  ['seed', { seed: -1 }, 'seed: expected an integer from 0 to 4294967295, got -1'],
  ['an unknown option', { sequenceLength: 2 }, 'unknown option "sequenceLength"'],
  ['too few rows', { window: 6, targets: null }, 'a window spans 6 rows: expected at least as many, got 5'],
  ['too few for a horizon', { horizon: 4 }, 'a window with its target spans 6 rows: expected at least as many, got 5'],
  ['nothing', { data: [] }, 'a window with its target spans 3 rows: expected at least as many, got 0'],
  ['no target', { targets: [] }, 'a window spans 2 rows: expected at least as many, got 5 and 0 of targets'],
])('refuses %s', (_, options, message) => {
  const given = { data: [1, 2, 3, 4, 5], window: 2, ...options } as Parameters<typeof timeseriesDataset>[0];
  expect(() => timeseriesDataset(given as { targets?: number[] } & typeof given)).toThrow(
    `timeseriesDataset: ${message}`,
  );
});
