/** What fit promises: which rows it trains on, what it returns, clipping, dropout. */
import { expect, test } from 'vitest';
import { layers, optimizers, sequential } from '../../src/index.js';
import { createRandom } from '../random.js';

const random = createRandom(3);
const x = { data: random.normals(40 * 6 * 2), shape: [40, 6, 2] };
const y = { data: random.normals(40), shape: [40, 1] };
const part = ({ data, shape: [rows, ...rest] }: typeof x, from: number, to: number) => ({
  data: data.slice((from * data.length) / rows, (to * data.length) / rows),
  shape: [to - from, ...rest],
});

function model(learningRate = 0.01) {
  const made = sequential({
    layers: [layers.simpleRNN({ units: 6, inputShape: [null, 2] }), layers.dense({ units: 1 })],
  });
  made.compile({ optimizer: optimizers.sgd({ learningRate }), loss: 'mse', metrics: ['mae'] });
  return made;
}
const valuesOf = (made: ReturnType<typeof model>) => made.getWeights().map(({ data }) => data);

test('validationSplit takes the last rows, before shuffling', async () => {
  const [split, given] = [model(), model()];
  const one = await split.fit(x, y, { epochs: 3, validationSplit: 0.25, verbose: 0 });
  const two = await given.fit(part(x, 0, 30), part(y, 0, 30), {
    epochs: 3,
    validationData: [part(x, 30, 40), part(y, 30, 40)],
    verbose: 0,
  });
  expect(one).toEqual(two);
  expect(Object.keys(one.history)).toEqual(['loss', 'meanAbsoluteError', 'valLoss', 'valMeanAbsoluteError']);
  expect(one.epoch).toEqual([0, 1, 2]);
  expect(valuesOf(split)).toEqual(valuesOf(given));
  const { loss } = split.evaluate(part(x, 30, 40), part(y, 30, 40));
  expect(loss).toBe(one.history.valLoss[2]);
});

test('without shuffling fit is trainOnBatch, batch after batch', async () => {
  const [fitted, stepped] = [model(), model()];
  await fitted.fit(x, y, { batchSize: 16, shuffle: false, verbose: 0 });
  for (const [from, to] of [
    [0, 16],
    [16, 32],
    [32, 40],
  ]) {
    stepped.trainOnBatch(part(x, from, to), part(y, from, to));
  }
  expect(valuesOf(fitted)).toEqual(valuesOf(stepped));
});

test('evaluate gives the same loss for any batch size, up to rounding', () => {
  const made = model();
  const { loss } = made.evaluate(x, y, { batchSize: 40 });
  for (const batchSize of [1, 7, 32]) expect(made.evaluate(x, y, { batchSize }).loss).toBeCloseTo(loss, 6);
});

test('training learns to recall what was two steps ago', async () => {
  const recall = { data: Float32Array.from({ length: 40 }, (_, i) => x.data[i * 12 + 6]), shape: [40, 1] };
  const made = model();
  made.compile({ optimizer: optimizers.adam({ learningRate: 0.02 }), loss: 'mse' });
  const { history } = await made.fit(x, recall, { epochs: 150, verbose: 0 });
  expect(history.loss[149]).toBeLessThan(0.1 * history.loss[0]);
});

const before = valuesOf(model());
const gradientsOf = (): Float32Array[] => {
  const made = model(1);
  made.trainOnBatch(x, y);
  return valuesOf(made).map((values, i) => values.map((value, j) => before[i][j] - value));
};
const normOf = (arrays: readonly Float32Array[]): number =>
  Math.sqrt(arrays.reduce((sum, values) => sum + values.reduce((s, value) => s + value * value, 0), 0));

test.each([
  ['clipValue', (g: Float32Array) => g.map((value) => Math.min(0.05, Math.max(-0.05, value)))],
  ['clipNorm', (g: Float32Array) => g.map((value) => value * Math.min(1, 0.05 / normOf([g])))],
  [
    'globalClipNorm',
    (g: Float32Array, all: Float32Array[]) => g.map((value) => value * Math.min(1, 0.05 / normOf(all))),
  ],
] as const)('%s limits the step', (name, clip) => {
  const made = model();
  made.compile({ optimizer: optimizers.sgd({ learningRate: 1, [name]: 0.05 }), loss: 'mse' });
  made.trainOnBatch(x, y);
  const gradients = gradientsOf();
  expect(normOf(gradients)).toBeGreaterThan(0.1);
  valuesOf(made).forEach((values, i) => {
    const expected = clip(gradients[i], gradients);
    values.forEach((value, j) => {
      expect(before[i][j] - value).toBeCloseTo(expected[j], 5);
    });
  });
});

test('dropout lets gradients through where it lets values through, scaled alike', () => {
  const made = sequential({ layers: [layers.dropout({ rate: 0.5, inputShape: [50] }), layers.dense({ units: 1 })] });
  const ones = { data: new Float32Array(50).fill(1), shape: [1, 50] };
  made.setWeights([{ data: ones.data, shape: [50, 1] }, [0]]);
  made.compile({ optimizer: optimizers.sgd({ learningRate: 1 }), loss: 'mse' });
  const { loss } = made.trainOnBatch(ones, [[0]]);
  // The output is 2 for each value kept; the gradient of each kept weight is 2 · output · 2, that of a dropped one 0.
  const output = Math.sqrt(loss);
  const [kernel] = valuesOf(made);
  const kept = [...kernel].filter((value) => value !== 1);
  expect(2 * kept.length).toBe(output);
  expect(kept.length).toBeGreaterThan(10);
  expect(kept.length).toBeLessThan(40);
  expect(new Set(kept)).toEqual(new Set([1 - 4 * output]));
  expect(made.predict(ones).data).toEqual(made.predict(ones).data);
});
