/** Losses and metrics of one's own, made of layers: they are what the built-in ones are that they imitate. */
import { describe, expect, test } from 'vitest';
import {
  functional,
  input,
  layers,
  loadModel,
  losses,
  metrics,
  optimizers,
  sequential,
  type SymbolicTensor,
} from '../../src/index.js';
import { createRandom } from '../random.js';

const random = createRandom(6);
const draw = (...shape: number[]) => ({ data: random.normals(shape.reduce((a, b) => a * b)), shape });

/** (ŷ − y)², by layers. */
const squared = losses.custom({
  name: 'squared',
  build: (yTrue, yPred) => {
    const e = layers.subtract().apply([yPred, yTrue]);
    return layers.multiply().apply([e, e]);
  },
});

/** Of a sequence the greatest |ŷ − y| of each feature. */
const build = (yTrue: SymbolicTensor, yPred: SymbolicTensor) => {
  const [e, minus] = [layers.subtract().apply([yPred, yTrue]), layers.subtract().apply([yTrue, yPred])];
  return layers.globalMaxPooling1d().apply(layers.maximum().apply([e, minus]));
};
const worst = losses.custom({ name: 'worst', build });

const mask = [
  [1, 1, 1, 0],
  [0, 1, 0, 1],
  [0, 0, 0, 0],
];

function create(loss: typeof squared | 'mse', isMasked = false) {
  const [x, m] = [input({ shape: [null, 3] }), input({ shape: [null], dtype: 'bool' })];
  const h = layers.gru({ units: 4, returnSequences: true }).apply(x, isMasked ? { mask: m } : {});
  const outputs = layers.dense({ units: 2 }).apply(h);
  const model = functional({ inputs: isMasked ? [x, m] : x, outputs });
  model.compile({ optimizer: optimizers.sgd({ learningRate: 0.1 }), loss, metrics: ['mse', 'mae'] });
  return model;
}

const [x, y] = [draw(3, 4, 3), draw(3, 4, 2)];

describe.each([
  ['plain', false, {}],
  ['masked', true, {}],
  ['masked and weighted by step', true, { sampleWeight: draw(3, 4) }],
])('a loss of one’s own, %s', (_, isMasked, options) => {
  test('trains as the built-in one that it is, for 50 steps', () => {
    const [own, theirs] = [create(squared, isMasked), create('mse', isMasked)];
    for (let step = 0; step < 50; step++) {
      const given = isMasked ? [x, mask] : x;
      const [ours, expected] = [own, theirs].map((model) => model.trainOnBatch(given, y, options));
      for (const name of Object.keys(expected)) expect(ours[name], `step ${step}`).toBeCloseTo(expected[name], 5);
    }
    own.getWeights().forEach(({ data }, i) => {
      data.forEach((value, at) => expect(value).toBeCloseTo(theirs.getWeights()[i].data[at], 5));
    });
  });
});

test('a loss of whole sequences has a row for each', () => {
  const model = create(worst);
  const errors = model.predict(x).data.map((value, i) => Math.abs(value - y.data[i]));
  const greatest = Array.from({ length: 6 }, (_, i) => {
    const [sample, feature] = [Math.floor(i / 2), i % 2];
    return Math.max(...[0, 1, 2, 3].map((t) => errors[8 * sample + 2 * t + feature]));
  });
  const mean = (weights: readonly number[]): number =>
    greatest.reduce((sum, error, i) => sum + weights[Math.floor(i / 2)] * error, 0) / 6;
  expect(model.evaluate(x, y).loss).toBeCloseTo(mean([1, 1, 1]), 6);
  expect(model.evaluate(x, y, { sampleWeight: [3, 0, 0.5] }).loss).toBeCloseTo(mean([3, 0, 0.5]), 6);
  expect(() => model.evaluate(x, y, { sampleWeight: draw(3, 4) })).toThrow('expected shape [3], got [3, 4]');
  const before = model.evaluate(x, y).loss;
  for (let step = 0; step < 50; step++) model.trainOnBatch(x, y);
  expect(model.evaluate(x, y).loss).toBeLessThan(before);
});

