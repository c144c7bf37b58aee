import { axesBetween } from '../graph/copy.js';
import type { Layer, LayerOptions, SymbolicTensor } from '../graph/layer.js';
import { printShape } from '../graph/shape.js';
import { mismatch, refuse, type Reader } from '../options/options.js';
import { copyLayer } from './copying.js';
import { onlyInput } from './expectations.js';
import { makeLayer } from './make-layer.js';

export interface PermuteOptions extends LayerOptions {
  /** Which axis comes to each place, counted from 1 (the batch stays): [2, 1] exchanges time and features. */
  dims: readonly number[];
}

export interface PermuteConfig {
  readonly dims: readonly number[];
}

const dims: Reader<readonly number[]> = (value, where) =>
  Array.isArray(value) && value.every((_, i) => value.includes(i + 1))
    ? (value as number[])
    : refuse(where, 'the axes from 1 on in a new order', value);

const definition = /* @__PURE__ */ copyLayer<PermuteConfig>({
  className: 'Permute',
  outputs: (config, call, name) => {
    const { shape, time, batch } = onlyInput(name, call);
    const axes = config.dims.map((axis) => shape[axis] ?? null);
    const [first] = config.dims;
    if (config.dims.length !== shape.length - 1 || axes.slice(1).includes(null)) {
      mismatch(name, `an input of ${config.dims.length} known axes behind the batch`, printShape(shape));
    }
    const steps = first === 1 ? time : axes.length > 1 ? (axes[0] ?? null) : null;
    return [{ shape: [shape[0] ?? null, ...axes], time: steps, batch }];
  },
  isIdentity: (config) => config.dims.every((axis, i) => axis === i + 1),
  needsWhole: () => true,
  copies: (context, config) => {
    const { lengths, strides } = context.viewOf(0);
    const to = context.viewOf('output').strides;
    const places = lengths.map((_, axis) => to[axis === 0 ? 0 : config.dims.indexOf(axis) + 1] ?? 0);
    return [{ input: 0, axes: axesBetween(lengths, strides, places) }];
  },
});

/**
 * Axes behind the batch in another order: [batch, time, features] → [batch, features, time] with dims [2, 1]. As
 * `keras.layers.Permute`.
 * @throws TypeError when the number of axes is another, or an axis has no known length.
 */
export function permute(options: PermuteOptions): Layer<PermuteConfig, SymbolicTensor> {
  return makeLayer(definition, { dims }, options);
}
