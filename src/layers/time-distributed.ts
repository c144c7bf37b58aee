import { Layer, type LayerDefinition, type LayerOptions, type SymbolicTensor } from '../graph/layer.js';
import { fields, refuse, type Reader } from '../options/options.js';
import { commonFields, commonOptions, titleOf } from './common.js';
import { denseDefinition, type DenseConfig } from './dense.js';
import { noInitialState, sameSteps, sequenceInput } from './expectations.js';

export interface TimeDistributedOptions extends LayerOptions {
  /** What to apply to every step. So far a Dense layer; it must be used nowhere else. */
  layer: Layer<DenseConfig, SymbolicTensor>;
}

const definition: LayerDefinition<DenseConfig> = {
  ...denseDefinition,
  className: 'TimeDistributed',
  baseName: 'time_distributed',
  outputs: ({ units }, call, name) => {
    noInitialState(name, call);
    return [sameSteps(sequenceInput(name, call), units)];
  },
};

const denseLayer: Reader<Layer<DenseConfig>> = (value, where) =>
  value instanceof Layer && value.definition === denseDefinition
    ? (value as Layer<DenseConfig>)
    : refuse(where, 'a dense layer', value instanceof Layer ? value.definition.className : value);

/**
 * Applies a layer to every step: [batch, time, features] → [batch, time, units]. As `keras.layers.TimeDistributed`; weights are
 * those of the inner layer.
 * @throws TypeError when the inner layer is not a Dense layer, Error when it is in use already.
 */
export function timeDistributed(options: TimeDistributedOptions): Layer<DenseConfig, SymbolicTensor> {
  const title = titleOf(options, 'time_distributed');
  const { layer, ...common } = fields(options, title, { ...commonFields, layer: denseLayer });
  layer.wrapIn(title);
  return new Layer(definition, layer.config, commonOptions(common), true);
}
