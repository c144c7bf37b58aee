import type { Backward } from '../../graph/backward.js';
import { preluSizes, type PReLUConfig } from '../prelu.js';

/** dx += dy ⊙ (x > 0 ? 1 : alpha),  dalpha += Σ dy ⊙ min(x, 0). */
export const preluBackward: Backward<PReLUConfig> = {
  emit: (context, config) => {
    const { forward } = context;
    const dy = context.outputGradient();
    if (dy === null) return;
    const [x, alpha] = [forward.input(), forward.vector('alpha')];
    const [dx, dalpha] = [context.inputGradient() ?? 0, context.vectorGradient('alpha')];
    context.emit('preluBackward', x, alpha, dy, dx, dalpha, ...preluSizes(forward, config));
  },
};
