import type { Layer, LayerOptions, SymbolicTensor } from '../graph/layer.js';
import { optional } from '../options/options.js';
import { known } from '../plan/known.js';
import { multiply } from '../plan/size.js';
import { copyLayer } from './copying.js';
import { makeLayer } from './make-layer.js';
import { length, otherSteps } from './windows.js';

export interface UpSampling1DOptions extends LayerOptions {
  /** How many times each step comes. Default 2. */
  size?: number | readonly [number];
}

export interface UpSampling1DConfig {
  readonly size: number;
}

const definition = /* @__PURE__ */ copyLayer<UpSampling1DConfig>({
  className: 'UpSampling1D',
  outputs: ({ size }, call, name) => otherSteps(name, call, (steps) => multiply(steps, size)),
  steps: ({ size }, steps) => multiply(steps, size),
  // A step [B, F] lies in one piece.
  copies: (context, { size }) => {
    const step = known(context.viewOf(0).strides[1], 'a step');
    return [
      {
        input: 0,
        axes: [
          { count: context.steps, from: step, to: multiply(size, step) },
          { count: size, from: 0, to: step },
          { count: multiply(step, 0.25), from: 4, to: 4 },
        ],
      },
    ];
  },
});

/**
 * Each step several times: [batch, time, features] → [batch, time · size, features]. As `keras.layers.UpSampling1D`. A mask does
 * not go on.
 * @throws TypeError for an option that is unknown or out of range.
 */
export function upSampling1d(options: UpSampling1DOptions = {}): Layer<UpSampling1DConfig, SymbolicTensor> {
  return makeLayer(definition, { size: optional(length, 2) }, options);
}
