/** RMSprop and Adagrad: steps against the float64 reference, and in closed form where ε tells their variants apart. */
import { describe, expect, test } from 'vitest';
import { layers, optimizers, sequential, type Optimizer } from '../../src/index.js';
import { createRandom } from '../random.js';
import { relativeError } from '../reference/central-differences.js';
import { dense } from '../reference/dense.js';
import { loss } from '../reference/losses.js';
import { adagrad, rmsprop, type Optimizer as Reference } from '../reference/optimizers.js';
import { sizeOf, tensor, toTensor, type Tensor, type Tensors } from '../reference/tensor.js';

const random = createRandom(41);
const draw = (...shape: number[]): Tensor => tensor(shape, random.normals(sizeOf(shape), 0.7));

const all: [Optimizer, Reference][] = [
  [optimizers.rmsprop(), rmsprop()],
  [
    optimizers.rmsprop({ learningRate: 0.05, rho: 0.7, epsilon: 1e-3 }),
    rmsprop({ learningRate: 0.05, rho: 0.7, epsilon: 1e-3 }),
  ],
  [optimizers.rmsprop({ momentum: 0.9 }), rmsprop({ momentum: 0.9 })],
  [optimizers.rmsprop({ centered: true, epsilon: 0.01 }), rmsprop({ centered: true, epsilon: 0.01 })],
  [
    optimizers.rmsprop({ centered: true, momentum: 0.5, epsilon: 0.01, epsilonOutside: true }),
    rmsprop({ centered: true, momentum: 0.5, epsilon: 0.01, epsilonOutside: true }),
  ],
  [optimizers.adagrad(), adagrad()],
  [
    optimizers.adagrad({ learningRate: 0.1, initialAccumulatorValue: 0, epsilon: 0.01 }),
    adagrad({ learningRate: 0.1, initialAccumulatorValue: 0, epsilon: 0.01 }),
  ],
  [
    optimizers.adagrad({ learningRate: 0.1, initialAccumulatorValue: 0.5, epsilonOutside: true }),
    adagrad({ learningRate: 0.1, initialAccumulatorValue: 0.5, epsilonOutside: true }),
  ],
];

test.each(all)('ten steps of %o', (optimizer, reference) => {
  const model = sequential({ layers: [layers.dense({ units: 5, activation: 'tanh', inputShape: [3] })] });
  let weights: Tensors = [draw(3, 5), draw(5)];
  model.setWeights(weights);
  model.compile({ optimizer, loss: 'mse' });
  for (let step = 0; step < 10; step++) {
    const [x, target] = [draw(4, 3), draw(4, 5)];
    const pass = dense({ units: 5, activation: 'tanh' }, weights, [x]);
    const { value, gradient } = loss('meanSquaredError', pass.outputs[0], target);
    weights = reference.step(weights, pass.backward([gradient]).weights);
    expect(model.trainOnBatch(x, target).loss).toBeCloseTo(value, 5);
  }
  expect(relativeError(model.getWeights().map(toTensor), weights, 1e-2)).toBeLessThan(1e-5);
});

test.each(['rmsprop', 'adagrad'] as const)('%s by name has the defaults', (name) => {
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
