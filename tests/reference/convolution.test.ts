/** Convolutions, poolings and their kin by numbers that one can follow by hand. */
import { describe, expect, test } from 'vitest';
import { averagePooling1d } from './average-pooling1d.js';
import { conv1dTranspose, type Conv1dTransposeConfig } from './conv1d-transpose.js';
import { conv1d, type Conv1dConfig } from './conv1d.js';
import { cropping1d } from './cropping1d.js';
import { depthwiseConv1d } from './depthwise-conv1d.js';
import { globalAveragePooling1d } from './global-average-pooling1d.js';
import { globalMaxPooling1d } from './global-max-pooling1d.js';
import { maxPooling1d } from './max-pooling1d.js';
import { separableConv1d } from './separable-conv1d.js';
import { tensor, zeros, type Tensor } from './tensor.js';
import { upSampling1d } from './up-sampling1d.js';
import { windows } from './windows.js';
import { zeroPadding1d } from './zero-padding1d.js';

/** One row of one feature. */
const sequence = (...values: number[]): Tensor => tensor([1, values.length, 1], values);
const values = ({ outputs: [y] }: { readonly outputs: readonly Tensor[] }): number[] => [...y.data];

/** Powers of ten as taps: the digits of an output are what its window saw, the oldest first. */
const digits = (...x: number[]) => ({
  conv: (config: Omit<Conv1dConfig, 'filters' | 'useBias'>): number[] => {
    const { kernelSize } = config;
    const powers = Array.from({ length: kernelSize }, (_, tap) => 10 ** (kernelSize - 1 - tap));
    return values(
      conv1d({ ...config, filters: 1, useBias: false }, [tensor([kernelSize, 1, 1], powers)], [sequence(...x)]),
    );
  },
});

describe('a convolution', () => {
  test('sees whole windows, padded ones, or the past', () => {
    const { conv } = digits(1, 2, 3, 4, 5);
    expect(conv({ kernelSize: 3 })).toEqual([123, 234, 345]);
    expect(conv({ kernelSize: 3, padding: 'same' })).toEqual([12, 123, 234, 345, 450]);
    expect(conv({ kernelSize: 2, padding: 'same' })).toEqual([12, 23, 34, 45, 50]);
    expect(conv({ kernelSize: 3, padding: 'causal' })).toEqual([1, 12, 123, 234, 345]);
  });

  test('with a stride keeps every second window; what `same` pads depends on the length', () => {
    expect(digits(1, 2, 3, 4, 5).conv({ kernelSize: 3, strides: 2 })).toEqual([123, 345]);
    expect(digits(1, 2, 3, 4, 5).conv({ kernelSize: 3, strides: 2, padding: 'same' })).toEqual([12, 234, 450]);
    expect(digits(1, 2, 3, 4).conv({ kernelSize: 3, strides: 2, padding: 'same' })).toEqual([123, 340]);
    expect(digits(1, 2, 3, 4).conv({ kernelSize: 3, strides: 2, padding: 'causal' })).toEqual([1, 123]);
  });

  test('with a dilation leaves steps out', () => {
    expect(digits(1, 2, 3, 4, 5).conv({ kernelSize: 2, dilationRate: 3 })).toEqual([14, 25]);
    expect(digits(1, 2, 3, 4, 5).conv({ kernelSize: 2, dilationRate: 3, padding: 'causal' })).toEqual([
      1, 2, 3, 14, 25,
    ]);
  });

  test('is empty where a window does not fit', () => {
    expect(digits(1, 2).conv({ kernelSize: 3 })).toEqual([]);
    expect(digits().conv({ kernelSize: 3, padding: 'same' })).toEqual([]);
    expect(windows(0, { size: 3, strides: 2, padding: 'causal' })).toEqual({ length: 0, taps: [] });
  });

  test('in groups sees the features of its own group', () => {
    const x = tensor([1, 1, 4], [1, 2, 3, 4]);
    const kernel = tensor([1, 2, 2], [10, 10, 1, 1]); // Each filter: ten times the first feature of the group and the second.
    expect(values(conv1d({ filters: 2, kernelSize: 1, groups: 2, useBias: false }, [kernel], [x]))).toEqual([12, 34]);
  });

  test('depthwise gives each feature its own filters, and separable mixes them', () => {
    const x = tensor([1, 2, 2], [1, 2, 3, 4]);
    const kernel = tensor([2, 2, 2], [10, 100, 10, 100, 1, 0, 1, 0]);
    const config = { kernelSize: 2, depthMultiplier: 2, useBias: false };
    expect(values(depthwiseConv1d(config, [kernel], [x]))).toEqual([13, 100, 24, 200]);
    const pointwise = tensor([1, 4, 1], [1, 1, 1, 1]);
    expect(values(separableConv1d({ ...config, filters: 1 }, [kernel, pointwise], [x]))).toEqual([337]);
  });
});

