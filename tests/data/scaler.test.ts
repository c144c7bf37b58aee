import { describe, expect, test } from 'vitest';
import { sequential } from '../../src/index.js';
import { minMaxScaler, Scaler, standardScaler } from '../../src/data.js';
import { createRandom } from '../random.js';

describe('standardScaler', () => {
  // scikit-learn's example of StandardScaler: mean 0.5, deviation 0.5; 2 becomes 3.
  const data = [[0, 0], [0, 0], [1, 1], [1, 1]]; // prettier-ignore

  test('mean 0, variance 1', () => {
    const scaler = standardScaler().fit(data);
    expect(scaler.transform(data).toArray()).toEqual([[-1, -1], [-1, -1], [1, 1], [1, 1]]); // prettier-ignore
    expect(scaler.transform([[2, 2]]).toArray()).toEqual([[3, 3]]);
    expect(scaler.inverseTransform([[3, 3]]).toArray()).toEqual([[2, 2]]);
  });

  test('of the data of keras.layers.Normalization: 1 … 5 have mean 3 and variance 2', () => {
    const scaler = standardScaler().fit([1, 2, 3, 4, 5]);
    expect(scaler.toJSON()).toEqual({ kind: 'standardScaler', center: [3], scale: [Math.SQRT2] });
    expect(Array.from(scaler.transform([1, 2, 3]).data, (v) => Number(v.toFixed(6)))).toEqual([
      -1.414214, -0.707107, 0,
    ]);
  });

  test('arithmetic is in float64: prices of a billion with cents keep them', () => {
    const prices = [1e9 + 0.25, 1e9 + 0.75];
    const scaler = standardScaler().fit(prices);
    expect(scaler.toJSON()).toMatchObject({ center: [1e9 + 0.5], scale: [0.25] });
    expect(scaler.transform(prices).toArray()).toEqual([-1, 1]);
    expect(scaler.transform({ data: Float64Array.from(prices), shape: [2, 1] }).toArray()).toEqual([[-1], [1]]);
  });
});

describe('minMaxScaler', () => {
  // scikit-learn's example of MinMaxScaler.
  const data = [[-1, 2], [-0.5, 6], [0, 10], [1, 18]]; // prettier-ignore

  test('least and greatest go to the ends of the range', () => {
    const scaler = minMaxScaler().fit(data);
    expect(scaler.transform(data).toArray()).toEqual([[0, 0], [0.25, 0.25], [0.5, 0.5], [1, 1]]); // prettier-ignore
    expect(scaler.transform([[2, 2]]).toArray()).toEqual([[1.5, 0]]);
    expect(scaler.inverseTransform([[1.5, 0]]).toArray()).toEqual([[2, 2]]);
  });

  test('a range of its own', () => {
    const scaler = minMaxScaler({ range: [-1, 1] }).fit(data);
    expect(scaler.transform(data).toArray()).toEqual([[-1, -1], [-0.5, -0.5], [0, 0], [1, 1]]); // prettier-ignore
    expect(scaler.toJSON()).toEqual({ kind: 'minMaxScaler', range: [-1, 1], center: [0, 10], scale: [1, 8] });
  });
});

test('a constant feature is only shifted: to 0, or to the lower end of the range', () => {
  const data = [[0.1], [0.1], [0.1]];
  expect(
    standardScaler()
      .fit(data)
      .transform([[0.1], [1.1]])
      .toArray(),
  ).toEqual([[0], [1]]);
  expect(
    minMaxScaler({ range: [2, 4] })
      .fit(data)
      .transform([[0.1]])
      .toArray(),
  ).toEqual([[2]]);
  expect(standardScaler().fit([5]).transform([5, 6]).toArray()).toEqual([0, 1]);
});

test('rows of sequences count like rows, and shapes stay', () => {
  const sequences = [[[1, 10], [2, 20]], [[3, 30], [4, 40]]]; // prettier-ignore
  const scaler = standardScaler().fit(sequences);
  expect(scaler.toJSON()).toEqual(standardScaler().fit(sequences.flat()).toJSON());
  expect(scaler.transform(sequences).shape).toEqual([2, 2, 2]);
  expect(scaler.transform({ data: [], shape: [0, 2] }).shape).toEqual([0, 2]);
});

