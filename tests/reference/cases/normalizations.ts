/** Normalisations, and what regularises by chance. */
import { batchNormalization, type BatchNormalizationConfig } from '../batch-normalization.js';
import { dropout, type DropoutConfig } from '../dropout.js';
import { gaussianNoise, type GaussianNoiseConfig } from '../gaussian-noise.js';
import { groupNormalization, type GroupNormalizationConfig } from '../group-normalization.js';
import { layerNormalization, type LayerNormalizationConfig } from '../layer-normalization.js';
import { normalization, type NormalizationConfig } from '../normalization.js';
import { spatialDropout1d } from '../spatial-dropout1d.js';
import { scaleAndShiftShapes, type ScaleAndShiftConfig } from '../standardization.js';
import { map, type Mask, type Tensor } from '../tensor.js';
import { caseOf, drawing, drawKept, steps, type Case, type Draft } from './case.js';

export type NormalizationCase =
  | Case<'layerNormalization', LayerNormalizationConfig>
  | Case<'groupNormalization', GroupNormalizationConfig>
  | (Case<'batchNormalization', BatchNormalizationConfig> & {
      readonly training: boolean;
      readonly mask?: Mask | undefined;
    })
  | Case<'normalization', NormalizationConfig>
  | (Case<'dropout', DropoutConfig> & {
      /** 1 where an element is kept, 0 where it is dropped. */
      readonly keep: Tensor;
    })
  | (Case<'spatialDropout1d', DropoutConfig> & {
      /** [batch, 1, features]: 1 where a feature is kept, 0 where it is dropped. */
      readonly keep: Tensor;
    })
  | (Case<'gaussianNoise', GaussianNoiseConfig> & {
      /** Standard normal, of the shape of x. */
      readonly noise: Tensor;
    });

type NormalizationDraft = Draft<NormalizationCase>;

const learnedOptions: readonly ScaleAndShiftConfig[] = [
  {},
  { scale: false },
  { center: false },
  { scale: false, center: false },
];

function layerNorm(config: LayerNormalizationConfig, shape: readonly number[]): NormalizationDraft {
  const shapes = scaleAndShiftShapes(shape[shape.length - 1], config);
  return caseOf('layerNormalization', layerNormalization, config, shape, shapes);
}

function groupNorm(config: GroupNormalizationConfig, shape: readonly number[]): NormalizationDraft {
  const shapes = scaleAndShiftShapes(shape[shape.length - 1], config);
  return caseOf('groupNormalization', groupNormalization, config, shape, shapes);
}

function batchNorm(
  config: BatchNormalizationConfig,
  shape: readonly number[],
  training: boolean,
  mask?: Mask,
): NormalizationDraft {
  return (seed) => {
    const draw = drawing(seed);
    const features = shape[shape.length - 1];
    const learned = scaleAndShiftShapes(features, config).map((of) => draw(of));
    const movingVariance = map(draw([features]), (value) => 0.5 + Math.abs(value));
    return {
      layer: 'batchNormalization',
      config,
      weights: [...learned, draw([features]), movingVariance],
      trained: learned.length,
      inputs: [draw(shape)],
      training,
      mask,
      note: [training ? 'training' : 'inference', ...(mask ? ['mask'] : [])].join(', '),
      seed,
      forward: (weights, [x]) => batchNormalization(config, weights, [x], { training, mask }),
    };
  };
}

const mask: Mask = [steps('11100'), steps('01101'), steps('00000')];

function dropping(rate: number): NormalizationDraft {
  return (seed) => {
    const keep = drawKept(seed, [3, 4, 2], 1 - rate);
    return {
      layer: 'dropout',
      config: { rate },
      weights: [],
      inputs: [drawing(seed + 1)([3, 4, 2])],
      keep,
      seed,
      forward: (_, [x]) => dropout({ rate }, [], [x], keep),
    };
  };
}

function spatial(rate: number): NormalizationDraft {
  return (seed) => {
    const keep = drawKept(seed, [3, 1, 4], 1 - rate);
    return {
      layer: 'spatialDropout1d',
      config: { rate },
      weights: [],
      inputs: [drawing(seed)([3, 5, 4])],
      keep,
      seed,
      forward: (_, [x]) => spatialDropout1d({ rate }, [], [x], keep),
    };
  };
}

const noisy: NormalizationDraft = (seed) => {
  const noise = drawing(seed + 1)([2, 4, 3]);
  return {
    layer: 'gaussianNoise',
    config: { stddev: 0.3 },
    weights: [],
    inputs: [drawing(seed)([2, 4, 3])],
    noise,
    seed,
    forward: (_, [x]) => gaussianNoise({ stddev: 0.3 }, [], [x], noise),
  };
};

export const normalizationCases: readonly NormalizationDraft[] = [
  ...learnedOptions.map((config) => layerNorm(config, [2, 4, 5])),
  layerNorm({ epsilon: 0.1 }, [3, 6]),
  layerNorm({}, [2, 3, 4, 5]),
  layerNorm({}, [3, 4, 1]),
  layerNorm({}, [3, 0, 4]),

  ...learnedOptions.map((config) => groupNorm({ groups: 2, ...config }, [2, 4, 6])),
  ...[1, 3, 6, -1].map((groups) => groupNorm({ groups }, [2, 4, 6])),
  groupNorm({ epsilon: 0.1 }, [2, 2, 32]),
  groupNorm({ groups: 2 }, [3, 4]),

  ...[true, false].flatMap((training) => [
    ...learnedOptions.map((config) => batchNorm(config, [3, 5, 4], training)),
    batchNorm({}, [6, 4], training),
    batchNorm({ epsilon: 0.1, momentum: 0.9 }, [3, 5, 4], training),
    batchNorm({}, [3, 5, 4], training, mask),
  ]),
  batchNorm({}, [2, 5, 2], true, [steps('00000'), steps('00000')]),

  ...[
    { mean: 2, variance: 3 },
    { mean: 2, variance: 3, invert: true },
    { mean: [1, -2, 0.5], variance: [2, 0.25, 4] },
    { mean: [1, -2, 0.5], variance: [2, 0.25, 0], invert: true },
  ].map((config) => caseOf('normalization', normalization, config, [2, 4, 3])),

  ...[0, 0.25, 0.5].flatMap((rate) => [dropping(rate), spatial(rate)]),
  noisy,
];