describe('a transposed convolution', () => {
  const transposed = (x: readonly number[], config: Omit<Conv1dTransposeConfig, 'filters' | 'useBias'>): number[] => {
    const taps = Array.from({ length: config.kernelSize }, (_, tap) => 10 ** tap);
    const kernel = tensor([config.kernelSize, 1, 1], taps);
    return values(conv1dTranspose({ ...config, filters: 1, useBias: false }, [kernel], [sequence(...x)]));
  };

  test('adds a window for each step', () => {
    expect(transposed([1, 2], { kernelSize: 3 })).toEqual([1, 12, 120, 200]);
    expect(transposed([1, 2], { kernelSize: 3, strides: 2 })).toEqual([1, 10, 102, 20, 200]);
    expect(transposed([1, 2], { kernelSize: 2, strides: 3 })).toEqual([1, 10, 0, 2, 20, 0]);
  });
  test('with same padding has `strides` steps for each step', () => {
    expect(transposed([1, 2], { kernelSize: 3, padding: 'same' })).toEqual([12, 120]);
    expect(transposed([1, 2], { kernelSize: 3, strides: 2, padding: 'same' })).toEqual([1, 10, 102, 20]);
    expect(transposed([1, 2], { kernelSize: 4, strides: 2, padding: 'same' })).toEqual([10, 102, 1020, 200]);
  });
  test('with output padding is as long as Keras says', () => {
    const length = (config: Omit<Conv1dTransposeConfig, 'filters' | 'useBias'>): number =>
      transposed([1, 2, 3, 4], config).length;
    // Keras 3, compute_conv_transpose_output_shape: 3 · 3 + 5 + 1 and 3 · 3 + 5 % 2 + 1.
    expect(length({ kernelSize: 5, strides: 3, outputPadding: 1 })).toBe(15);
    expect(length({ kernelSize: 5, strides: 3, outputPadding: 1, padding: 'same' })).toBe(11);
  });
});

describe('a pooling', () => {
  const x = sequence(1, -2, -4, -3, 5);
  test('takes the largest or the mean of each window', () => {
    expect(values(maxPooling1d({}, [], [x]))).toEqual([1, -3]);
    expect(values(averagePooling1d({}, [], [x]))).toEqual([-0.5, -3.5]);
  });
  test('lets padding count for nothing', () => {
    const same = { poolSize: 3, strides: 2, padding: 'same' } as const;
    expect(values(maxPooling1d(same, [], [x]))).toEqual([1, -2, 5]);
    expect(values(averagePooling1d(same, [], [x]))).toEqual([-0.5, -3, 1]);
  });
  test('that is causal ends at its step', () => {
    const causal = { poolSize: 2, strides: 1, padding: 'causal' } as const;
    expect(values(maxPooling1d(causal, [], [x]))).toEqual([1, 1, -2, -3, 5]);
    expect(values(averagePooling1d(causal, [], [x]))).toEqual([1, -0.5, -3, -3.5, 1]);
  });
  test('over all steps leaves masked ones out of the mean, and a row of them is 0', () => {
    const two = tensor([2, 3, 1], [1, 2, 9, 4, 5, 6]);
    expect(values(globalMaxPooling1d({}, [], [two]))).toEqual([9, 6]);
    expect(values(globalAveragePooling1d({}, [], [two]))).toEqual([4, 5]);
    const mask = [
      [true, true, false],
      [false, false, false],
    ];
    expect(globalAveragePooling1d({ keepdims: true }, [], [two], mask).outputs).toEqual([tensor([2, 1, 1], [1.5, 0])]);
    expect(values(globalAveragePooling1d({}, [], [zeros(2, 0, 1)]))).toEqual([0, 0]);
    expect(() => globalMaxPooling1d({}, [], [zeros(2, 0, 1)])).toThrow('of no steps');
  });
});

test('steps are padded, cropped and repeated', () => {
  const x = sequence(1, 2, 3, 4);
  expect(values(zeroPadding1d({}, [], [x]))).toEqual([0, 1, 2, 3, 4, 0]);
  expect(values(zeroPadding1d({ padding: [0, 2] }, [], [x]))).toEqual([1, 2, 3, 4, 0, 0]);
  expect(values(cropping1d({}, [], [x]))).toEqual([2, 3]);
  expect(values(cropping1d({ cropping: [2, 0] }, [], [x]))).toEqual([3, 4]);
  expect(values(cropping1d({ cropping: 3 }, [], [x]))).toEqual([]);
  expect(values(upSampling1d({}, [], [sequence(1, 2)]))).toEqual([1, 1, 2, 2]);
});
