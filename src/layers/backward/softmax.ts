import type { Backward } from '../../graph/backward.js';
import { isOverTime, type SoftmaxConfig } from '../softmax.js';
import { emitActivationGradient } from './activation.js';

/** dx += y ⊙ (dy − Σ dy·y), summed along the axis. */
export const softmaxBackward: Backward<SoftmaxConfig> = {
  emit: (context, config) => {
    const { forward } = context;
    const [y, dy, dx] = [forward.result(), context.outputGradient(), context.inputGradient()];
    if (dy === null || dx === null) return;
    if (isOverTime(config, forward.viewOf(0).lengths.length)) {
      context.emit('softmaxOverTimeBackward', y, dy, dx, forward.steps, forward.batch, forward.features());
    } else emitActivationGradient(context, 'softmax', y, dy, dx);
  },
};
