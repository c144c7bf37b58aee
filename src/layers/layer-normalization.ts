import type { Layer, LayerDefinition, LayerOptions, SymbolicTensor } from '../graph/layer.js';
import { makeLayer } from './make-layer.js';
import {
  alongFeatures,
  normalizingReaders,
  normalizingWeights,
  type NormalizingConfig,
  type NormalizingOptions,
} from './normalizing.js';

export interface LayerNormalizationOptions extends LayerOptions, NormalizingOptions {}

export type LayerNormalizationConfig = NormalizingConfig;

const definition: LayerDefinition<LayerNormalizationConfig> = {
  className: 'LayerNormalization',
  rowByRow: true,
  outputs: alongFeatures,
  weights: normalizingWeights,
  forward: (context, { epsilon }) => {
    const [gamma, beta] = [context.vector('gamma'), context.vector('beta')];
    const [x, y, features] = [context.input(), context.result(), context.features()];
    context.emit('layerNormalization', x, gamma, beta, y, context.rows, features, epsilon);
  },
};

/**
 * Each row of features gets mean 0 and variance 1, then a gain and an offset (Ba et al. 2016): γ (x − μ) / √(σ² + ε) + β. Any
 * shape → the same. As `keras.layers.LayerNormalization`. Weights: gamma [features], beta [features].
 * @throws TypeError for an option that is unknown or out of range.
 */
export function layerNormalization(
  options: LayerNormalizationOptions = {},
): Layer<LayerNormalizationConfig, SymbolicTensor> {
  return makeLayer(definition, normalizingReaders, options);
}
