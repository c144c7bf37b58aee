/**
 * BatchNormalization in training against the float64 reference: statistics of the batch, of what a mask leaves, moving averages
 * from batch to batch; and what leaves them alone: batches that are refused, layers that are not trained, everything but training.
 */
import { describe, expect, test } from 'vitest';
import { functional, input, layers, NonFiniteLossError, optimizers, type TrainableModel } from '../../src/index.js';
import { createRandom } from '../random.js';
import { batchNormalization, type BatchNormalizationConfig } from '../reference/batch-normalization.js';
import { relativeError } from '../reference/central-differences.js';
import { chain, type Link } from '../reference/chain.js';
import { dense } from '../reference/dense.js';
import { loss } from '../reference/losses.js';
import { sgd } from '../reference/optimizers.js';
import { map, sizeOf, tensor, toTensor, type Mask, type Tensor, type Tensors } from '../reference/tensor.js';

const random = createRandom(83);
const draw = (...shape: number[]): Tensor => tensor(shape, random.normals(sizeOf(shape), 0.7));
const [rows, time, features, units] = [6, 5, 3, 5];
const learningRate = 0.2;

const steps = (pattern: string): boolean[] => Array.from(pattern, (step) => step === '1');
const mask: Mask = ['11100', '01101', '00000', '11111', '10000', '00111'].map(steps);

interface Setting {
  readonly config?: BatchNormalizationConfig;
  /** Axes of the input behind the batch. */
  readonly axes?: readonly number[];
  readonly isMasked?: boolean;
  readonly trainable?: boolean;
}

interface Example {
  readonly model: TrainableModel;
  readonly weights: Tensors;
  readonly links: (isTraining: boolean, mask: Mask | undefined) => Link[];
}

/** A Dense layer before it shows the gradient of its input, one behind it that its output is right. */
function exampleOf({ config = {}, axes = [time, features], isMasked = false, trainable = true }: Setting): Example {
  const x = input({ shape: axes });
  const valid = input({ shape: [null], dtype: 'bool' });
  const first = layers.dense({ units, activation: 'tanh' }).apply(x);
  const normal = layers.batchNormalization({ ...config, trainable }).apply(first, isMasked ? { mask: valid } : {});
  const model = functional({ inputs: isMasked ? [x, valid] : [x], outputs: layers.dense({ units: 2 }).apply(normal) });
  const own = 2 + (config.center === false ? 0 : 1) + (config.scale === false ? 0 : 1);
  // Moving variances are none that are negative.
  const weights = model
    .getWeights()
    .map(({ shape }, i) => (i === 1 + own ? map(draw(...shape), Math.abs) : draw(...shape)));
  model.setWeights(weights);
  model.compile({ optimizer: optimizers.sgd({ learningRate }), loss: 'mse' });
  const inner = axes.length > 2 ? axes[1] : 1;
  const links = (isTraining: boolean, given: Mask | undefined): Link[] => {
    const rowMask = given?.map((row) => row.flatMap((step) => Array.from({ length: inner }, () => step)));
    return [
      { weights: 2, forward: (ours, seen) => dense({ units, activation: 'tanh' }, ours, [seen]) },
      {
        weights: own,
        forward: (ours, seen) => {
          const training = isTraining && trainable;
          return { ...batchNormalization(config, ours, [seen], { training, mask: rowMask }), mask: given };
        },
      },
      { weights: 2, forward: (ours, seen) => dense({ units: 2 }, ours, [seen]) },
    ];
  };
  return { model, weights, links };
}

const slice = ({ shape: [, ...axes], data }: Tensor, from: number, to: number): Tensor =>
  tensor([to - from, ...axes], data.slice(from * sizeOf(axes), to * sizeOf(axes)));

