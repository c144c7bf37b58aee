import { axesBetween } from '../graph/copy.js';
import type { Layer, LayerOptions, SymbolicTensor } from '../graph/layer.js';
import { nonNegativeInteger, optional } from '../options/options.js';
import { multiply } from '../plan/size.js';
import { copyLayer, type CopyDefinition } from './copying.js';
import { makeLayer } from './make-layer.js';
import { emitPoolStream } from './pooling.js';
import { bothSides, otherSteps, windowCount, type Windows } from './windows.js';

export interface Cropping1DOptions extends LayerOptions {
  /** Steps to cut off on both sides, or how many before and how many behind. Default 1. */
  cropping?: number | readonly [before: number, behind: number];
}

export interface Cropping1DConfig {
  readonly cropping: readonly [number, number];
}

/** What is left are the windows that have all of the cropped steps with them. */
function windowsOf({ cropping: [before, behind] }: Cropping1DConfig): Windows {
  return { span: before + behind + 1, strides: 1, padding: 'valid' };
}

const copying = /* @__PURE__ */ copyLayer<Cropping1DConfig>({
  className: 'Cropping1D',
  outputs: (config, call, name) => otherSteps(name, call, (steps) => windowCount(windowsOf(config), steps)),
  steps: (config, steps) => windowCount(windowsOf(config), steps),
  copies: (context, { cropping: [before] }) => {
    const [x, y] = [context.viewOf(0), context.viewOf('output')];
    return [
      { input: 0, axes: axesBetween(y.lengths, x.strides, y.strides), fromOffset: multiply(before, x.strides[1] ?? 0) },
    ];
  },
});

const definition: CopyDefinition<Cropping1DConfig> = {
  ...copying,
  // In a stream a step goes on when so many have followed that it cannot be one of the last.
  forward: (context, config) => {
    if (context.streaming) emitPoolStream(context, 0, windowsOf(config), 1, config.cropping[1] + 1);
    else copying.forward?.(context, config);
  },
};

/**
 * A sequence without its first and last steps: [batch, time, features] → [batch, time − before − behind, features]. As
 * `keras.layers.Cropping1D`. A mask does not go on. In a stream a step comes `behind` steps later: it may be one of the last.
 * @throws TypeError for an option that is unknown or out of range.
 */
export function cropping1d(options: Cropping1DOptions = {}): Layer<Cropping1DConfig, SymbolicTensor> {
  return makeLayer(definition, { cropping: optional(bothSides(nonNegativeInteger), [1, 1] as const) }, options);
}
