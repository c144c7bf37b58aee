import type { Layer, LayerDefinition, LayerOptions, SymbolicTensor } from '../graph/layer.js';
import { finite, optional } from '../options/options.js';
import { sameSteps, sequenceInput } from './expectations.js';
import { makeLayer } from './make-layer.js';

export interface MaskingOptions extends LayerOptions {
  /** A step whose features all have this value is skipped by the layers that follow. Default 0. */
  maskValue?: number;
}

export interface MaskingConfig {
  readonly maskValue: number;
}

const definition: LayerDefinition<MaskingConfig> = {
  className: 'Masking',
  outputs: (_config, call, name) => {
    const [output] = sameSteps(name, call, sequenceInput);
    return [{ ...output, mask: 'computed' }];
  },
  forward: (context, { maskValue }) => {
    const mask = context.computedMask ?? context.scratchMask('mask');
    context.keep('mask', mask);
    const y = context.output() ?? context.scratch('output', context.leading, context.features());
    context.emit('masking', context.input(), y, mask, context.rows, context.features(), maskValue);
  },
};

/**
 * Marks the steps whose features all equal `maskValue`; they become zeros, and recurrent layers and losses skip them.
 * [batch, time, features] → the same. As `keras.layers.Masking`.
 * @throws TypeError for an option that is unknown or out of range.
 */
export function masking(options: MaskingOptions = {}): Layer<MaskingConfig, SymbolicTensor> {
  return makeLayer(definition, { maskValue: optional(finite, 0) }, options);
}
