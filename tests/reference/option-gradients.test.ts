/** The reference's backward against central differences of its forward, for the cases of option-cases.ts. */
import { describe, expect, test } from 'vitest';
import { activate } from './activations.js';
import { cotangentsOf, describeCase, drawing } from './cases/case.js';
import { centralDifferences, relativeError } from './central-differences.js';
import { binaryCrossentropy, categoricalCrossentropy, sparseCategoricalCrossentropy } from './cross-entropy.js';
import { optionCases, type OptionCase } from './option-cases.js';
import type { Loss, Weighting } from './loss-reduction.js';
import { loss } from './losses.js';
import { activityPenalty, weightPenalty } from './penalties.js';
import { map, tensor, type Tensor } from './tensor.js';

const limit = 1e-8;

function gradientError(of: OptionCase): number {
  const pass = of.forward(of.weights, of.inputs);
  const cotangents = cotangentsOf(of, pass);
  const expected = centralDifferences(of.forward, of.weights, of.inputs, cotangents);
  const gradients = pass.backward(cotangents);
  const trained = of.trained ?? of.weights.length;
  const ours = [...gradients.weights.slice(0, trained), ...gradients.inputs.slice(0, of.inputs.length)];
  return relativeError(ours, [...expected.weights.slice(0, trained), ...expected.inputs]);
}

const layersOfTable: readonly OptionCase['layer'][] = [
  ...(['conv1d', 'conv1dTranspose', 'depthwiseConv1d', 'separableConv1d'] as const),
  ...(['averagePooling1d', 'globalAveragePooling1d', 'globalMaxPooling1d', 'maxPooling1d'] as const),
  ...(['cropping1d', 'repeatVector', 'upSampling1d', 'zeroPadding1d'] as const),
  ...(['bidirectional', 'embedding', 'gru', 'lstm', 'simpleRNN', 'timeDistributed'] as const),
  ...(['batchNormalization', 'groupNormalization', 'layerNormalization', 'normalization'] as const),
  ...(['gaussianNoise', 'spatialDropout1d'] as const),
  ...(['add', 'average', 'concatenate', 'dot', 'maximum', 'minimum', 'multiply', 'subtract'] as const),
  ...(['flatten', 'permute', 'reshape'] as const),
  ...(['activation', 'dense', 'elu', 'leakyReLU', 'prelu', 'softmax'] as const),
];

describe("the reference's gradients are the central differences of its outputs", () => {
  test.each(optionCases().map((of) => [of.layer, describeCase(of), of] as const))('%s: %s', (_layer, _options, of) => {
    expect(gradientError(of)).toBeLessThan(limit);
  });

  test('every layer is in the table, each case once', () => {
    expect([...new Set(optionCases().map(({ layer }) => layer))].sort()).toEqual([...layersOfTable].sort());
    const names = optionCases().map((of) => `${of.layer}: ${describeCase(of)}`);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe("the losses' and penalties' gradients are the central differences of their values", () => {
  const draw = drawing(1);
  // Small ones: the slope of log p changes fast where p is small.
  const logits = draw([2, 3, 4], 0.5);
  const classes = activate('softmax', logits).output;
  const answers = activate('sigmoid', logits).output;
  const target = activate('softmax', draw([2, 3, 4])).output;
  const ids = tensor([2, 3], [0, 3, 1, 2, 2, 0]);
  const weighting: Weighting = {
    mask: [
      [true, false, true],
      [false, false, true],
    ],
    sampleWeight: tensor([2, 3], [1, 2, 0.5, 3, 1, 2]),
  };

  const losses: Readonly<Record<string, [at: Tensor, loss: (prediction: Tensor) => Loss]>> = {
    'mean squared error, masked and weighted': [
      logits,
      (p) => loss('meanSquaredError', p, target, weighting.mask, weighting.sampleWeight),
    ],
    categorical: [classes, (p) => categoricalCrossentropy({}, p, target)],
    'categorical, not normalised': [answers, (p) => categoricalCrossentropy({}, p, target)],
    'categorical, smoothed, masked and weighted': [
      classes,
      (p) => categoricalCrossentropy({ labelSmoothing: 0.2 }, p, target, weighting),
    ],
    'categorical from logits': [logits, (p) => categoricalCrossentropy({ fromLogits: true }, p, target)],
    'categorical from logits, smoothed, masked and weighted': [
      logits,
      (p) => categoricalCrossentropy({ fromLogits: true, labelSmoothing: 0.2 }, p, target, weighting),
    ],
    sparse: [classes, (p) => sparseCategoricalCrossentropy({}, p, ids)],
    'sparse from logits, without class 2, masked and weighted': [
      logits,
      (p) => sparseCategoricalCrossentropy({ fromLogits: true, ignoreClass: 2 }, p, ids, weighting),
    ],
    binary: [answers, (p) => binaryCrossentropy({}, p, target)],
    'binary, smoothed, masked and weighted': [
      answers,
      (p) => binaryCrossentropy({ labelSmoothing: 0.2 }, p, target, weighting),
    ],
    'binary from logits': [logits, (p) => binaryCrossentropy({ fromLogits: true }, p, target)],
    'binary from logits, smoothed, masked and weighted': [
      logits,
      (p) => binaryCrossentropy({ fromLogits: true, labelSmoothing: 0.2 }, p, target, weighting),
    ],
    'L1 and L2 of a weight': [logits, (w) => weightPenalty({ l1: 0.3, l2: 0.2 }, w)],
    'L1 and L2 of an output': [logits, (y) => activityPenalty({ l1: 0.3, l2: 0.2 }, y)],
  };

  test.each(Object.entries(losses))('%s', (_, [at, lossOf]) => {
    const slopes = map(at, (value, place) => {
      const moved = (by: number): Tensor => map(at, (old, i) => (i === place ? value + by : old));
      return (lossOf(moved(1e-5)).value - lossOf(moved(-1e-5)).value) / 2e-5;
    });
    expect(relativeError([lossOf(at).gradient], [slopes])).toBeLessThan(limit);
  });
});
