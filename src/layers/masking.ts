import { Layer, type LayerDefinition, type LayerOptions, type SymbolicTensor } from '../graph/layer.js';
import { fields, finite, optional } from '../options/options.js';
import { commonFields, commonOptions, titleOf } from './common.js';
import { noInitialState, sameSteps, sequenceInput } from './expectations.js';

export interface MaskingOptions extends LayerOptions {
  /** A step whose features all have this value is skipped by the layers that follow. Default 0. */
  maskValue?: number;
}

export interface MaskingConfig {
  readonly maskValue: number;
}

const definition: LayerDefinition<MaskingConfig> = {
  className: 'Masking',
  baseName: 'masking',
  time: () => ({ lookahead: 0, history: 0 }),
  outputs: (_config, call, name) => {
    noInitialState(name, call);
    const x = sequenceInput(name, call);
    return [{ ...sameSteps(x, x.features), mask: 'computed' }];
  },
  forward: (context) => {
    const mask = context.computedMask ?? context.scratchMask('mask');
    context.keep('mask', mask);
    const y = context.output() ?? context.scratch('output', context.leading, context.features());
    context.emit('masking', context.input(), y, mask, context.rows, context.features(), context.config.maskValue);
  },
};

/**
 * Marks the steps whose features all equal `maskValue`; they become zeros, and recurrent layers and losses skip them.
 * [batch, time, features] → the same. As `keras.layers.Masking`.
 * @throws TypeError for an option that is unknown or out of range.
 */
export function masking(options: MaskingOptions = {}): Layer<MaskingConfig, SymbolicTensor> {
  const { maskValue, ...common } = fields(options, titleOf(options, 'masking'), {
    ...commonFields,
    maskValue: optional(finite, 0),
  });
  return new Layer(definition, { maskValue }, commonOptions(common), true);
}
