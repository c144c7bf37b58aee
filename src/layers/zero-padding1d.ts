import { axesBetween } from '../graph/copy.js';
import type { Layer, LayerOptions, SymbolicTensor } from '../graph/layer.js';
import { nonNegativeInteger, optional } from '../options/options.js';
import { add, addToAny, multiply, subtract } from '../plan/size.js';
import { copyLayer } from './copying.js';
import { makeLayer } from './make-layer.js';
import { bothSides, otherSteps } from './windows.js';

export interface ZeroPadding1DOptions extends LayerOptions {
  /** Steps of zeros on both sides, or how many before and how many behind. Default 1. */
  padding?: number | readonly [before: number, behind: number];
}

export interface ZeroPadding1DConfig {
  readonly padding: readonly [number, number];
}

const definition = /* @__PURE__ */ copyLayer<ZeroPadding1DConfig>({
  className: 'ZeroPadding1D',
  outputs: ({ padding: [before, behind] }, call, name) =>
    otherSteps(name, call, (steps) => add(steps, before + behind)),
  // Those before come with the first step, those behind never.
  steps: ({ padding: [before] }, steps) => addToAny(steps, before),
  copies: (context, { padding: [before] }) => {
    const [x, y] = [context.viewOf(0), context.viewOf('output')];
    const padded = context.streaming ? subtract(context.outputSteps, context.steps) : before;
    return [
      { input: 0, axes: axesBetween(x.lengths, x.strides, y.strides), toOffset: multiply(padded, y.strides[1] ?? 0) },
    ];
  },
});

/**
 * Steps of zeros before and behind a sequence: [batch, time, features] → [batch, before + time + behind, features]. As
 * `keras.layers.ZeroPadding1D`. A mask does not go on. In a stream the zeros before come with the first step, those behind never.
 * @throws TypeError for an option that is unknown or out of range.
 */
export function zeroPadding1d(options: ZeroPadding1DOptions = {}): Layer<ZeroPadding1DConfig, SymbolicTensor> {
  return makeLayer(definition, { padding: optional(bothSides(nonNegativeInteger), [1, 1] as const) }, options);
}
