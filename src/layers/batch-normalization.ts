import type { Layer, LayerDefinition, LayerOptions, SymbolicTensor } from '../graph/layer.js';
import type { InitializerOption } from '../initializers/initializer.js';
import { forTraining, optional, share } from '../options/options.js';
import { makeLayer } from './make-layer.js';
import {
  alongFeatures,
  normalizingReaders,
  normalizingWeights,
  scaleOf,
  type NormalizingConfig,
  type NormalizingOptions,
} from './normalizing.js';

export interface BatchNormalizationOptions extends LayerOptions, NormalizingOptions {
  /** How much of the moving averages stays with each batch, from 0 to 1. Default 0.99. */
  momentum?: number;
  /** Default 'zeros'. */
  movingMeanInitializer?: InitializerOption;
  /** Default 'ones'. */
  movingVarianceInitializer?: InitializerOption;
}

export interface BatchNormalizationConfig extends NormalizingConfig {
  readonly momentum: number;
}

const definition: LayerDefinition<BatchNormalizationConfig> = {
  className: 'BatchNormalization',
  rowByRow: true,
  outputs: alongFeatures,
  weights: (options, features) => [
    ...normalizingWeights(options, features),
    ...['movingMean', 'movingVariance'].map((name) => ({ name, shape: [features], trainable: false }) as const),
  ],
  derived: ({ epsilon }, features) => [scaleOf('movingVariance', features, epsilon, 0)],
  // In training with the moments of the batch: layers/backward/batch-normalization.ts.
  forward: (context) => {
    const [mean, scale, beta] = [context.vector('movingMean'), context.vector('factors'), context.vector('beta')];
    const [x, y, features] = [context.input(), context.result(), context.features()];
    context.emit('scaleShift', x, mean, scale, beta, y, context.rows, features);
  },
};

/**
 * Each feature gets mean 0 and variance 1, then a gain and an offset (Ioffe & Szegedy 2015): γ (x − μ) / √(σ² + ε) + β. In training
 * with mean and variance of the batch, over all steps that a mask leaves; at inference, and where the layer is not trainable,
 * with moving averages of these: moving ← momentum · moving + (1 − momentum) · batch, once a batch of training is done. Any
 * shape → the same. As `keras.layers.BatchNormalization`. Weights: gamma, beta, and those that are no optimizer's, movingMean
 * and movingVariance, each [features].
 * @throws TypeError for an option that is unknown or out of range.
 */
export function batchNormalization(
  options: BatchNormalizationOptions = {},
): Layer<BatchNormalizationConfig, SymbolicTensor> {
  return makeLayer(definition, readers, options);
}

const readers = {
  ...normalizingReaders,
  momentum: optional(share, 0.99),
  movingMeanInitializer: forTraining<InitializerOption>('zeros'),
  movingVarianceInitializer: forTraining<InitializerOption>('ones'),
};