test('a metric of one’s own goes with any loss, under its name', () => {
  const model = sequential({ layers: [layers.dense({ units: 2, inputShape: [3] })] });
  const own = metrics.custom({ name: 'ownMse', build: squared.kind === 'custom' ? squared.build : build });
  model.compile({ optimizer: 'sgd', loss: 'huber', metrics: ['mse', own], weightedMetrics: ['mae'] });
  const logs = model.evaluate(draw(5, 3), draw(5, 2), { batchSize: 2 });
  expect(Object.keys(logs)).toEqual(['loss', 'mse', 'ownMse', 'mae']);
  expect(logs.ownMse).toBeCloseTo(logs.mse, 6);
});

test('a loss need not look at the targets', () => {
  const model = sequential({ layers: [layers.dense({ units: 2, inputShape: [3] })] });
  const loss = losses.custom({ name: 'output', build: (_, yPred) => layers.multiply().apply([yPred, yPred]) });
  model.compile({ optimizer: 'sgd', loss, metrics: ['mse'] });
  const zeros = { data: new Float32Array(10), shape: [5, 2] };
  const { loss: own, mse } = model.evaluate(draw(5, 3), zeros);
  expect(own).toBeCloseTo(mse, 6);
});

test('the model’s layers keep their names and outputs', () => {
  const model = create(squared);
  expect(model.layers.map(({ title }) => title)).toEqual(create('mse').layers.map(({ title }) => title));
  expect(model.getWeights().length).toBe(create('mse').getWeights().length);
});

test('a mistake is told', () => {
  const model = () => sequential({ layers: [layers.dense({ units: 2, inputShape: [null, 3] })] });
  const compile = (own: Parameters<typeof losses.custom>[0]) => () =>
    model().compile({ optimizer: 'sgd', loss: losses.custom(own) });
  const where = 'sequential: compile: loss of "dense": mine: expected';
  const weighing = (_: SymbolicTensor, yPred: SymbolicTensor) => layers.dense({ units: 1 }).apply(yPred);
  expect(compile({ name: 'mine', build: weighing })).toThrow(`${where} layers without weights, got 'mine/dense_0'`);
  const pooled = (_: SymbolicTensor, yPred: SymbolicTensor) => layers.maxPooling1d({ poolSize: 2 }).apply(yPred);
  expect(compile({ name: 'mine', build: pooled })).toThrow(`${where} values for each step, or for each sample`);
  expect(compile({ name: 'mine', build: (() => 5) as never })).toThrow('mine: call: expected symbolic tensors, got 5');
  expect(compile({ name: '', build })).toThrow('custom: name: expected a non-empty string');
  expect(compile({ name: 'mine' } as never)).toThrow('custom: build: expected a function, got undefined');
});

test('are saved as the graphs that they are: the model trains on with the same bits', () => {
  const x = input({ shape: [null, 2], name: 'x' });
  const [one, two] = [layers.dense({ units: 2, name: 'one' }), layers.gru({ units: 3, name: 'two' })];
  const trained = functional({ inputs: x, outputs: [one.apply(x), two.apply(x)] });
  const far = losses.custom({
    name: 'far',
    build: (yTrue, yPred) => {
      const error = layers.subtract().apply([yPred, yTrue]);
      return layers.maximum().apply([error, layers.activation({ activation: 'tanh' }).apply(error)]);
    },
  });
  const inputs = draw(2, 4, 2);
  const targets = trained.predictAll(inputs);
  trained.compile({
    optimizer: 'adam',
    loss: { one: squared, two: far },
    metrics: {
      one: [far, 'mae'],
      two: metrics.custom({ name: 'own', build: (yTrue, yPred) => layers.multiply().apply([yTrue, yPred]) }),
    },
  });
  trained.trainOnBatch(inputs, targets);
  const again = loadModel(trained.toSafetensors({ optimizer: true }));
  for (let step = 0; step < 5; step++) {
    expect(again.trainOnBatch(inputs, targets)).toEqual(trained.trainOnBatch(inputs, targets));
  }
  expect(again.toSafetensors({ optimizer: true })).toEqual(trained.toSafetensors({ optimizer: true }));
});
