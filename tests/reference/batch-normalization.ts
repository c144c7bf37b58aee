/**
 * BatchNormalization over the last axis: each feature gets mean 0 and variance 1, then a gain and an offset.
 *                                        Ioffe & Szegedy 2015; Keras 3, layers/normalization/batch_normalization.py
 *   training    with the mean and the variance (1 / n) of the batch, all of its steps or the valid ones, and
 *               moving ← momentum · moving + (1 − momentum) · batch
 *   inference   with the moving mean and variance
 * With a mask n is the number of valid steps + 1e-7, as in Keras.
 * Weights: gamma [features], beta [features], then, not trained, moving mean [features], moving variance [features].
 */
import type { Cotangents, SimplePass } from './pass.js';
import { scaleAndShift, scaleAndShiftShapes, standardize, type ScaleAndShiftConfig } from './standardization.js';
import { checkWeights, map, zerosLike, zip, type Mask, type Tensor, type Tensors } from './tensor.js';

export interface BatchNormalizationConfig extends ScaleAndShiftConfig {
  /** 0.99 by default. */
  readonly momentum?: number;
  /** 1e-3 by default. */
  readonly epsilon?: number;
}

export interface BatchNormalizationCall {
  /** false by default. */
  readonly training?: boolean;
  readonly mask?: Mask | undefined;
}

/** Keras's backend.epsilon(). */
const addedWithMask = 1e-7;

export function batchNormalization(
  config: BatchNormalizationConfig,
  weights: Tensors,
  [x]: readonly [Tensor],
  { training = false, mask }: BatchNormalizationCall = {},
): SimplePass & { readonly updatedWeights: Tensors } {
  const { momentum = 0.99, epsilon = 1e-3 } = config;
  const features = x.shape[x.shape.length - 1];
  const learned = scaleAndShiftShapes(features, config);
  checkWeights('batchNormalization', weights, [...learned, [features], [features]]);
  const [movingMean, movingVariance] = weights.slice(learned.length);
  const ofFeature = (i: number): number => i % features;

  const valid = mask?.flat();
  const batch = standardize(x, epsilon, {
    count: features,
    of: ofFeature,
    ...(valid && { counts: (i) => valid[Math.floor(i / features)], addedToCount: addedWithMask }),
  });
  const scales = map(movingVariance, (variance) => 1 / Math.sqrt(variance + epsilon));
  const scaled = (a: Tensor): Tensor => map(a, (value, i) => value * scales.data[ofFeature(i)]);
  const normal = training
    ? batch
    : { output: scaled(map(x, (value, i) => value - movingMean.data[ofFeature(i)])), vjp: scaled };

  const y = scaleAndShift(normal.output, config, weights);
  const moved = (moving: Tensor, now: Tensor): Tensor =>
    zip(moving, now, (before, value) => momentum * before + (1 - momentum) * value);
  return {
    outputs: [y.output],
    updatedWeights: training
      ? [...weights.slice(0, learned.length), moved(movingMean, batch.mean), moved(movingVariance, batch.variance)]
      : weights,
    backward([dy = zerosLike(x)]: Cotangents<readonly [Tensor]>) {
      const gradients = y.backward(dy);
      return {
        inputs: [normal.vjp(gradients.x)],
        weights: [...gradients.weights, zerosLike(movingMean), zerosLike(movingVariance)],
      };
    },
  };
}
