/** Normalisations by numbers that one can follow by hand. */
import { describe, expect, test } from 'vitest';
import { batchNormalization } from './batch-normalization.js';
import { gaussianNoise } from './gaussian-noise.js';
import { groupNormalization } from './group-normalization.js';
import { layerNormalization } from './layer-normalization.js';
import { adapt, normalization } from './normalization.js';
import { spatialDropout1d } from './spatial-dropout1d.js';
import { tensor, type Tensor } from './tensor.js';

const close = (...values: number[]): number[] => values.map((value) => expect.closeTo(value, 12) as number);
const numbers = ({ outputs: [y] }: { readonly outputs: readonly Tensor[] }): number[] => [...y.data];
const plain = { scale: false, center: false, epsilon: 0 };

test('LayerNormalization gives each row mean 0 and variance 1, then a gain and an offset', () => {
  const x = tensor([2, 2], [1, 3, -10, 10]);
  expect(numbers(layerNormalization(plain, [], [x]))).toEqual([-1, 1, -1, 1]);
  const weights = [tensor([2], [2, 3]), tensor([2], [10, 20])];
  expect(numbers(layerNormalization({ epsilon: 0 }, weights, [x]))).toEqual([8, 23, 8, 23]);
  // Variance 1, epsilon 3.
  expect(numbers(layerNormalization({ ...plain, epsilon: 3 }, [], [tensor([1, 2], [1, 3])]))).toEqual([-0.5, 0.5]);
});

test('GroupNormalization gives each group of features mean 0 and variance 1 over all steps', () => {
  const x = tensor([1, 2, 4], [1, 3, 5, 5, 1, 3, 9, 9]);
  expect(numbers(groupNormalization({ ...plain, groups: 2 }, [], [x]))).toEqual([-1, 1, -1, -1, -1, 1, 1, 1]);
  expect(() => groupNormalization({ ...plain, groups: 3 }, [], [x])).toThrow('4 features in 3 groups');
});

describe('BatchNormalization', () => {
  const weights = [tensor([1], [2]), tensor([1], [1]), tensor([1], [10]), tensor([1], [4])];
  const x = tensor([2, 2, 1], [1, 3, 3, 1]);

  test('in training uses and follows the statistics of the batch', () => {
    const pass = batchNormalization({ epsilon: 0, momentum: 0.75 }, weights, [x], { training: true });
    expect(numbers(pass)).toEqual([-1, 3, 3, -1]);
    expect(pass.updatedWeights).toEqual([...weights.slice(0, 2), tensor([1], [8]), tensor([1], [3.25])]);
  });
  test('in inference uses the moving statistics and leaves them', () => {
    const pass = batchNormalization({ epsilon: 0 }, weights, [x]);
    expect(numbers(pass)).toEqual([-8, -6, -6, -8]);
    expect(pass.updatedWeights).toEqual(weights);
  });
  test('leaves masked steps out of the statistics, and normalises them as well', () => {
    const mask = [
      [true, true],
      [false, false],
    ];
    const far = tensor([2, 2, 1], [1, 3, 102, 2]);
    const pass = batchNormalization({ ...plain }, weights.slice(2), [far], { training: true, mask });
    numbers(pass).forEach((value, i) => expect(value).toBeCloseTo([-1, 1, 100, 0][i], 4));
    const [movingMean] = pass.updatedWeights;
    expect(movingMean.data[0]).toBeCloseTo(0.99 * 10 + 0.01 * 2, 8);
  });
  test('is 0 where everything is masked', () => {
    const none = [[false, false]];
    const pass = batchNormalization({ scale: false, center: false }, weights.slice(2), [tensor([1, 2, 1], [0, 0])], {
      training: true,
      mask: none,
    });
    expect(numbers(pass)).toEqual([0, 0]);
  });
});

test('Normalization takes the statistics of data, and its inverse undoes it', () => {
  // The examples of Keras's documentation.
  const statistics = adapt(tensor([4, 3], [0, 7, 4, 2, 9, 6, 0, 7, 4, 2, 9, 6]));
  expect(statistics).toEqual({ mean: [1, 8, 5], variance: [1, 1, 1] });
  expect(numbers(normalization(statistics, [], [tensor([1, 3], [0, 7, 4])]))).toEqual([-1, -1, -1]);
  const inverse = { ...statistics, invert: true };
  expect(numbers(normalization(inverse, [], [tensor([1, 3], [1, 2, 3])]))).toEqual([2, 10, 8]);
  expect(numbers(normalization({ mean: 3, variance: 2 }, [], [tensor([3, 1], [1, 2, 3])]))).toEqual(
    close(-Math.SQRT2, -Math.SQRT1_2, 0),
  );
  // A constant feature is divided by 1e-7, not by 0.
  expect(numbers(normalization({ mean: 3, variance: 0 }, [], [tensor([1, 1], [3])]))).toEqual([0]);
});

test('SpatialDropout1D drops features of whole sequences, GaussianNoise adds its share of noise', () => {
  const x = tensor([1, 2, 2], [1, 2, 3, 4]);
  expect(numbers(spatialDropout1d({ rate: 0.5 }, [], [x], tensor([1, 1, 2], [1, 0])))).toEqual([2, 0, 6, 0]);
  expect(numbers(gaussianNoise({ stddev: 0.5 }, [], [x], tensor([1, 2, 2], [2, 0, -2, 1])))).toEqual([2, 2, 2, 4.5]);
});
