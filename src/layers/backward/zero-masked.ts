import type { Backward } from '../../graph/backward.js';
import { known } from '../../plan/known.js';

/** What was made zero lets no gradient through. */
export const zeroMaskedBackward: Backward<unknown> = {
  emit: (context) => {
    const [dy, dx, { forward }] = [context.outputGradient(), context.inputGradient(), context];
    if (dy === null || dx === null) return;
    context.emit('maskingBackward', known(forward.mask, 'a mask'), dy, dx, forward.rows, forward.features());
  },
};