/** Trains the reference on the batches of an epoch. */
function trained({ weights, links }: Example, setting: Setting, x: Tensor, y: Tensor, batchSize: number): Tensors {
  const optimizer = sgd({ learningRate });
  let current = weights;
  for (let from = 0; from < rows; from += batchSize) {
    const [to, given] = [Math.min(rows, from + batchSize), setting.isMasked === true ? mask : undefined];
    const pass = chain(links(true, given?.slice(from, to)), current, slice(x, from, to));
    const { gradient } = loss('meanSquaredError', pass.outputs[0], slice(y, from, to), pass.mask);
    const gradients = pass.backward([gradient]).weights;
    const learned = optimizer.step(pass.updatedWeights, gradients);
    // What is not trained gets no step.
    current =
      setting.trainable === false
        ? learned.map((one, i) => (i < 2 || i >= weights.length - 2 ? one : current[i]))
        : learned;
  }
  return current;
}

const maskValues = tensor([rows, time], mask.flat().map(Number));

describe.each<[string, Setting]>([
  ['with gain and offset', {}],
  ['without gain', { config: { scale: false } }],
  ['without offset', { config: { center: false, momentum: 0.6 } }],
  ['with neither', { config: { center: false, scale: false, epsilon: 0.05 } }],
  ['of rows without time', { axes: [features] }],
  ['of masked steps', { isMasked: true, config: { momentum: 0.5 } }],
  ['over inner axes', { axes: [time, 3, features] }],
  ['not trained', { trainable: false }],
  ['not trained, masked', { trainable: false, isMasked: true }],
])('%s', (_, setting) => {
  test('an epoch of batches gives the reference’s weights and moving averages', async () => {
    const example = exampleOf(setting);
    const { model, weights, links } = example;
    const x = draw(rows, ...(setting.axes ?? [time, features]));
    const y = draw(...x.shape.slice(0, -1), 2);
    const masks = setting.isMasked === true ? [maskValues] : [];
    await model.fit([x, ...masks], y, { batchSize: 4, shuffle: false, verbose: 0 });
    const expected = trained(example, setting, x, y, 4);
    const moved = (after: Tensors): Tensors =>
      after.map((one, i) => map(one, (value, at) => value - weights[i].data[at]));
    expect(relativeError(moved(model.getWeights().map(toTensor)), moved(expected), 1e-2)).toBeLessThan(1e-4);

    // Predictions go by the new averages.
    const now = model.getWeights().map(toTensor);
    const given = setting.isMasked === true ? mask : undefined;
    const pass = chain(links(false, given), now, x);
    expect(relativeError([toTensor(model.predict([x, ...masks]))], pass.outputs, 1e-2)).toBeLessThan(1e-5);
    const value = loss('meanSquaredError', pass.outputs[0], y, pass.mask).value;
    expect(model.evaluate([x, ...masks], y).loss / value).toBeCloseTo(1, 5);
  });
});

const valuesOf = (model: TrainableModel) => model.getWeights().map(({ data }) => data);

describe('moving averages stay', () => {
  const [x, y] = [draw(rows, time, features), draw(rows, time, 2)];

  test('where a batch is refused', () => {
    const { model } = exampleOf({});
    model.trainOnBatch(x, y);
    const before = valuesOf(model);
    const bad = map(x, (value, i) => (i === 7 ? NaN : value));
    expect(() => model.trainOnBatch(bad, y)).toThrow(NonFiniteLossError);
    // Refused late: by then the optimizer has made its step.
    model.compile({ optimizer: optimizers.sgd({ learningRate: 1e30 }), loss: 'mse' });
    const far = map(y, () => 1e20);
    expect(() => model.trainOnBatch(x, far)).toThrow("the optimizer's step overflows");
    model.compile({ optimizer: optimizers.sgd({ learningRate }), loss: 'mse' });
    expect(valuesOf(model)).toEqual(before);
    // And none of it is left behind.
    const { model: other } = exampleOf({});
    other.setWeights(model.getWeights());
    expect(model.trainOnBatch(x, y)).toEqual(other.trainOnBatch(x, y));
    expect(valuesOf(model)).toEqual(valuesOf(other));
  });

  test('in predict, evaluate and gradients', () => {
    const { model } = exampleOf({});
    const before = valuesOf(model);
    model.predict(x);
    model.evaluate(x, y);
    model.gradients(x, y);
    expect(valuesOf(model)).toEqual(before);
  });

  test('in a model that is frozen as a whole', () => {
    const { model } = exampleOf({});
    const before = valuesOf(model);
    model.getLayer('batch_normalization').trainable = false;
    model.compile({ optimizer: 'sgd', loss: 'mse' });
    model.trainOnBatch(x, y);
    expect(valuesOf(model).slice(2, 6)).toEqual(before.slice(2, 6));
    expect(valuesOf(model)[0]).not.toEqual(before[0]);
  });
});

