import type { Backward } from '../../graph/backward.js';
import { emitDropout, type DropoutConfig } from '../dropout.js';

/** What was dropped forward lets no gradient through: the same counters give the same choice. */
export const dropoutBackward: Backward<DropoutConfig> = {
  emit: (context, config) => {
    const [dy, dx] = [context.outputGradient(), context.inputGradient()];
    if (dy !== null && dx !== null) emitDropout(context.forward, config.rate, dy, dx, true);
  },
};
