import {
  activation as activationReader,
  type ActivationName,
  type ActivationOption,
} from '../activations/activation.js';
import type { Layer, LayerDefinition, LayerOptions, SymbolicTensor } from '../graph/layer.js';
import { emitActivation } from './affine.js';
import { sameShape } from './expectations.js';
import { makeLayer } from './make-layer.js';

export interface ActivationOptions extends LayerOptions {
  activation: ActivationOption;
}

export interface ActivationConfig {
  readonly activation: ActivationName;
}

const definition: LayerDefinition<ActivationConfig> = {
  className: 'Activation',
  rowByRow: true,
  outputs: sameShape,
  isIdentity: ({ activation }) => activation === 'linear',
  forward: (context, { activation }) => {
    emitActivation(context, activation, context.input(), context.result(), context.features());
  },
};

/**
 * An activation as a layer of its own, element by element (softmax: over the last axis). Any shape → the same.
 * As `keras.layers.Activation`.
 * @throws TypeError for an activation that is not known.
 */
export function activation(options: ActivationOptions): Layer<ActivationConfig, SymbolicTensor> {
  return makeLayer(definition, { activation: activationReader }, options);
}
