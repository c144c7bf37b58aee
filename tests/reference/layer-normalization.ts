/**
 * LayerNormalization over the last axis: each row gets mean 0 and variance 1, then a gain and an offset by feature.
 *                                        Ba et al. 2016; Keras 3, layers/normalization/layer_normalization.py, axis −1
 * Weights: gamma [features], beta [features].
 */
import type { Cotangents, SimplePass } from './pass.js';
import { scaleAndShift, scaleAndShiftShapes, standardize, type ScaleAndShiftConfig } from './standardization.js';
import { checkWeights, zerosLike, type Tensor, type Tensors } from './tensor.js';

export interface LayerNormalizationConfig extends ScaleAndShiftConfig {
  /** 1e-3 by default. */
  readonly epsilon?: number;
}

export function layerNormalization(
  config: LayerNormalizationConfig,
  weights: Tensors,
  [x]: readonly [Tensor],
): SimplePass {
  const features = x.shape[x.shape.length - 1];
  checkWeights('layerNormalization', weights, scaleAndShiftShapes(features, config));
  const normal = standardize(x, config.epsilon ?? 1e-3, {
    count: x.data.length / features,
    of: (i) => Math.floor(i / features),
  });
  const y = scaleAndShift(normal.output, config, weights);
  return {
    outputs: [y.output],
    backward([dy = zerosLike(x)]: Cotangents<readonly [Tensor]>) {
      const gradients = y.backward(dy);
      return { inputs: [normal.vjp(gradients.x)], weights: gradients.weights };
    },
  };
}
