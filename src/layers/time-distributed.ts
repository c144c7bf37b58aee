import {
  toLayer,
  type Layer,
  type LayerDefinition,
  type LayerLike,
  type LayerOptions,
  type SymbolicTensor,
} from '../graph/layer.js';
import { printShape } from '../graph/shape.js';
import { mismatch, refuse, type Reader } from '../options/options.js';
import { onlyInput } from './expectations.js';
import { fold, unfold } from './fold.js';
import { makeLayer } from './make-layer.js';

export interface TimeDistributedOptions extends LayerOptions {
  /** What to apply to every step; it must be used nowhere else. */
  layer: Layer | LayerLike;
}

export interface TimeDistributedConfig {
  readonly layer: Layer;
}

const definition: LayerDefinition<TimeDistributedConfig> = {
  className: 'TimeDistributed',
  inside: ({ layer }) => [layer],
  outputs: ({ layer }, call, name) => {
    const x = onlyInput(name, call);
    if (x.shape.length < 3 || x.time === null) {
      mismatch(name, 'an input of shape [batch, time, …, features]', printShape(x.shape, ['batch']));
    }
    // What works on each row alone can take all of them at once.
    const { mask } = call;
    const masked = mask === null ? {} : { mask };
    if (layer.definition.rowByRow === true && x.shape.length === 3) return layer.call(x, masked).outputs;
    return layer.call(fold().apply(x)).outputs.map((output) => unfold().apply([output, x], masked));
  },
};

const anyLayer: Reader<Layer> = (value, where) => toLayer(value) ?? refuse(where, 'a layer', value);

/**
 * Applies a layer to every step: [batch, time, …] → [batch, time, …], the layer seeing [batch·time, …]. As
 * `keras.layers.TimeDistributed`; weights are those of the inner layer.
 * @throws TypeError when the inner layer is no layer, Error when it is in use already.
 */
export function timeDistributed(options: TimeDistributedOptions): Layer<TimeDistributedConfig, SymbolicTensor> {
  const made = makeLayer(definition, { layer: anyLayer }, options);
  made.config.layer.joinComposite(made, '');
  return made;
}
