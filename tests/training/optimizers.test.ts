/** Every optimizer against the float64 reference over 50 steps, and in closed form where ε tells their variants apart. */
import { describe, expect, test } from 'vitest';
import { layers, optimizers, sequential, type Optimizer } from '../../src/index.js';
import { createRandom } from '../random.js';
import { relativeError } from '../reference/central-differences.js';
import { dense } from '../reference/dense.js';
import { loss } from '../reference/losses.js';
import {
  adadelta,
  adagrad,
  adam,
  adamax,
  decayed,
  gathered,
  lion,
  nadam,
  rmsprop,
  sgd,
  type Optimizer as Reference,
} from '../reference/optimizers.js';
import { sizeOf, tensor, toTensor, type Tensor, type Tensors } from '../reference/tensor.js';

const random = createRandom(41);
const draw = (...shape: number[]): Tensor => tensor(shape, random.normals(sizeOf(shape), 0.7));

const moments = { learningRate: 0.03, beta1: 0.8, beta2: 0.95, epsilon: 1e-3 };
const rmspropOptions = { learningRate: 0.01, rho: 0.7, epsilon: 0.01 };
const adagradOptions = { learningRate: 0.1, initialAccumulatorValue: 0.2, epsilon: 1e-3 };

const all: [Optimizer, Reference][] = [
  [optimizers.sgd(), sgd()],
  [optimizers.sgd({ momentum: 0.9 }), sgd({ momentum: 0.9 })],
  [optimizers.sgd({ momentum: 0.9, nesterov: true }), sgd({ momentum: 0.9, nesterov: true })],
  [optimizers.sgd({ weightDecay: 0.3 }), decayed(sgd(), 0.01 * 0.3)],
  [optimizers.adam(), adam()],
  [optimizers.adam(moments), adam(moments)],
  [optimizers.adam({ ...moments, epsilonHat: true }), adam({ ...moments, epsilonHat: true })],
  [optimizers.adam({ ...moments, amsgrad: true }), adam({ ...moments, amsgrad: true })],
  [optimizers.adamw(), decayed(adam(), 0.001 * 0.004)],
  [
    optimizers.adamw({ ...moments, weightDecay: 0.5, excludeFromWeightDecay: ['bias'] }),
    decayed(adam(moments), 0.03 * 0.5, (i) => i === 0),
  ],
  [optimizers.nadam(), nadam()],
  [optimizers.nadam({ ...moments, weightDecay: 0.5 }), decayed(nadam(moments), 0.03 * 0.5)],
  [optimizers.adamax(), adamax()],
  [
    optimizers.adamax({ ...moments, weightDecay: 0.5, excludeFromWeightDecay: ['other/bias', 'dense/kernel'] }),
    decayed(adamax(moments), 0.03 * 0.5, (i) => i === 1),
  ],
  [optimizers.rmsprop(), rmsprop()],
  [optimizers.rmsprop(rmspropOptions), rmsprop(rmspropOptions)],
  [optimizers.rmsprop({ momentum: 0.9 }), rmsprop({ momentum: 0.9 })],
  [
    optimizers.rmsprop({ ...rmspropOptions, centered: true, weightDecay: 0.5 }),
    decayed(rmsprop({ ...rmspropOptions, centered: true }), 0.01 * 0.5),
  ],
  [
    optimizers.rmsprop({ ...rmspropOptions, centered: true, momentum: 0.5, epsilonOutside: true }),
    rmsprop({ ...rmspropOptions, centered: true, momentum: 0.5, epsilonOutside: true }),
  ],
  [optimizers.adagrad(), adagrad()],
  [optimizers.adagrad({ ...adagradOptions, weightDecay: 0.1 }), decayed(adagrad(adagradOptions), 0.1 * 0.1)],
  [
    optimizers.adagrad({ ...adagradOptions, epsilonOutside: true }),
    adagrad({ ...adagradOptions, epsilonOutside: true }),
  ],
  [optimizers.adadelta({ learningRate: 1 }), adadelta({ learningRate: 1 })],
  [
    optimizers.adadelta({ learningRate: 0.5, rho: 0.8, epsilon: 1e-3, weightDecay: 0.01 }),
    decayed(adadelta({ learningRate: 0.5, rho: 0.8, epsilon: 1e-3 }), 0.5 * 0.01),
  ],
  [optimizers.lion({ beta1: 0.5, beta2: 0.8 }), lion({ beta1: 0.5, beta2: 0.8 })],
  [optimizers.lion({ weightDecay: 1 }), decayed(lion(), 0.001)],
  [optimizers.adam({ ...moments, gradientAccumulationSteps: 3 }), gathered(adam(moments), 3)],
  [
    optimizers.sgd({ momentum: 0.9, gradientAccumulationSteps: 4, weightDecay: 0.5 }),
    gathered(decayed(sgd({ momentum: 0.9 }), 0.01 * 0.5), 4),
  ],
];

