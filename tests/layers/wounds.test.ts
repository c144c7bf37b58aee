/** Where other libraries were wounded: masks, padding, no steps at all. */
import { describe, expect, test } from 'vitest';
import { functional, input, layers, sequential, type SymbolicTensor } from '../../src/index.js';

const ones = (...shape: number[]) => ({ data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1), shape });
const zeros = (...shape: number[]) => ({ data: new Float32Array(shape.reduce((a, b) => a * b, 1)), shape });

describe('a sum in both directions, of which the first three steps are padding', () => {
  const values = [[[0], [0], [0], [1], [2], [3], [4]]];
  const mask = [[0, 0, 0, 1, 1, 1, 1]];
  const build = (returnSequences: boolean) => {
    const [x, m] = [input({ shape: [null, 1] }), input({ shape: [null], dtype: 'bool' })];
    const layer = layers.simpleRNN({ units: 1, activation: 'linear', returnSequences } as layers.RecurrentOptions);
    const y = layers.bidirectional({ layer }).apply(x, { mask: m }) as SymbolicTensor;
    const model = functional({ inputs: [x, m], outputs: y });
    model.setWeights([...Array<0>(2)].flatMap(() => [ones(1, 1), ones(1, 1), zeros(1)]));
    return { model, y, m };
  };

  test('with sequences', () => {
    const { model, y, m } = build(true);
    const both = model.predict([values, mask]).toArray() as number[][][];
    expect(both[0].map(([forward]) => forward)).toEqual([0, 0, 0, 1, 3, 6, 10]);
    expect(both[0].map(([, backward]) => backward)).toEqual([0, 0, 0, 10, 9, 7, 4]);
    expect(y.mask).toBe(m);
  });

  test('without', () => {
    expect(build(false).model.predict([values, mask]).toArray()).toEqual([[10, 10]]);
  });
});

describe('a row that is all padding', () => {
  const build = () =>
    sequential({
      layers: [
        layers.masking({ inputShape: [null, 2] }),
        layers.lstm({ units: 3, returnSequences: true }),
        layers.gru({ units: 2 }),
      ],
    });
  const row = (length: number, salt: number) =>
    Array.from({ length: 5 }, (_, t) => (t < length ? [Math.fround(0.1 * (t + salt)), 1] : [0, 0]));

  test.each([[[5, 3, 0, 5]], [[5, 0, 5, 5]]])('lengths %j', (lengths) => {
    const model = build();
    const x = lengths.map(row);
    const together = model.predict(x).toArray() as number[][];
    lengths.forEach((length, i) => {
      expect(together[i]).toEqual(length === 0 ? [0, 0] : (model.predict([x[i]]).toArray() as number[][])[0]);
    });
    const gradients = model.gradients(x, ones(lengths.length, 2));
    const perRow = 5 * 2;
    lengths.forEach((length, i) => {
      const own = gradients.inputs[0].data.slice(i * perRow, (i + 1) * perRow);
      expect(own.every(Number.isFinite)).toBe(true);
      if (length === 0) expect(own.every((value) => value === 0)).toBe(true);
    });
    model.compile({ optimizer: 'adam', loss: 'mse' });
    expect(model.trainOnBatch(x, ones(lengths.length, 2)).loss).toBeGreaterThan(0);
    expect(model.getWeights().every(({ data }) => data.every(Number.isFinite))).toBe(true);
  });
});

test('a mask of the wrong length or batch is refused before any computing', () => {
  const [x, m] = [input({ shape: [null, 1] }), input({ shape: [null], dtype: 'bool' })];
  const model = functional({ inputs: [x, m], outputs: layers.lstm({ units: 1 }).apply(x, { mask: m }) });
  expect(() => model.predict([ones(1, 3, 1), ones(1, 4)])).toThrow(
    'lstm: expected a mask of 3 steps, as its input has, got 4',
  );
  expect(() => model.predict([ones(2, 3, 1), ones(1, 3)])).toThrow('expected as many rows in each, got 2 and 1');
});

test('of no steps, the output has none, and the final state is the initial one', () => {
  const [x, h] = [input({ shape: [null, 2] }), input({ shape: [3] })];
  const [y, state] = layers.gru({ units: 3, returnSequences: true, returnState: true }).apply(x, { initialState: h });
  const model = functional({ inputs: [x, h], outputs: [y, state] });
  const [sequence, final] = model.predictAll([{ data: new Float32Array(), shape: [1, 0, 2] }, [[1, 2, 3]]]);
  expect(sequence.shape).toEqual([1, 0, 3]);
  expect(final.toArray()).toEqual([[1, 2, 3]]);
});

test('padded steps change neither loss nor metric nor gradient', () => {
  const build = () => {
    const model = sequential({
      layers: [
        layers.masking({ inputShape: [null, 1] }),
        layers.timeDistributed({ layer: layers.dense({ units: 1, useBias: false }) }),
      ],
    });
    model.setWeights([ones(1, 1)]);
    model.compile({ optimizer: 'sgd', loss: 'meanAbsoluteError', metrics: ['mae'] });
    return model;
  };
  const x = [1, 0, 1];
  const target = [0, 1, 1];
  const padding = Array<number>(10).fill(0);
  const run = (more: readonly number[]) => {
    const model = build();
    const logs = model.trainOnBatch([[...x, ...more].map((v) => [v])], [[...target, ...more].map((v) => [v])]);
    return { logs, weights: model.getWeights()[0].data };
  };
  const plain = run([]);
  expect(plain.logs).toEqual({ loss: 0.5, mae: 0.5 });
  expect(run(padding)).toEqual(plain);
});

test('Bidirectional hands its mask on, whichever of its layers goes backwards', () => {
  const x = layers.masking().apply(input({ shape: [null, 2] }));
  for (const goBackwards of [false, true]) {
    const layer = layers.simpleRNN({ units: 2, returnSequences: true, goBackwards });
    expect(layers.bidirectional({ layer }).apply(x).mask).toBe(x.mask);
  }
});