describe('in a model', () => {
  const random = createRandom(1);
  const data = Array.from({ length: 50 }, () => [random.normal() * 3 + 100, random.normal() * 0.01 - 5, 7]);

  test.each([
    ['standard', standardScaler()],
    ['min–max', minMaxScaler({ range: [-1, 1] })],
  ])('the %s layer does what transform does, and the inverse layer takes it back', (_, scaler) => {
    scaler.fit(data);
    const there = sequential({ layers: [scaler.layer({ inputShape: [3] })] });
    const back = sequential({ layers: [scaler.inverseLayer({ inputShape: [3] })] });
    const scaled = there.predict(data);
    scaler.transform(data).data.forEach((value, i) => {
      expect(Math.abs(scaled.data[i] - value)).toBeLessThan(1e-3);
    });
    const again = back.predict(scaled).data;
    data.flat().forEach((value, i) => {
      expect(Math.abs(again[i] / value - 1)).toBeLessThan(1e-6);
    });
    expect(there.countParameters()).toBe(0);
  });

  test('layers take a name and keep what the scaler learnt', () => {
    const layer = minMaxScaler()
      .fit([0, 4])
      .layer({ name: 'units', inputShape: [1] });
    expect(layer.config).toMatchObject({ mean: [0], variance: [16], invert: false });
    expect(layer.title).toBe('units');
    const model = sequential({ layers: [layer] });
    expect(model.predict([[2]]).toArray()).toEqual([[0.5]]);
  });
});

test('JSON text brings back the same numbers', () => {
  const data = [[0.1, 1 / 3], [0.7, 1e-9]]; // prettier-ignore
  for (const scaler of [standardScaler().fit(data), minMaxScaler({ range: [-0.1, 3] }).fit(data), standardScaler()]) {
    const text = JSON.stringify(scaler);
    const again = Scaler.fromJSON(JSON.parse(text) as ReturnType<Scaler['toJSON']>);
    expect(JSON.stringify(again)).toBe(text);
  }
  const scaler = Scaler.fromJSON(standardScaler().fit(data).toJSON());
  expect(scaler.transform(data).data).toEqual(standardScaler().fit(data).transform(data).data);
});

const fitted = standardScaler().fit([[1, 2], [3, 4]]); // prettier-ignore
const file = fitted.toJSON();

test.each<[string, () => unknown, string]>([
  ['transform before fit', () => standardScaler().transform([1]), 'standardScaler: transform: call fit(data) first'],
  ['a layer before fit', () => minMaxScaler().layer(), 'minMaxScaler: layer: call fit(data) first'],
  ['no rows', () => standardScaler().fit([]), 'standardScaler: fit: expected rows of features, got shape [0]'],
  [
    'NaN',
    () => standardScaler().fit([[1, 2], [3, NaN]]), // prettier-ignore
    'standardScaler: fit: expected finite numbers, got NaN in row 1, feature 1',
  ],
  ['text', () => minMaxScaler().fit(['1' as never]), "minMaxScaler: fit: expected numbers, got '1'"],
  [
    'other features',
    () => fitted.transform([[1]]),
    'standardScaler: transform: expected 2 feature(s), got shape [1, 1]',
  ],
  [
    'a series',
    () => fitted.inverseTransform([1, 2]),
    'standardScaler: inverseTransform: expected 2 feature(s), got shape [2]',
  ],
  ['a falling range', () => minMaxScaler({ range: [1, 0] }), 'minMaxScaler: range: expected low < high, got [1,0]'],
  [
    'half a range',
    () => minMaxScaler({ range: [1] as never }),
    'minMaxScaler: range: expected an array [low, high], got [1]',
  ],
  ['an unknown option', () => minMaxScaler({ min: 0 } as never), 'minMaxScaler: unknown option "min"; known: range'],
  [
    'a scale that float32 cannot hold',
    () => standardScaler().fit([[1, 0], [2, 1e-9]]).layer(), // prettier-ignore
    'standardScaler: layer: feature 1: expected a scale from 1e-7 to 18000000000000000000, got 5e-10',
  ],
  [
    'another kind of file',
    () => Scaler.fromJSON({ ...file, kind: 'tokenizer' as never }),
    "Scaler.fromJSON: kind: expected one of 'standardScaler', 'minMaxScaler', got 'tokenizer'",
  ],
  [
    'a file without scales',
    () => Scaler.fromJSON({ ...file, scale: undefined }),
    'Scaler.fromJSON: scale: expected 2 values, got none',
  ],
  [
    'a file with a scale of 0',
    () => Scaler.fromJSON({ ...file, scale: [1, 0] }),
    'Scaler.fromJSON: scale: expected positive numbers',
  ],
])('refuses %s', (_, act, message) => {
  expect(act).toThrow(message);
});
