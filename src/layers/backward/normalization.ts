import type { Backward } from '../../graph/backward.js';
import type { NormalizationConfig } from '../normalization.js';

/** dx += dy ⊙ what was multiplied by: mean and variance are constants. */
export const normalizationBackward: Backward<NormalizationConfig> = {
  emit: (context) => {
    const [dy, dx, { forward }] = [context.outputGradient(), context.inputGradient(), context];
    if (dy === null || dx === null) return;
    context.emit('addProduct', dy, forward.vector('factors'), dx, forward.rows, forward.features(), 1);
  },
};
