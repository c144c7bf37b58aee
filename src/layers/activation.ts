import { activation as activationReader, type ActivationName } from '../activations/activation.js';
import { Layer, type LayerDefinition, type LayerOptions, type SymbolicTensor } from '../graph/layer.js';
import { fields } from '../options/options.js';
import { commonFields, commonOptions, titleOf } from './common.js';
import { emitActivation } from './dense.js';
import { noInitialState, onlyInput, sameSteps } from './expectations.js';

export interface ActivationOptions extends LayerOptions {
  activation: ActivationName;
}

export interface ActivationConfig {
  readonly activation: ActivationName;
}

const definition: LayerDefinition<ActivationConfig> = {
  className: 'Activation',
  baseName: 'activation',
  time: () => ({ lookahead: 0, history: 0 }),
  outputs: (_config, call, name) => {
    noInitialState(name, call);
    const x = onlyInput(name, call);
    return [sameSteps(x, x.features)];
  },
  isIdentity: ({ activation }) => activation === 'linear',
  forward: (context) => {
    emitActivation(context, context.config.activation, context.input(), context.result(), context.features());
  },
};

/**
 * An activation as a layer of its own, element by element (softmax: over the last axis). Any shape → the same.
 * As `keras.layers.Activation`.
 * @throws TypeError for an activation that is not known.
 */
export function activation(options: ActivationOptions): Layer<ActivationConfig, SymbolicTensor> {
  const { activation: name, ...common } = fields(options, titleOf(options, 'activation'), {
    ...commonFields,
    activation: activationReader,
  });
  return new Layer(definition, { activation: name }, commonOptions(common), true);
}
