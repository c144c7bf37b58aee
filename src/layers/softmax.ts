import type { Layer, LayerDefinition, LayerOptions, SymbolicTensor } from '../graph/layer.js';
import { printShape } from '../graph/shape.js';
import { mismatch, optional } from '../options/options.js';
import { emitActivation } from './affine.js';
import { axisButTheBatch, onlyInput, sameSteps } from './expectations.js';
import { makeLayer } from './make-layer.js';

export interface SoftmaxOptions extends LayerOptions {
  /** The last one, or of [batch, time, features] time: 1. Default −1. */
  axis?: number;
}

export interface SoftmaxConfig {
  readonly axis: number;
}

/** Whether the shares are those of steps. */
export function isOverTime({ axis }: SoftmaxConfig, rank: number): boolean {
  return rank === 3 && (axis === 1 || axis === -2);
}

const definition: LayerDefinition<SoftmaxConfig> = {
  className: 'Softmax',
  outputs: (config, call, name) => {
    const { shape } = onlyInput(name, call);
    const { length } = shape;
    if (![-1, length - 1].includes(config.axis) && !isOverTime(config, length)) {
      mismatch(name, `the last axis${length === 3 ? ' or the time axis' : ''} of ${printShape(shape)}`, config.axis);
    }
    return sameSteps(name, call, onlyInput);
  },
  needsWhole: (config, rank) => isOverTime(config, rank),
  forward: (context, config) => {
    const [x, y, features] = [context.input(), context.result(), context.features()];
    const { steps, batch, mask } = context;
    if (isOverTime(config, context.viewOf(0).lengths.length)) {
      context.emit('softmaxOverTime', x, y, mask ?? 0, steps, batch, features);
    } else emitActivation(context, 'softmax', x, y, features);
  },
};

/**
 * eˣ / Σ eˣ along an axis. Any shape → the same. Over time, masked steps get 0 and the others share 1. As `keras.layers.Softmax`.
 * @throws TypeError for an option that is unknown or out of range.
 */
export function softmax(options: SoftmaxOptions = {}): Layer<SoftmaxConfig, SymbolicTensor> {
  return makeLayer(definition, { axis: optional(axisButTheBatch, -1) }, options);
}
