/**
 * SpatialDropout1D in training: dropout of whole features, the same at each step, given which are kept
 * [batch, 1, features].                  Tompson et al. 2015; Keras 3, layers/regularization/spatial_dropout.py
 * In inference it is the identity.
 */
import { dropout, type DropoutConfig } from './dropout.js';
import type { SimplePass } from './pass.js';
import { checkShape, map, type Tensor, type Tensors } from './tensor.js';

export function spatialDropout1d(
  config: DropoutConfig,
  _weights: Tensors,
  [x]: readonly [Tensor],
  keep: Tensor,
): SimplePass {
  const [batch, time, features] = x.shape;
  checkShape('what spatialDropout1d keeps', keep, [batch, 1, features]);
  const ofEachStep = map(x, (_, i) => keep.data[Math.floor(i / (time * features)) * features + (i % features)]);
  return dropout(config, [], [x], ofEachStep);
}
