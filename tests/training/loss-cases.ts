/** Every loss that has an error for each row, with options, its reference, and data within its domain. */
import { losses, type Loss as LossObject } from '../../src/index.js';
import type { Random } from '../random.js';
import {
  binaryCrossentropy,
  categoricalCrossentropy,
  sparseCategoricalCrossentropy,
} from '../reference/cross-entropy.js';
import {
  binaryFocal,
  elementLoss,
  elementLosses,
  huber,
  quantile,
  type ElementLoss,
} from '../reference/element-losses.js';
import type { Loss, Weighting } from '../reference/loss-reduction.js';
import { categoricalFocal, categoricalHinge, cosineSimilarity, gaussian } from '../reference/row-losses.js';
import { sizeOf, tensor, type Tensor } from '../reference/tensor.js';

type Draw = (random: Random, shape: readonly number[]) => Tensor;

export interface LossCase {
  readonly loss: LossObject;
  readonly reference: (prediction: Tensor, target: Tensor, weighting: Weighting) => Loss;
  readonly prediction: Draw;
  /** For a prediction of that shape. */
  readonly target: Draw;
  /** What a target may be that does not count. */
  readonly nothing?: number;
  /** 0.1 by default. */
  readonly learningRate?: number;
}

const between =
  (low: number, high: number): Draw =>
  (random, shape) =>
    tensor(shape, random.uniforms(sizeOf(shape), low, high));

const integers =
  (low: number, high: number): Draw =>
  (random, shape) =>
    tensor(
      shape,
      Array.from({ length: sizeOf(shape) }, () => random.integer(low, high)),
    );

const anything = between(-1.5, 1.5);
const probabilities = between(0.1, 0.9);
const bits = integers(0, 1);
const signs: Draw = (random, shape) =>
  tensor(
    shape,
    bits(random, shape).data.map((bit) => 2 * bit - 1),
  );

const oneHot: Draw = (random, shape) => {
  const classes = shape[shape.length - 1];
  const rows = Array.from({ length: sizeOf(shape) / classes }, () => random.integer(0, classes - 1));
  return tensor(
    shape,
    rows.flatMap((chosen) => Array.from({ length: classes }, (_, i) => Number(i === chosen))),
  );
};

const classNumbers: Draw = (random, shape) => integers(0, shape[shape.length - 1] - 1)(random, shape.slice(0, -1));

const halves =
  (draw: Draw): Draw =>
  (random, shape) =>
    draw(random, [...shape.slice(0, -1), shape[shape.length - 1] / 2]);

function ofElements(loss: LossObject, error: ElementLoss, prediction: Draw, target: Draw, isSum = false): LossCase {
  return { loss, reference: (x, y, weighting) => elementLoss(error, x, y, weighting, isSum), prediction, target };
}

const { meanAbsolutePercentageError, meanSquaredLogarithmicError } = elementLosses;

export const lossCases: readonly LossCase[] = [
  ofElements(losses.meanSquaredError(), elementLosses.meanSquaredError, anything, anything),
  ofElements(losses.meanAbsoluteError(), elementLosses.meanAbsoluteError, anything, anything),
  ofElements(losses.meanAbsolutePercentageError(), meanAbsolutePercentageError, anything, between(1, 2)),
  ofElements(losses.meanSquaredLogarithmicError(), meanSquaredLogarithmicError, between(0.1, 3), between(0, 3)),
  ofElements(losses.huber(), huber(1), anything, anything),
  ofElements(losses.huber({ delta: 0.3 }), huber(0.3), anything, anything),
  ofElements(losses.logCosh(), elementLosses.logCosh, anything, anything),
  ofElements(losses.quantile(), quantile(0.5), anything, anything),
  ofElements(losses.quantile({ quantile: 0.9 }), quantile(0.9), anything, anything),
  ofElements(losses.poisson(), elementLosses.poisson, between(0.5, 3), integers(0, 4)),
  ofElements(losses.klDivergence(), elementLosses.klDivergence, probabilities, between(0, 1), true),
  ofElements(losses.hinge(), elementLosses.hinge, anything, signs),
  ofElements(losses.squaredHinge(), elementLosses.squaredHinge, anything, bits),
  ...[{}, { labelSmoothing: 0.2 }, { fromLogits: true }].map((options) => ({
    loss: losses.binaryCrossentropy(options),
    reference: (x: Tensor, y: Tensor, weighting: Weighting) => binaryCrossentropy(options, x, y, weighting),
    prediction: 'fromLogits' in options ? anything : probabilities,
    target: bits,
  })),
  ...[
    {},
    { gamma: 0 },
    { gamma: 1.5, applyClassBalancing: true, alpha: 0.7 },
    { fromLogits: true, labelSmoothing: 0.1 },
  ].map((options) =>
    ofElements(
      losses.binaryFocalCrossentropy(options),
      binaryFocal(options),
      'fromLogits' in options ? anything : probabilities,
      bits,
    ),
  ),
  ...[{}, { labelSmoothing: 0.2 }, { fromLogits: true }].map((options) => ({
    loss: losses.categoricalCrossentropy(options),
    reference: (x: Tensor, y: Tensor, weighting: Weighting) => categoricalCrossentropy(options, x, y, weighting),
    prediction: 'fromLogits' in options ? anything : probabilities,
    target: oneHot,
  })),
  ...[{}, { fromLogits: true }, { ignoreClass: 1 }].map((options) => ({
    loss: losses.sparseCategoricalCrossentropy(options),
    reference: (x: Tensor, y: Tensor, weighting: Weighting) => sparseCategoricalCrossentropy(options, x, y, weighting),
    prediction: 'fromLogits' in options ? anything : probabilities,
    target: classNumbers,
    nothing: -1,
  })),
  ...[{}, { gamma: 0, alpha: 1 }, { gamma: 3, labelSmoothing: 0.1 }, { fromLogits: true }].map((options) => ({
    loss: losses.categoricalFocalCrossentropy(options),
    reference: (x: Tensor, y: Tensor, weighting: Weighting) => categoricalFocal(options, x, y, weighting),
    prediction: 'fromLogits' in options ? anything : probabilities,
    target: oneHot,
  })),
  { loss: losses.cosineSimilarity(), reference: cosineSimilarity, prediction: anything, target: anything },
  { loss: losses.categoricalHinge(), reference: categoricalHinge, prediction: anything, target: oneHot },
  ...[{}, { full: true }, { logVariance: false }].map((options) => ({
    loss: losses.gaussianNegativeLogLikelihood(options),
    reference: (x: Tensor, y: Tensor, weighting: Weighting) => gaussian(options, x, y, weighting),
    prediction: 'logVariance' in options ? between(0.5, 2) : anything,
    target: halves(anything),
    // A variance that comes near 0 throws the mean far off: float32 and float64 then part.
    ...('logVariance' in options && { learningRate: 0.01 }),
  })),
];
