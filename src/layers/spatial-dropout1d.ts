import type { Layer, LayerDefinition, LayerOptions, SymbolicTensor } from '../graph/layer.js';
import { rate as rateReader } from '../options/options.js';
import { sameSteps, sequenceInput } from './expectations.js';
import { makeLayer } from './make-layer.js';

export interface SpatialDropout1DOptions extends LayerOptions {
  /** Share of the features to drop, in [0, 1). */
  rate: number;
}

export interface SpatialDropout1DConfig {
  readonly rate: number;
}

const definition: LayerDefinition<SpatialDropout1DConfig> = {
  className: 'SpatialDropout1D',
  outputs: (_config, call, name) => sameSteps(name, call, sequenceInput),
  isIdentity: ({ rate }, random) => !random || rate === 0,
  // Steps are run in training alone: layers/backward/spatial-dropout1d.ts.
};

/**
 * In training, drops whole features of a sequence at random, the same at every step, and scales the others by 1 / (1 − rate)
 * (Tompson et al. 2015); at inference nothing. What is dropped depends on seed, epoch, sample and feature alone.
 * [batch, time, features] → the same. As `keras.layers.SpatialDropout1D`.
 * @throws TypeError for a rate outside [0, 1).
 */
export function spatialDropout1d(options: SpatialDropout1DOptions): Layer<SpatialDropout1DConfig, SymbolicTensor> {
  return makeLayer(definition, { rate: rateReader }, options);
}
