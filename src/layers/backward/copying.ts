import { copyArguments, reversed } from '../../graph/copy.js';
import type { Backward } from '../../graph/backward.js';
import type { CopyDefinition } from '../copying.js';

/** Values go back where they came from; where one went to several places, the gradients are added. */
export const copyBackward: Backward<unknown> = {
  emit: (context, config) => {
    const dy = context.outputGradient();
    if (dy === null) return;
    const definition = context.forward.layer.definition as CopyDefinition<unknown>;
    for (const copy of definition.copies(context.forward, config)) {
      const dx = context.inputGradient(copy.input);
      if (dx !== null) context.emit('copyRows', ...copyArguments(reversed(copy), dy, dx, 1));
    }
  },
};
