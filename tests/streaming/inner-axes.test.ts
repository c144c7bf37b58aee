/** Streams of steps that are sequences themselves, [batch, time, inner steps, features]: along the inner axis all is there. */
import { describe, expect, test } from 'vitest';
import { layers, sequential, type Layer, type Model } from '../../src/index.js';
import { createRandom } from '../random.js';

const inner = [5, 3];
const width = 15;

const kinds: [name: string, make: () => Layer][] = [
  ['causal convolution', () => layers.conv1d({ filters: 2, kernelSize: 2, padding: 'causal' })],
  ['strides', () => layers.conv1d({ filters: 2, kernelSize: 2, strides: 2 })],
  ['same', () => layers.conv1d({ filters: 2, kernelSize: 3, padding: 'same' })],
  ['depthwise', () => layers.depthwiseConv1d({ kernelSize: 3, depthMultiplier: 2, padding: 'same' })],
  ['separable', () => layers.separableConv1d({ filters: 2, kernelSize: 3 })],
  ['transposed', () => layers.conv1dTranspose({ filters: 2, kernelSize: 3, strides: 2 })],
  ['pooling', () => layers.maxPooling1d()],
  ['pooling, same', () => layers.averagePooling1d({ poolSize: 3, strides: 2, padding: 'same' })],
  ['global pooling', () => layers.globalAveragePooling1d()],
  ['global pooling that keeps the axis', () => layers.globalMaxPooling1d({ keepdims: true })],
  ['zero padding', () => layers.zeroPadding1d()],
  ['cropping', () => layers.cropping1d()],
  ['up-sampling', () => layers.upSampling1d()],
  ['recurrent', () => layers.lstm({ units: 2 })],
  ['both directions', () => layers.bidirectional({ layer: layers.gru({ units: 2, returnSequences: true }) })],
  ['flatten', () => layers.flatten()],
];

/** What a stream gives, step by step of each sequence. */
function streamed(model: Model, x: Float32Array, batch: number, axes: readonly number[]): unknown[][] {
  const values = axes.reduce((a, b) => a * b, 1);
  const steps = x.length / batch / values;
  const session = model.stream({ batch });
  const given: unknown[][] = Array.from({ length: batch }, () => []);
  for (const [from, to] of [
    [0, 1],
    [1, 4],
    [4, steps],
  ] as const) {
    const rows = Array.from({ length: batch }, (_, b) => [
      ...x.slice((b * steps + from) * values, (b * steps + to) * values),
    ]);
    const result = session.push({ data: Float32Array.from(rows.flat()), shape: [batch, to - from, ...axes] }).toArray();
    (batch === 1 ? [result as unknown[]] : (result as unknown[][])).forEach((row, b) => given[b]?.push(...row));
  }
  return given;
}

/** Fills the scratch memory with other values: what a stream reads beside its tensors would show. */
function dirty(model: Model, shape: readonly number[]): void {
  const values = shape.reduce((a, b) => a * b, 1);
  model.predict({ data: new Float32Array(values).fill(1e3), shape });
}

describe.each(kinds)('%s', (_name, make) => {
  test.each([1, 2])('a stream of %i gives the rows of the whole run', (batch) => {
    const layer = layers.timeDistributed({ layer: make(), inputShape: [null, ...inner] });
    const model = sequential({ layers: [layer] });
    const x = createRandom(3).normals(batch * 9 * width);
    const whole = model.predict({ data: x, shape: [batch, 9, ...inner] }).toArray();
    dirty(model, [4, 40, ...inner]);
    expect(streamed(model, x, batch, inner)).toEqual(whole);
  });

  test('behind strides, where there are other steps than pushed', () => {
    const model = sequential({
      layers: [
        layers.conv1d({ filters: width, kernelSize: 3, strides: 2, inputShape: [null, 4] }),
        layers.timeDistributed({ layer: layers.reshape({ targetShape: inner }) }),
        layers.timeDistributed({ layer: make() }),
      ],
    });
    const x = createRandom(4).normals(2 * 12 * 4);
    const whole = model.predict({ data: x, shape: [2, 12, 4] }).toArray();
    dirty(model, [4, 40, 4]);
    expect(streamed(model, x, 2, [4])).toEqual(whole);
  });
});

test('a flat array is whole steps, and shapes are checked axis by axis', () => {
  const layer = layers.timeDistributed({ layer: layers.upSampling1d(), inputShape: [null, ...inner] });
  const session = sequential({ layers: [layer] }).stream();
  expect(session.push(new Float32Array(2 * width)).shape).toEqual([2, 10, 3]);
  expect(session.push({ data: new Float32Array(width), shape: inner }).shape).toEqual([1, 10, 3]);
  expect(session.push(new Float32Array(width), new Float32Array(30))).toBe(1);
  expect(() => session.push(new Float32Array(3))).toThrow('expected whole rows of 15 features, got 3 values');
  expect(() => session.push({ data: new Float32Array(6), shape: [2, 3] })).toThrow(
    'expected shape [5, 3] or [time, 5, 3], got [2, 3]',
  );
});
