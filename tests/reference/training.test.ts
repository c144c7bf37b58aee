/**
 * Losses, optimizers and clipping in closed form, where a few numbers tell the variants apart.
 */
import { describe, expect, test } from 'vitest';
import { clipByGlobalNorm, clipByNorm, clipByValue } from './clipping.js';
import { loss } from './losses.js';
import { adam, sgd, type Optimizer } from './optimizers.js';
import { tensor, type Tensor, type Tensors } from './tensor.js';

const vector = (...values: number[]): Tensor => tensor([values.length], values);
const numbers = (tensors: Tensors): number[][] => tensors.map(({ data }) => [...data]);

describe('a loss', () => {
  const prediction = tensor([2, 2, 1], [1, 2, 3, 4]);
  const target = tensor([2, 2, 1], [0, 0, 4, 4]);

  test('is the mean over all values', () => {
    expect(loss('meanSquaredError', prediction, target).value).toBe((1 + 4 + 1) / 4);
    expect([...loss('meanSquaredError', prediction, target).gradient.data]).toEqual([0.5, 1, -0.5, 0]);
    expect(loss('meanAbsoluteError', prediction, target).value).toBe((1 + 2 + 1) / 4);
    expect([...loss('meanAbsoluteError', prediction, target).gradient.data]).toEqual([0.25, 0.25, -0.25, 0]);
  });

  test('with a mask is the mean over the values of valid steps', () => {
    const mask = [
      [true, false],
      [true, false],
    ];
    expect(loss('meanSquaredError', prediction, target, mask)).toEqual({
      value: 1,
      gradient: tensor([2, 2, 1], [1, 0, -1, 0]),
    });
  });

  test('is 0 where no step is valid', () => {
    const none = [
      [false, false],
      [false, false],
    ];
    expect(loss('meanAbsoluteError', prediction, target, none)).toEqual({
      value: 0,
      gradient: tensor([2, 2, 1], [0, 0, 0, 0]),
    });
  });
});

describe('an optimizer', () => {
  /** One weight, 0 at first, after each step with these gradients. */
  const path = (optimizer: Optimizer, ...gradients: number[]): number[] => {
    let weights: Tensors = [vector(0)];
    return gradients.map((gradient) => {
      weights = optimizer.step(weights, [vector(gradient)]);
      return weights[0].data[0];
    });
  };

  test('SGD moves by the learning rate', () => {
    expect(path(sgd({ learningRate: 0.5 }), 1, 2)).toEqual([-0.5, -1.5]);
  });
  test('momentum adds a share of the last move', () => {
    expect(path(sgd({ learningRate: 0.5, momentum: 0.5 }), 1, 1, 0)).toEqual([-0.5, -1.25, -1.625]);
  });
  test('Nesterov looks one move ahead', () => {
    expect(path(sgd({ learningRate: 0.5, momentum: 0.5, nesterov: true }), 1, 1)).toEqual([-0.75, -1.625]);
  });

  // After one step m̂ = g and v̂ = g² in either form; a large ε tells them apart.
  test('Adam adds ε to the corrected root', () => {
    const [w] = path(adam({ learningRate: 0.1, epsilon: 0.5 }), 2);
    expect(w).toBeCloseTo((-0.1 * 2) / (2 + 0.5), 15);
  });
  test('Adam with epsilonHat adds ε to the uncorrected root', () => {
    const [w] = path(adam({ learningRate: 0.1, epsilon: 0.5, epsilonHat: true }), 2);
    const root = Math.sqrt(0.001);
    expect(w).toBeCloseTo(((-0.1 * root) / 0.1) * (0.2 / (2 * root + 0.5)), 15);
  });
  test('Adam takes steps of the learning rate while the gradient stays the same', () => {
    const [first, second, third] = path(adam({ learningRate: 0.1, epsilon: 0 }), -3, -3, -3);
    expect([first, second, third]).toEqual([0.1, 0.2, 0.3].map((w) => expect.closeTo(w, 14) as number));
  });
  test('keeps the weights it was given', () => {
    const weights = [vector(1)];
    sgd().step(weights, [vector(1)]);
    adam().step(weights, [vector(1)]);
    expect(numbers(weights)).toEqual([[1]]);
  });
});

describe('gradients are clipped', () => {
  const gradients = [vector(3, -4), vector(0, 12), vector(0.3, 0.4)];

  test('by value', () => {
    expect(numbers(clipByValue(gradients, 3.5))).toEqual([
      [3, -3.5],
      [0, 3.5],
      [0.3, 0.4],
    ]);
  });
  test('by norm, each tensor on its own', () => {
    expect(numbers(clipByNorm(gradients, 2.5))).toEqual([
      [1.5, -2],
      [0, 2.5],
      [0.3, 0.4],
    ]);
  });
  test('by global norm, all by one factor', () => {
    expect(numbers(clipByGlobalNorm(gradients.slice(0, 2), 6.5))).toEqual([
      [1.5, -2],
      [0, 6],
    ]);
    expect(clipByGlobalNorm(gradients, 20)).toEqual(gradients);
  });
});
