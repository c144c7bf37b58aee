import { Layer, type LayerDefinition, type LayerOptions, type SymbolicTensor } from '../graph/layer.js';
import { refuse, type Reader } from '../options/options.js';
import { denseDefinition, type DenseConfig } from './dense.js';
import { sameSteps, sequenceInput } from './expectations.js';
import { makeLayer } from './make-layer.js';

export interface TimeDistributedOptions extends LayerOptions {
  /** What to apply to every step. So far a Dense layer; it must be used nowhere else. */
  layer: Layer<DenseConfig, SymbolicTensor>;
}

export interface TimeDistributedConfig {
  readonly layer: Layer<DenseConfig>;
}

const definition: LayerDefinition<TimeDistributedConfig> = {
  className: 'TimeDistributed',
  baseName: 'time_distributed',
  outputs: ({ layer }, call, name) => sameSteps(name, call, sequenceInput, layer.config.units),
  weights: ({ layer }, features) => denseDefinition.weights(layer.config, features),
  packing: ({ layer }, features) => denseDefinition.packing(layer.config, features),
  forward: (context, { layer }) => {
    denseDefinition.forward(context, layer.config);
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
export function timeDistributed(options: TimeDistributedOptions): Layer<TimeDistributedConfig, SymbolicTensor> {
  const made = makeLayer(definition, { layer: denseLayer }, options);
  made.config.layer.wrapIn(made.title);
  return made;
}
