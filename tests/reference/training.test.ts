/**
 * Losses, optimizers and clipping in closed form, where a few numbers tell the variants apart.
 */
import { describe, expect, test } from 'vitest';
import { clipByGlobalNorm, clipByNorm, clipByValue } from './clipping.js';
import { maxNorm, nonNeg, unitNorm } from './constraints.js';
import { binaryCrossentropy, categoricalCrossentropy, sparseCategoricalCrossentropy } from './cross-entropy.js';
import { loss } from './losses.js';
import { adagrad, adam, rmsprop, sgd, type Optimizer } from './optimizers.js';
import { activityPenalty, weightPenalty } from './penalties.js';
import { tensor, type Tensor, type Tensors } from './tensor.js';

const vector = (...values: number[]): Tensor => tensor([values.length], values);
const vector2 = (...values: number[]): Tensor => tensor([1, values.length], values);
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

  test('with weights is the weighted sum over as many steps as there are', () => {
    const bySample = loss('meanSquaredError', prediction, target, undefined, vector(2, 0));
    expect(bySample.value).toBe((2 * (1 + 4)) / 4);
    expect([...bySample.gradient.data]).toEqual([1, 2, -0, 0]);
    const mask = [
      [true, false],
      [true, true],
    ];
    const byStep = loss('meanSquaredError', prediction, target, mask, tensor([2, 2], [3, 1, 6, 1]));
    expect(byStep.value).toBeCloseTo((3 * 1 + 6 * 1) / 3, 14);
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

describe('a cross-entropy', () => {
  const shares = tensor([2, 2], [1, 3, 2, 2]); // Probabilities 1/4, 3/4 and 1/2, 1/2.
  const oneHot = tensor([2, 2], [0, 1, 1, 0]);
  const expected = (Math.log(4 / 3) + Math.log(2)) / 2;

  test('of classes is the mean of −log of the probability of the right one', () => {
    expect(categoricalCrossentropy({}, shares, oneHot).value).toBeCloseTo(expected, 14);
    expect(sparseCategoricalCrossentropy({}, shares, vector(1, 0)).value).toBeCloseTo(expected, 14);
    const logits = tensor([2, 2], [0, Math.log(3), 5, 5]);
    expect(categoricalCrossentropy({ fromLogits: true }, logits, oneHot).value).toBeCloseTo(expected, 14);
    expect(sparseCategoricalCrossentropy({ fromLogits: true }, logits, tensor([2, 1], [1, 0])).value).toBeCloseTo(
      expected,
      14,
    );
  });

  test('from logits has the gradient p − y', () => {
    const { gradient } = categoricalCrossentropy({ fromLogits: true }, tensor([1, 2], [0, Math.log(3)]), vector2(0, 1));
    expect([...gradient.data]).toEqual([expect.closeTo(0.25, 14), expect.closeTo(-0.25, 14)]);
  });

  test('smooths labels', () => {
    const smooth = categoricalCrossentropy({ labelSmoothing: 0.4 }, tensor([1, 2], [1, 3]), vector2(0, 1));
    expect(smooth.value).toBeCloseTo(0.2 * Math.log(4) + 0.8 * Math.log(4 / 3), 14);
    const binary = binaryCrossentropy({ labelSmoothing: 0.4 }, tensor([1, 1], [0.25]), tensor([1, 1], [1]));
    expect(binary.value).toBeCloseTo(0.8 * Math.log(4) + 0.2 * Math.log(4 / 3), 14);
  });

  test('leaves a class out if asked', () => {
    const ignoring = sparseCategoricalCrossentropy({ ignoreClass: -1 }, shares, vector(1, -1));
    expect(ignoring.value).toBeCloseTo(Math.log(4 / 3), 14);
    expect([...ignoring.gradient.data.slice(2)]).toEqual([0, 0]);
    expect(sparseCategoricalCrossentropy({ ignoreClass: 1 }, shares, vector(1, 1)).value).toBe(0);
  });

  test('of yes and no is the mean over all values', () => {
    const prediction = tensor([2, 2], [0.25, 0.75, 0.5, 0.75]);
    const target = tensor([2, 2], [0, 1, 1, 0]);
    const mean = (2 * Math.log(4 / 3) + Math.log(2) + Math.log(4)) / 4;
    expect(binaryCrossentropy({}, prediction, target).value).toBeCloseTo(mean, 14);
    const logits = tensor([2, 2], [-Math.log(3), Math.log(3), 0, Math.log(3)]);
    expect(binaryCrossentropy({ fromLogits: true }, logits, target).value).toBeCloseTo(mean, 14);
  });

  test('is finite where the prediction is sure and wrong', () => {
    expect(categoricalCrossentropy({}, vector2(1, 0), vector2(0, 1)).value).toBeCloseTo(-Math.log(1e-7), 12);
    expect(binaryCrossentropy({}, tensor([1, 1], [1]), tensor([1, 1], [0])).value).toBeCloseTo(-Math.log(1e-7), 7);
    expect(binaryCrossentropy({}, tensor([1, 1], [1]), tensor([1, 1], [0])).gradient.data[0]).toBe(0);
    expect(binaryCrossentropy({ fromLogits: true }, tensor([1, 1], [1e4]), tensor([1, 1], [0])).value).toBe(1e4);
    expect(categoricalCrossentropy({ fromLogits: true }, vector2(1e4, -1e4), vector2(0, 1)).value).toBe(2e4);
  });

  test('is masked and weighted like other losses', () => {
    const prediction = tensor([1, 2, 2], [1, 3, 2, 2]);
    const target = tensor([1, 2, 2], [0, 1, 1, 0]);
    const masked = categoricalCrossentropy({}, prediction, target, { mask: [[false, true]] });
    expect(masked.value).toBeCloseTo(Math.log(2), 14);
    expect([...masked.gradient.data.slice(0, 2)]).toEqual([0, 0]);
    const weighted = categoricalCrossentropy({}, prediction, target, { sampleWeight: vector(3) });
    expect(weighted.value).toBeCloseTo(3 * expected, 14);
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
  test('RMSprop divides by the root of the moving mean of squares, ε inside or outside', () => {
    const config = { learningRate: 0.1, rho: 0.75, epsilon: 0.5 };
    const [first, second] = path(rmsprop(config), 2, 1);
    expect(first).toBeCloseTo(-0.2 / Math.sqrt(1 + 0.5), 15);
    expect(second - first).toBeCloseTo(-0.1 / Math.sqrt(0.75 * 1 + 0.25 + 0.5), 15);
    expect(path(rmsprop({ ...config, epsilonOutside: true }), 2)[0]).toBeCloseTo(-0.2 / (1 + 0.5), 15);
  });
  test('RMSprop centred subtracts the squared mean of gradients', () => {
    const config = { learningRate: 0.1, rho: 0.75, epsilon: 0.5, centered: true };
    expect(path(rmsprop(config), 2)[0]).toBeCloseTo(-0.2 / Math.sqrt(1 - 0.25 + 0.5), 15);
  });
  test('RMSprop with momentum goes on', () => {
    const [first, second] = path(rmsprop({ learningRate: 0.1, momentum: 0.5, epsilon: 0 }), 2, 0);
    expect(second).toBeCloseTo(1.5 * first, 15);
  });
  // The accumulator 0 and a gradient whose square is less than ε tell the two forms apart.
  test('Adagrad divides by the root of the sum of squares, ε inside or outside', () => {
    const config = { learningRate: 0.1, initialAccumulatorValue: 0 };
    expect(path(adagrad(config), 1e-4)[0]).toBeCloseTo(-1e-5 / Math.sqrt(1e-8 + 1e-7), 15);
    expect(path(adagrad({ ...config, epsilonOutside: true }), 1e-4)[0]).toBeCloseTo(-1e-5 / (1e-4 + 1e-7), 15);
    const [first, second] = path(adagrad({ learningRate: 0.1, epsilon: 0, initialAccumulatorValue: 7 }), 3, 3);
    expect(first).toBeCloseTo(-0.3 / 4, 15);
    expect(second - first).toBeCloseTo(-0.3 / 5, 15);
  });
  test('keeps the weights it was given', () => {
    const weights = [vector(1)];
    sgd().step(weights, [vector(1)]);
    adam().step(weights, [vector(1)]);
    rmsprop().step(weights, [vector(1)]);
    adagrad().step(weights, [vector(1)]);
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

test('penalties grow with the size of weights, or of outputs by sample', () => {
  const weight = tensor([2, 2], [1, -2, 0, 3]);
  const both = weightPenalty({ l1: 0.5, l2: 0.1 }, weight);
  expect(both.value).toBeCloseTo(0.5 * 6 + 0.1 * 14, 14);
  expect([...both.gradient.data]).toEqual(
    [0.5 + 0.2, -0.5 - 0.4, 0, 0.5 + 0.6].map((g) => expect.closeTo(g, 14) as number),
  );
  expect(weightPenalty({}, weight).value).toBe(0);
  expect(activityPenalty({ l1: 0.5, l2: 0.1 }, weight).value).toBeCloseTo(both.value / 2, 14);
});

test('constraints bring weights back', () => {
  const weight = tensor([2, 2], [3, 0.6, -4, 0.8]);
  const close = (...values: number[]): number[] => values.map((value) => expect.closeTo(value, 6) as number);
  expect([...maxNorm({}, weight).data]).toEqual(close(1.2, 0.6, -1.6, 0.8));
  expect([...maxNorm({ maxValue: 10 }, weight).data]).toEqual(close(3, 0.6, -4, 0.8));
  expect([...unitNorm({}, weight).data]).toEqual(close(0.6, 0.6, -0.8, 0.8));
  const norm = Math.sqrt(9 + 0.36 + 16 + 0.64);
  expect([...unitNorm({ axis: [0, 1] }, weight).data]).toEqual(close(3 / norm, 0.6 / norm, -4 / norm, 0.8 / norm));
  expect([...unitNorm({ axis: -1 }, tensor([2, 2], [3, 4, 0, 0])).data]).toEqual(close(0.6, 0.8, 0, 0));
  expect([...nonNeg(weight).data]).toEqual([3, 0.6, 0, 0.8]);
});
