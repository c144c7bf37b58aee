import type { Backward } from '../../graph/backward.js';
import { known } from '../../plan/known.js';

/** What was replaced lets no gradient through; it goes to what stands there instead. */
export const replaceMaskedBackward: Backward<unknown> = {
  emit: (context) => {
    const [dy, { forward }] = [context.outputGradient(), context];
    if (dy === null) return;
    const mask = known(forward.mask, 'a mask');
    for (let which = 0; which < forward.inputs; which++) {
      const dx = context.inputGradient(which);
      if (dx === null) continue;
      context.emit('maskingBackward', mask, dy, dx, forward.rows, forward.features(), which === 0 ? 1 : 0);
    }
  },
};
