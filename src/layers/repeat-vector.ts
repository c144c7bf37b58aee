import { axesBetween } from '../graph/copy.js';
import type { Layer, LayerOptions, SymbolicTensor } from '../graph/layer.js';
import { printShape } from '../graph/shape.js';
import { mismatch, positiveInteger } from '../options/options.js';
import { copyLayer } from './copying.js';
import { onlyInput } from './expectations.js';
import { makeLayer } from './make-layer.js';

export interface RepeatVectorOptions extends LayerOptions {
  /** How many steps. */
  n: number;
}

export interface RepeatVectorConfig {
  readonly n: number;
}

const definition = /* @__PURE__ */ copyLayer<RepeatVectorConfig>({
  className: 'RepeatVector',
  outputs: ({ n }, call, name) => {
    const { shape, batch } = onlyInput(name, call);
    const [batchSize = null, features = null] = shape;
    if (shape.length !== 2) mismatch(name, 'an input of shape [batch, features]', printShape(shape, ['batch']));
    return [{ shape: [batchSize, n, features], time: n, batch }];
  },
  needsWhole: () => true,
  copies: (context) => {
    const { lengths, strides } = context.viewOf('output');
    const [batch = 0, features = 0] = context.viewOf(0).strides;
    return [{ input: 0, axes: axesBetween(lengths, [batch, 0, features], strides) }];
  },
});

/**
 * The same values at every step: [batch, features] → [batch, n, features]. As `keras.layers.RepeatVector`.
 * @throws TypeError for an input with a time axis.
 */
export function repeatVector(options: RepeatVectorOptions): Layer<RepeatVectorConfig, SymbolicTensor> {
  return makeLayer(definition, { n: positiveInteger }, options);
}