test.each(all)('fifty steps of %j', (optimizer, reference) => {
  const model = sequential({
    layers: [layers.dense({ units: 5, activation: 'tanh', inputShape: [3], name: 'dense' })],
  });
  let weights: Tensors = [draw(3, 5), draw(5)];
  const start = weights;
  model.setWeights(weights);
  model.compile({ optimizer, loss: 'mse' });
  for (let step = 0; step < 50; step++) {
    const [x, target] = [draw(4, 3), draw(4, 5)];
    const pass = dense({ units: 5, activation: 'tanh' }, weights, [x]);
    const { value, gradient } = loss('meanSquaredError', pass.outputs[0], target);
    weights = reference.step(weights, pass.backward([gradient]).weights);
    expect(model.trainOnBatch(x, target).loss, `step ${step}`).toBeCloseTo(value, 4);
  }
  expect(relativeError(model.getWeights().map(toTensor), weights, 1e-2)).toBeLessThan(3e-5);
  expect(relativeError(weights, start)).toBeGreaterThan(1e-3);
});

test.each(Object.keys(optimizers) as (keyof typeof optimizers)[])('%s by name has the defaults', (name) => {
  const [byName, byObject] = [name, optimizers[name]()].map((optimizer) => {
    const model = sequential({ layers: [layers.dense({ units: 2, inputShape: [3] })] });
    model.compile({ optimizer, loss: 'mse' });
    for (let step = 0; step < 3; step++) model.trainOnBatch([[1, 2, 3]], [[0, 1]]);
    return model.getWeights().map(({ data }) => data);
  });
  expect(byName).toEqual(byObject);
});

describe('one step of one weight, 0 at first', () => {
  /** The output is w · x and greater than its target: the mean absolute error has the slope x. */
  function stepOf(optimizer: Optimizer, gradient: number): number {
    const model = sequential({ layers: [layers.dense({ units: 1, useBias: false, inputShape: [1] })] });
    model.setWeights([[[0]]]);
    model.compile({ optimizer, loss: 'mae' });
    model.trainOnBatch([[gradient]], [[-1]]);
    return model.getWeights()[0].data[0];
  }
  const close = (ours: number, exact: number) => expect(Math.abs(ours / exact - 1)).toBeLessThan(1e-6);

  // The accumulator starts from 0, and the square of the gradient is less than ε.
  test('Adagrad divides by √(a + ε)', () => {
    const options = { learningRate: 0.1, initialAccumulatorValue: 0 };
    close(stepOf(optimizers.adagrad(options), 1e-4), -1e-5 / Math.sqrt(1e-8 + 1e-7));
  });
  test('or by √a + ε', () => {
    const options = { learningRate: 0.1, initialAccumulatorValue: 0, epsilonOutside: true };
    close(stepOf(optimizers.adagrad(options), 1e-4), -1e-5 / (1e-4 + 1e-7));
  });
  test('Adagrad starts from its initial accumulator', () => {
    close(stepOf(optimizers.adagrad({ learningRate: 0.1, initialAccumulatorValue: 7 }), 3), -0.3 / 4);
    close(stepOf(optimizers.adagrad({ learningRate: 0.1 }), 3), -0.3 / Math.sqrt(9.1));
  });
  test('RMSprop divides by √(v + ε), or by √v + ε', () => {
    const options = { learningRate: 0.1, rho: 0.75, epsilon: 0.5 };
    close(stepOf(optimizers.rmsprop(options), 2), -0.2 / Math.sqrt(1 + 0.5));
    close(stepOf(optimizers.rmsprop({ ...options, epsilonOutside: true }), 2), -0.2 / (1 + 0.5));
    close(stepOf(optimizers.rmsprop({ ...options, centered: true }), 2), -0.2 / Math.sqrt(1 - 0.25 + 0.5));
  });
});
