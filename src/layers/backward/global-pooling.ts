import type { Backward } from '../../graph/backward.js';
import type { GlobalPoolingConfig } from '../global-pooling.js';

/** The mean's gradient in equal shares over the steps that the mask leaves. */
export const globalAverageBackward: Backward<GlobalPoolingConfig> = {
  emit: (context) => {
    const { forward } = context;
    const [dy, dx] = [context.outputGradient(), context.inputGradient()];
    if (dy === null || dx === null) return;
    const { steps, batch, mask } = forward;
    context.emit('globalAverageBackward', forward.kept('sums'), dy, dx, mask ?? 0, steps, batch, forward.features());
  },
};

/** A sequence is one window: the gradient goes to the first step that holds the greatest value. */
export const globalMaxBackward: Backward<GlobalPoolingConfig> = {
  emit: (context) => {
    const { forward } = context;
    const [dy, dx] = [context.outputGradient(), context.inputGradient()];
    if (dy === null || dx === null) return;
    const { steps, batch } = forward;
    const [x, y] = [forward.input(), forward.result()];
    context.emit('poolBackward', x, y, dy, dx, 0, steps, 1, batch, forward.features(), steps, 1, 0);
  },
};
