import type { Backward } from '../../graph/backward.js';
import type { MaskingConfig } from '../masking.js';

/** Masked steps were made zero: no gradient goes back through them. */
export const maskingBackward: Backward<MaskingConfig> = {
  emit: (context) => {
    const [dy, dx, { forward }] = [context.outputGradient(), context.inputGradient(), context];
    if (dy === null || dx === null) return;
    context.emit('maskingBackward', forward.kept('mask'), dy, dx, forward.rows, forward.features(), 1);
  },
};
