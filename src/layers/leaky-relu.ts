import type { Layer, LayerDefinition, LayerOptions, SymbolicTensor } from '../graph/layer.js';
import { nonNegative, optional, type Reader } from '../options/options.js';
import { emitActivation } from './affine.js';
import { sameShape } from './expectations.js';
import { makeLayer } from './make-layer.js';

/* LeakyReLU and ELU: x where it is positive, and below 0 what their option says. */

export interface LeakyReLUOptions extends LayerOptions {
  /** Not negative. Default 0.3. (The activation 'leakyRelu' has 0.2, as in Keras.) */
  negativeSlope?: number;
}

export interface ELUOptions extends LayerOptions {
  /** Not negative. Default 1. */
  alpha?: number;
}

/** One of the two. */
export interface SlopedConfig {
  readonly negativeSlope?: number;
  readonly alpha?: number;
}

function sloped(className: string, name: 'leakyRelu' | 'elu'): LayerDefinition<SlopedConfig> {
  return {
    className,
    rowByRow: true,
    outputs: sameShape,
    forward: (context, { negativeSlope, alpha = negativeSlope }) => {
      emitActivation(context, name, context.input(), context.result(), context.features(), alpha);
    },
  };
}

const definitions = {
  leakyReLU: sloped('LeakyReLU', 'leakyRelu'),
  elu: sloped('ELU', 'elu'),
};

const slope = (fallback: number): Reader<number> => optional(nonNegative, fallback);

/**
 * x, below 0 negativeSlope · x (Maas et al. 2013). Any shape → the same. As `keras.layers.LeakyReLU`.
 * @throws TypeError for an option that is unknown or out of range.
 */
export function leakyReLU(options: LeakyReLUOptions = {}): Layer<SlopedConfig, SymbolicTensor> {
  return makeLayer(definitions.leakyReLU, { negativeSlope: slope(0.3) }, options);
}

/**
 * x, below 0 alpha · (eˣ − 1) (Clevert et al. 2015). Any shape → the same. As `keras.layers.ELU`.
 * @throws TypeError for an option that is unknown or out of range.
 */
export function elu(options: ELUOptions = {}): Layer<SlopedConfig, SymbolicTensor> {
  return makeLayer(definitions.elu, { alpha: slope(1) }, options);
}
