import type { Copy } from '../graph/copy.js';
import { copyArguments } from '../graph/copy.js';
import type { ForwardContext } from '../graph/context.js';
import type { LayerDefinition } from '../graph/layer.js';

/*
 * Layers that only move values: Flatten, Reshape, Permute, RepeatVector, Concatenate, UpSampling1D and the like. Each says
 * from where to where, axis by axis; the way back is the same table read the other way round, added.
 */

/** A copy out of one of the inputs into the output. */
export interface InputCopy extends Copy {
  readonly input: number;
}

/** A layer that moves values. */
export interface CopyDefinition<C> extends LayerDefinition<C> {
  copies(context: ForwardContext, config: C): readonly InputCopy[];
}

/** The steps of a layer that moves values: what no copy reaches stays zero. */
export function copyLayer<C>(definition: Omit<CopyDefinition<C>, 'forward'>): CopyDefinition<C> {
  return {
    ...definition,
    forward: (context, config) => {
      const y = context.result();
      context.emit('zero', y, y.bytes);
      for (const copy of definition.copies(context, config)) {
        context.emit('copyRows', ...copyArguments(copy, context.input(copy.input), y));
      }
    },
  };
}
