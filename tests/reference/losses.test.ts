/** The gradients of losses and penalties against central differences of their values. */
import { describe, expect, test } from 'vitest';
import { activate } from './activations.js';
import { drawing } from './cases/case.js';
import { relativeError } from './central-differences.js';
import { binaryCrossentropy, categoricalCrossentropy, sparseCategoricalCrossentropy } from './cross-entropy.js';
import type { Loss, Weighting } from './loss-reduction.js';
import { loss } from './losses.js';
import { activityPenalty, weightPenalty } from './penalties.js';
import { map, tensor, type Tensor } from './tensor.js';

const limit = 1e-8;

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
    'mean squared error': [logits, (p) => loss('meanSquaredError', p, target)],
    'mean absolute error': [logits, (p) => loss('meanAbsoluteError', p, target)],
    'mean absolute error, masked': [logits, (p) => loss('meanAbsoluteError', p, target, weighting.mask)],
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
