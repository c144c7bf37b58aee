import type { Layer, LayerDefinition, LayerOptions, SymbolicTensor } from '../graph/layer.js';
import { rate as rateReader } from '../options/options.js';
import { sameShape } from './expectations.js';
import { makeLayer } from './make-layer.js';

export interface DropoutOptions extends LayerOptions {
  /** Share of the values to drop, in [0, 1). */
  rate: number;
}

export interface DropoutConfig {
  readonly rate: number;
}

const definition: LayerDefinition<DropoutConfig> = {
  className: 'Dropout',
  rowByRow: true,
  outputs: sameShape,
  isIdentity: ({ rate }, random) => !random || rate === 0,
  // Steps are run in training alone: layers/backward/dropout.ts.
};

/**
 * In training, drops values at random and scales the others by 1 / (1 − rate) (Srivastava et al. 2014); at inference nothing.
 * What is dropped depends on seed, epoch, sample, step and feature alone, not on the batch. Any shape → the same.
 * As `keras.layers.Dropout`.
 * @throws TypeError for a rate outside [0, 1).
 */
export function dropout(options: DropoutOptions): Layer<DropoutConfig, SymbolicTensor> {
  return makeLayer(definition, { rate: rateReader }, options);
}
