import type { Layer, LayerDefinition, LayerOptions, SymbolicTensor } from '../graph/layer.js';
import { flag, optional } from '../options/options.js';
import { quad } from '../plan/size.js';
import { noStates, sequenceInput } from './expectations.js';
import { makeLayer } from './make-layer.js';

/* What GlobalMaxPooling1D and GlobalAveragePooling1D share: all but whether a sequence's greatest values or means are wanted. */

export interface GlobalPoolingOptions extends LayerOptions {
  /** Whether the time axis stays, with one step. Default false. */
  keepdims?: boolean;
}

export interface GlobalPoolingConfig {
  readonly keepdims: boolean;
}

export type GlobalPoolingLayer = Layer<GlobalPoolingConfig, SymbolicTensor>;

/** @param average 1: means, of the steps that the mask leaves; 0: greatest values, of all steps (Keras) */
export function globalPoolingDefinition(className: string, average: 0 | 1): LayerDefinition<GlobalPoolingConfig> {
  return {
    className,
    // A step that stays would be another one in every run.
    needsWhole: ({ keepdims }) => keepdims,
    outputs: ({ keepdims }, call, name) => {
      noStates(name, call);
      const { shape, batch, features } = sequenceInput(name, call);
      const [sequences = null] = shape;
      const time = keepdims ? 1 : null;
      return [{ shape: [sequences, ...(keepdims ? [1] : []), features], time, batch }];
    },
    forward: (context) => {
      const { batch, steps } = context;
      const features = context.features();
      // Of each sequence the sums in float64, how many steps there were, and 8 bytes unused (assembly/pooling/global-pool.ts).
      const floats = 2 * quad(features) + 4;
      const carried = context.state('sums', floats);
      const sums = carried ?? context.scratch('sums', [batch], floats);
      if (carried === null) context.emit('zero', sums, sums.bytes);
      const mask = average === 1 ? (context.mask ?? 0) : 0;
      context.emit('globalPool', sums, context.input(), context.result(), mask, average, steps, batch, features);
    },
  };
}

export function globalPoolingLayer(
  definition: LayerDefinition<GlobalPoolingConfig>,
  options: GlobalPoolingOptions,
): GlobalPoolingLayer {
  return makeLayer(definition, { keepdims: optional(flag, false) }, options);
}
