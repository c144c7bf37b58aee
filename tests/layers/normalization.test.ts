/** Normalization: adapted to data, before a model is made and afterwards; the way back; what is refused; files. */
import { describe, expect, test } from 'vitest';
import { readTfjs } from '../../src/convert.js';
import { functional, input, layers, loadModel, sequential } from '../../src/index.js';
import { sequential as inferenceSequential } from '../../src/inference.js';
import { createRandom } from '../random.js';
import { relativeError } from '../reference/central-differences.js';
import { adapt, normalization } from '../reference/normalization.js';
import { map, sizeOf, tensor, toTensor, type Tensor } from '../reference/tensor.js';
import { handMade, sequentialConfig } from '../formats/hand-made.js';

const random = createRandom(91);
const features = 3;
/** Far from 0 for how wide it spreads, as years and prices are. */
const draw = (...shape: number[]): Tensor =>
  map(tensor(shape, random.normals(sizeOf(shape))), (value, i) =>
    Math.fround([2000, -3, 0.01][i % 3] + value * [5, 0.1, 40][i % 3]),
  );
const [seen, x] = [draw(40, 7, features), draw(4, 5, features)];
const expected = normalization(adapt(seen), [], [x]).outputs;

const scaler = (options: object = {}) => layers.normalization({ inputShape: [null, features], ...options });

describe.each([
  ['with training', sequential],
  ['for inference', inferenceSequential],
] as const)('%s', (_, make) => {
  test('adapts before a model is made', () => {
    const layer = scaler();
    layer.adapt(seen);
    const model = make({ layers: [layer] });
    expect(relativeError([toTensor(model.predict(x))], expected, 1e-2)).toBeLessThan(1e-5);
    const [mean, variance, count] = model.getWeights();
    const { mean: theirMean, variance: theirVariance } = adapt(seen);
    expect(mean.data).toEqual(Float32Array.from(theirMean));
    expect(variance.data).toEqual(Float32Array.from(theirVariance));
    expect([count.shape, count.toArray()]).toEqual([[], 40 * 7]);
  });

  test('adapts afterwards, and again', () => {
    const layer = scaler();
    const model = make({ layers: [layer] });
    expect(() => model.predict(x)).toThrow(
      'normalization: has no mean and variance: call adapt(data), or give them as options',
    );
    expect(() => model.stream()).toThrow('call adapt(data)');
    layer.adapt(seen);
    expect(relativeError([toTensor(model.predict(x))], expected, 1e-2)).toBeLessThan(1e-5);
    const session = model.stream({ batch: 4 });
    expect(session.push(x).data).toEqual(model.predict(x).data);
    const other = draw(9, features);
    layer.adapt(other);
    const again = normalization(adapt(other), [], [x]).outputs;
    expect(relativeError([toTensor(model.predict(x))], again, 1e-2)).toBeLessThan(1e-5);
  });

  test('goes the way back', () => {
    const [forth, back] = [scaler(), layers.normalization({ invert: true })];
    for (const layer of [forth, back]) layer.adapt(seen);
    const model = make({ layers: [forth, back] });
    expect(relativeError([toTensor(model.predict(x))], [x], 1e-2)).toBeLessThan(1e-6);
  });
});

test('one number serves all features', () => {
  const model = sequential({ layers: [scaler({ mean: 2, variance: 4 })] });
  expect(model.getWeights()).toEqual([]);
  expect(model.predict([[[2, 4, 0]]]).toArray()).toEqual([[[0, 1, -1]]]);
});

test('a feature that never changes becomes 0, whatever it is', () => {
  const layer = layers.normalization({ inputShape: [2] });
  layer.adapt([
    [7, 1],
    [7, 3],
  ]);
  expect(
    sequential({ layers: [layer] })
      .predict([[7, 3]])
      .toArray(),
  ).toEqual([[0, 1]]);
});

