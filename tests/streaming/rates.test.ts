/** Streams whose layers give other numbers of rows than steps: strides, windows that fill first, up-sampling. */
import { describe, expect, test } from 'vitest';
import { functional, input, layers, sequential, type Layer, type SymbolicTensor } from '../../src/index.js';
import { createRandom } from '../random.js';

const features = 3;

/** Every layer that changes the number of steps, and a recurrent one between. */
const manyRates = (): Layer[] => [
  layers.zeroPadding1d({ padding: [4, 2], inputShape: [null, features] }),
  layers.conv1d({ filters: 5, kernelSize: 4, strides: 2, padding: 'causal' }),
  layers.upSampling1d({ size: 3 }),
  layers.maxPooling1d({ poolSize: 3, strides: 2 }),
  layers.gru({ units: 4, returnSequences: true }),
  layers.conv1dTranspose({ filters: 6, kernelSize: 5, strides: 3, padding: 'same' }),
  layers.cropping1d({ cropping: [2, 1] }),
  layers.separableConv1d({ filters: 4, kernelSize: 3, dilationRate: 2 }),
  layers.averagePooling1d({ poolSize: 4, strides: 1, padding: 'causal' }),
  layers.depthwiseConv1d({ kernelSize: 2, strides: 3 }),
];

const values = (seed: number, batch: number, steps: number): Float32Array =>
  createRandom(seed).normals(batch * steps * features);

/** Steps `from` … `to` − 1 of each sequence. */
function piece(x: Float32Array, batch: number, from: number, to: number): { data: Float32Array; shape: number[] } {
  const steps = x.length / batch / features;
  const rows = Array.from({ length: batch }, (_, b) => [
    ...x.slice((b * steps + from) * features, (b * steps + to) * features),
  ]);
  return { data: Float32Array.from(rows.flat()), shape: [batch, to - from, features] };
}

type Rows = number[][][];

describe('a stream fed in any chunks gives the rows of the whole run', () => {
  test.each([
    [1, [1]],
    [2, [1, 2, 3, 5]],
    [2, [7, 0, 64, 1]],
    [1, [65, 3, 130]],
  ])('batch %i, chunks of %j', (batch, chunks) => {
    // Past the warm-up of 900 steps, from where on a session counts only where between the strides it stands.
    const steps = 1100;
    const model = sequential({ layers: manyRates() });
    const x = values(1, batch, steps);
    const whole = model.predict({ data: x, shape: [batch, steps, features] }).toArray() as Rows;
    const session = model.stream({ batch });
    const given: Rows = Array.from({ length: batch }, () => []);
    for (let from = 0, i = 0; from < steps; i++) {
      const to = Math.min(steps, from + (chunks[i % chunks.length] ?? 1));
      const rows = session.push(piece(x, batch, from, to)).toArray();
      (batch === 1 ? [rows as number[][]] : (rows as Rows)).forEach((row, b) => given[b]?.push(...row));
      from = to;
    }
    expect(given).toEqual(whole.map((row) => row.slice(0, given[0]?.length)));
    // What is missing is what only the end makes.
    expect(given[0]?.length).toBeGreaterThan((whole[0]?.length ?? 0) - 8);
  });

  test('with out, a push gives the number of rows', () => {
    const model = sequential({
      layers: [layers.conv1d({ filters: 2, kernelSize: 3, strides: 3, inputShape: [null, features] })],
    });
    const x = values(2, 1, 200);
    const whole = model.predict({ data: x, shape: [1, 200, features] }).data;
    const session = model.stream();
    const out = new Float32Array(whole.length);
    const counts = [1, 1, 1, 2, 1, 100].map((steps, i, all) => {
      const from = all.slice(0, i).reduce((a, b) => a + b, 0);
      return session.push(x.slice(from * features, (from + steps) * features), out);
    });
    expect(counts).toEqual([0, 0, 1, 0, 1, 33]);
    expect(out.slice(0, 66)).toEqual(whole.slice(4, 70));
    expect(() => session.push(x.slice(0, 9), new Float32Array(1))).toThrow('at least 2 values, got 1');
    session.reset();
    expect(session.push(x).data).toEqual(whole);
  });

  test('a layer that collapses time gives its value as of the last row', () => {
    const model = sequential({
      layers: [
        layers.averagePooling1d({ poolSize: 4, inputShape: [null, features] }),
        layers.lstm({ units: 5 }),
        layers.dense({ units: 2 }),
      ],
    });
    const x = values(3, 1, 90);
    const session = model.stream();
    for (let step = 0; step < 90; step++) {
      const value = session.push(x.slice(step * features, (step + 1) * features)).data;
      const whole = model.predict(piece(x, 1, 0, step + 1)).data;
      expect(value, `step ${step}`).toEqual(whole);
    }
  });

  test('the mean of all steps so far', () => {
    const model = sequential({ layers: [layers.globalAveragePooling1d({ inputShape: [null, features] })] });
    const x = values(4, 1, 150);
    const session = model.stream();
    expect(session.push(x.slice(0, 30)).data).toEqual(model.predict(piece(x, 1, 0, 10)).data);
    expect(session.push(x.slice(30)).data).toEqual(model.predict(piece(x, 1, 0, 150)).data);
  });
});