test('they are no optimizer’s, and first are 0 and 1', () => {
  const x = input({ shape: [null, 3] });
  const model = functional({ inputs: x, outputs: layers.batchNormalization().apply(x) });
  expect(model.getWeights().map((weight) => weight.toArray())).toEqual([
    [1, 1, 1],
    [0, 0, 0],
    [0, 0, 0],
    [1, 1, 1],
  ]);
  expect(model.summary(() => undefined)).toMatch(/Trainable: 6 .*\nNot trainable: 6 /);
  expect(model.gradients([[[1, 2, 3]]], [[[1, 1, 1]]]).weights).toHaveLength(2);
});

test('momentum 0 takes the batch’s, momentum 1 none', () => {
  const x = [
    [
      [1, 5],
      [3, 5],
    ],
    [
      [5, 5],
      [7, 5],
    ],
  ];
  const averages = (momentum: number) => {
    const inputs = input({ shape: [null, 2] });
    const model = functional({ inputs, outputs: layers.batchNormalization({ momentum }).apply(inputs) });
    model.compile({ optimizer: 'sgd', loss: 'mse' });
    model.trainOnBatch(x, x);
    return model
      .getWeights()
      .slice(2)
      .map((weight) => weight.toArray());
  };
  expect(averages(0)).toEqual([
    [4, 5],
    [5, 0],
  ]);
  expect(averages(1)).toEqual([
    [0, 0],
    [1, 1],
  ]);
});

test('a layer that is called twice moves them twice', () => {
  const [a, b] = [input({ shape: [2] }), input({ shape: [2] })];
  const layer = layers.batchNormalization({ momentum: 0.5 });
  const model = functional({ inputs: [a, b], outputs: layers.add().apply([layer.apply(a), layer.apply(b)]) });
  model.compile({ optimizer: optimizers.sgd({ learningRate: 0.1 }), loss: 'mse' });
  model.trainOnBatch(
    [
      [
        [0, 0],
        [8, 4],
      ],
      [
        [2, 2],
        [4, 6],
      ],
    ],
    [
      [0, 0],
      [0, 0],
    ],
  );
  // Means [4, 2], then [3, 4].
  expect(model.getWeights()[2].toArray()).toEqual([2.5, 2.5]);
});

test('a stream goes by them, to the bit', () => {
  const x = input({ shape: [null, 3] });
  const model = functional({ inputs: x, outputs: layers.batchNormalization().apply(x) });
  model.setWeights(model.getWeights().map(({ shape }) => map(draw(...shape), Math.abs)));
  const given = draw(1, 7, 3);
  const session = model.stream();
  const rowsOf = (data: ArrayLike<number>) => Float32Array.from(data);
  const pieces = [0, 2, 3, 7].flatMap((from, i, all) =>
    i === 3 ? [] : Array.from(session.push(rowsOf(given.data.slice(3 * from, 3 * all[i + 1]))).data),
  );
  expect(Float32Array.from(pieces)).toEqual(model.predict(given).data);
});