test('training changes it not, and goes through it', () => {
  const inputs = input({ shape: [null, features] });
  const layer = layers.normalization();
  layer.adapt(seen);
  const first = layers.dense({ units: features }).apply(inputs);
  const model = functional({ inputs, outputs: layer.apply(first) });
  model.compile({ optimizer: 'sgd', loss: 'mse' });
  const before = model.getWeights().map(toTensor);
  model.trainOnBatch(x, x);
  const after = model.getWeights().map(toTensor);
  expect(after.slice(2)).toEqual(before.slice(2));
  expect(after[0]).not.toEqual(before[0]);
  expect(model.gradients(x, x).weights).toHaveLength(2);
});

describe('adapt refuses', () => {
  test.each<[string, unknown, string]>([
    ['no rows', [], 'rows of some features, got shape [0]'],
    ['no rows of features', { data: new Float32Array(0), shape: [0, 3] }, 'got shape [0, 3]'],
    ['one row without an axis for it', [1, 2, 3], 'got shape [3]'],
    ['what is no number', [[1, NaN]], 'finite numbers, got NaN'],
    ['infinity', [[1, Infinity]], 'finite numbers, got Infinity'],
    ['strings', [['a']], "numbers, got 'a'"],
  ])('%s', (_, data, message) => {
    expect(() => {
      layers.normalization().adapt(data as never);
    }).toThrow(new RegExp(`^normalization: adapt: expected .*${message.replace(/[[\]]/g, '\\$&')}`));
  });

  test('other features than the layer has', () => {
    const layer = scaler({ name: 'scaler' });
    sequential({ layers: [layer] });
    expect(() => {
      layer.adapt([[1, 2]]);
    }).toThrow('scaler: adapt: expected rows of 3 features, got shape [1, 2]');
    const early = scaler();
    early.adapt([[1, 2]]);
    expect(() => sequential({ layers: [early] })).toThrow('normalization/mean: expected 3 values, got 2');
  });

  test('where mean and variance are options', () => {
    expect(() => {
      scaler({ mean: 0, variance: 1 }).adapt(seen);
    }).toThrow('normalization: adapt: mean and variance are given as options');
  });

  test('while a model over it is trained', async () => {
    const layer = scaler();
    layer.adapt(seen);
    const model = sequential({ layers: [layer, layers.dense({ units: 1 })] });
    model.compile({ optimizer: 'sgd', loss: 'mse' });
    const fit = model.fit(x, draw(4, 5, 1), { epochs: 2, verbose: 0 });
    expect(() => {
      layer.adapt(seen);
    }).toThrow('normalization: adapt: fit of "sequential" is running; abort it or wait for it');
    await fit;
    layer.adapt(seen);
  });
});

test('constants stay in the workspace where they are', () => {
  const inputs = input({ shape: [features] });
  const scaled = scaler({ mean: 1, variance: 1 }).apply(inputs);
  functional({ inputs, outputs: scaled });
  const other = input({ shape: [features] });
  const layer = layers.dense({ units: features });
  functional({ inputs: other, outputs: layer.apply(other) });
  expect(() => functional({ inputs, outputs: layer.apply(scaled) })).toThrow('workspace');
});

test('files of Keras that a converter made', () => {
  const config = { name: 'scale', axis: [-1], invert: false, mean: null, variance: null, batch_input_shape: [null, 2] };
  const bytes = new Uint8Array(20);
  new Float32Array(bytes.buffer).set([1, 2, 4, 9]);
  const weights = [
    { name: 'scale/mean', shape: [2], dtype: 'float32' },
    { name: 'scale/variance', shape: [2], dtype: 'float32' },
    { name: 'scale/count', shape: [], dtype: 'int32' },
  ];
  const { modelJson } = handMade('Sequential', sequentialConfig([{ class_name: 'Normalization', config }]));
  const file = { ...modelJson, weightsManifest: [{ paths: ['weights.bin'], weights }] };
  // Keras 3 leaves the count 0.
  expect(
    loadModel(readTfjs(file, bytes))
      .predict([[5, 8]])
      .toArray(),
  ).toEqual([[2, 2]]);
});
