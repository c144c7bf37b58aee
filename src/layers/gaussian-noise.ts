import type { Layer, LayerDefinition, LayerOptions, SymbolicTensor } from '../graph/layer.js';
import { share } from '../options/options.js';
import { sameShape } from './expectations.js';
import { makeLayer } from './make-layer.js';

export interface GaussianNoiseOptions extends LayerOptions {
  /** Deviation of what is added, from 0 to 1. */
  stddev: number;
}

export interface GaussianNoiseConfig {
  readonly stddev: number;
}

const definition: LayerDefinition<GaussianNoiseConfig> = {
  className: 'GaussianNoise',
  rowByRow: true,
  outputs: sameShape,
  isIdentity: ({ stddev }, random) => !random || stddev === 0,
  // Steps are run in training alone: layers/backward/gaussian-noise.ts.
};

/**
 * In training, adds normal noise of mean 0; at inference nothing. What is added depends on seed, epoch, sample, step and feature
 * alone, not on the batch. Any shape → the same. As `keras.layers.GaussianNoise`.
 * @throws TypeError for a deviation outside [0, 1].
 */
export function gaussianNoise(options: GaussianNoiseOptions): Layer<GaussianNoiseConfig, SymbolicTensor> {
  return makeLayer(definition, { stddev: share }, options);
}
