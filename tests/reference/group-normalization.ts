/**
 * GroupNormalization of [batch, time, features]: the features fall into groups, and each group of a row gets mean 0 and
 * variance 1 over all steps, masked ones too, then a gain and an offset by feature.
 *                                        Wu & He 2018; Keras 3, layers/normalization/group_normalization.py, axis −1
 * Weights: gamma [features], beta [features].
 */
import type { Cotangents, SimplePass } from './pass.js';
import { scaleAndShift, scaleAndShiftShapes, standardize, type ScaleAndShiftConfig } from './standardization.js';
import { checkWeights, zerosLike, type Tensor, type Tensors } from './tensor.js';

export interface GroupNormalizationConfig extends ScaleAndShiftConfig {
  /** 32 by default; −1: each feature is a group. */
  readonly groups?: number;
  /** 1e-3 by default. */
  readonly epsilon?: number;
}

export function groupNormalization(
  config: GroupNormalizationConfig,
  weights: Tensors,
  [x]: readonly [Tensor],
): SimplePass {
  const batch = x.shape[0];
  const features = x.shape[x.shape.length - 1];
  const groups = config.groups === -1 ? features : (config.groups ?? 32);
  const width = features / groups;
  if (!Number.isInteger(width)) throw new Error(`groupNormalization: ${features} features in ${groups} groups`);
  checkWeights('groupNormalization', weights, scaleAndShiftShapes(features, config));

  const elementsOfRow = x.data.length / batch;
  const normal = standardize(x, config.epsilon ?? 1e-3, {
    count: batch * groups,
    of: (i) => Math.floor(i / elementsOfRow) * groups + Math.floor((i % features) / width),
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
