/** What an optimizer remembers, as plain data: what does not fit is refused by name, and changes nothing. */
import { expect, test } from 'vitest';
import { layers, optimizers, schedules, sequential, type Optimizer } from '../../src/index.js';
import { OptimizerState, type SavedOptimizer } from '../../src/training/optimizers/optimizer-state.js';
import { Parameters } from '../../src/training/parameters.js';

/** Over an Embedding, whose rows lie padded, and a Dense layer, after a step by gradients of 1. */
function create(optimizer: Optimizer): OptimizerState {
  const model = sequential({
    layers: [layers.embedding({ inputDim: 2, outputDim: 3, inputShape: [null] }), layers.dense({ units: 1 })],
  });
  const parameters = new Parameters(model.graph, model.workspace);
  const state = new OptimizerState('optimizer', optimizer, model.workspace, parameters);
  for (const { gradient, count } of parameters.list) {
    model.workspace.floats.fill(1, gradient / 4, gradient / 4 + count);
  }
  expect(state.step(parameters.norm('gradient'))).toBe('taken');
  return state;
}

const adam = optimizers.adam({ amsgrad: true, useEma: true });

test('tensors are named by weight and slot, and have the weights’ shapes; numbers are exact', () => {
  const { tensors, numbers } = create(adam).save();
  const slots = ['mean', 'meanSquare', 'greatestMeanSquare', 'average'];
  const weights = ['embedding/embeddings', 'dense/kernel', 'dense/bias'];
  const names = weights.flatMap((weight) => slots.map((slot) => `${weight}/${slot}`));
  expect(Object.keys(tensors).sort()).toEqual(names.sort());
  const { data, shape } = tensors['embedding/embeddings/mean'];
  expect(shape).toEqual([2, 3]);
  expect(data).toEqual(new Float32Array(6).fill(1 - 0.9));
  expect(numbers).toEqual({ power1: 0.9, power2: 0.999, learningRate: 0.001, batches: 1 });
  const scheduled = optimizers.sgd({ learningRate: schedules.warmUp({ learningRate: 1, steps: 5 }) });
  expect(create(scheduled).save()).toEqual({ numbers: { batches: 1 }, tensors: {} });
});

const good = create(adam).save();
const withNumber = (name: string, value: unknown): SavedOptimizer => {
  return { ...good, numbers: { ...good.numbers, [name]: value as number } };
};
const withTensor = (name: string, data: number[] | undefined): SavedOptimizer => {
  const tensor = data && { data: Float32Array.from(data), shape: [data.length] };
  const entries = Object.entries({ ...good.tensors, [name]: tensor }).filter(([, value]) => value !== undefined);
  return { ...good, tensors: Object.fromEntries(entries) as SavedOptimizer['tensors'] };
};

test.each<[string, SavedOptimizer]>([
  [
    'here: expected an optimizer with batches, learningRate, power1, power2, got batches, learningRate',
    create(optimizers.lion()).save(),
  ],
  [
    'here: expected an optimizer with batches, learningRate, power1, power2, got batches, learningRate, power1, power2, power3',
    withNumber('power3', 1),
  ],
  ['here: power1: expected a number in [0, 1], got NaN', withNumber('power1', NaN)],
  ['here: batches: expected a non-negative integer, got 0.5', withNumber('batches', 0.5)],
  ['here: learningRate: expected a positive number, got -1', withNumber('learningRate', -1)],
  ['here: expected "dense/bias/mean", got none', withTensor('dense/bias/mean', undefined)],
  ['here: dense/bias/mean: expected 1 values, got 2', withTensor('dense/bias/mean', [1, 2])],
  ['here: dense/bias/mean: expected finite values, got NaN', withTensor('dense/bias/mean', [NaN])],
  [
    'here: dense/bias/meanSquare: expected finite values, none negative, got -1',
    withTensor('dense/bias/meanSquare', [-1]),
  ],
  [
    'here: expected tensors of this optimizer and these weights, got "dense/bias/velocity"',
    withTensor('dense/bias/velocity', [1]),
  ],
])('%s', (message, saved) => {
  const state = create(adam);
  const before = state.save();
  expect(() => {
    state.restore('here', saved);
  }).toThrow(message);
  expect(state.save()).toEqual(before);
  state.restore('here', good);
  expect(state.save()).toEqual(good);
});