describe('refused', () => {
  const x = input({ shape: [null, features] });
  const streamOf = (layer: Layer) => () => sequential({ layers: [layer] }).stream();
  const inputShape = [null, features];

  test('branches that give rows at different steps', () => {
    const strided = layers.conv1d({ filters: features, kernelSize: 1, strides: 2 }).apply(x);
    const widened = layers.upSampling1d().apply(strided);
    expect(() => functional({ inputs: x, outputs: layers.add().apply([x, widened]) }).stream()).toThrow(
      /add joins input and up_sampling1d, whose rows a stream gives at different steps/,
    );
    const waiting = layers.conv1d({ filters: 2, kernelSize: 3 }).apply(x);
    const cropped = layers.cropping1d({ cropping: [2, 0] }).apply(x);
    const both = layers.concatenate().apply([waiting, cropped]);
    expect(
      functional({ inputs: x, outputs: both })
        .stream()
        .push(values(5, 1, 5)).shape,
    ).toEqual([3, 5]);
  });

  test('padding that depends on the end, and a step that would be another in every run', () => {
    expect(streamOf(layers.conv1d({ filters: 1, kernelSize: 2, padding: 'same', inputShape }))).toThrow(
      'whole sequence',
    );
    expect(streamOf(layers.maxPooling1d({ padding: 'same', inputShape }))).toThrow('whole sequence');
    expect(streamOf(layers.globalMaxPooling1d({ keepdims: true, inputShape }))).toThrow('whole sequence');
  });
});

test('masks do not go through layers that change steps', () => {
  const masked = layers.masking().apply(input({ shape: [null, features] }));
  expect(layers.conv1d({ filters: 2, kernelSize: 2 }).apply(masked).mask).toBeNull();
  expect(layers.upSampling1d().apply(masked).mask).toBeNull();
});

describe('a value of all steps that stands for each of them', () => {
  const needsWhole = 'add needs the whole sequence, so the model cannot run step by step';

  test.each<[string, (x: SymbolicTensor) => SymbolicTensor]>([
    ['a mean', (x) => layers.globalAveragePooling1d().apply(x)],
    ['a last state', (x) => layers.lstm({ units: 1 }).apply(x)],
    ['a sequence of one step', (x) => layers.maxPooling1d({ poolSize: 4 }).apply(x)],
  ])('%s is known too late for a stream', (_, valueOf) => {
    const x = input({ shape: [4, 1] });
    const model = functional({ inputs: x, outputs: layers.add().apply([x, valueOf(x)]) });
    expect(model.predict([[[1], [2], [3], [4]]]).shape).toEqual([1, 4, 1]);
    expect(() => model.stream()).toThrow(needsWhole);
  });

  test('what is fixed stands for each step of a stream', () => {
    const [x, fixed] = [input({ shape: [null, 1] }), input({ shape: [1] })];
    const model = functional({ inputs: [x, fixed], outputs: layers.add().apply([x, fixed]) });
    expect([...model.stream({ fixed: [[10]] }).push([[1], [2]]).data]).toEqual([11, 12]);
  });
});

test('a stateful layer behind repeatVector begins anew with each push', () => {
  const model = sequential({
    layers: [
      layers.lstm({ units: 1, inputShape: [null, 1] }),
      layers.repeatVector({ n: 2 }),
      layers.simpleRNN({ units: 1, stateful: true, returnSequences: true }),
    ],
  });
  const [one, two] = [model.stream(), model.stream()];
  one.push([1]);
  expect(one.push([2]).data).toEqual(two.push([[1], [2]]).data);
});

test('a push of no steps gives no rows', () => {
  const model = sequential({
    layers: [layers.globalAveragePooling1d({ inputShape: [null, 1] }), layers.repeatVector({ n: 2 })],
  });
  const session = model.stream();
  expect(session.push([3]).toArray()).toEqual([[3], [3]]);
  expect(session.push([]).shape).toEqual([0, 1]);
  expect(session.push([5]).toArray()).toEqual([[4], [4]]);
});
