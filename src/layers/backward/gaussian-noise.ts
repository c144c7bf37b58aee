import type { Backward } from '../../graph/backward.js';
import { batch } from '../../plan/size.js';
import type { GaussianNoiseConfig } from '../gaussian-noise.js';
import { countedAxes } from './dropout.js';

/** What is added does not depend on the input: the gradient passes as it is. */
export const gaussianNoiseBackward: Backward<GaussianNoiseConfig> = {
  forward: (context, { stddev }, randomness) => {
    const { seed, stream, epoch, indices } = randomness.of(context.plan, context.title, 'noise');
    const [x, y, [steps, features]] = [context.input(), context.result(), countedAxes(context)];
    context.emit('gaussianNoise', x, y, batch, steps, features, stddev, seed, stream, epoch, indices);
    // Of inner axes the padding got noise, too: 0, the identity, makes it 0.
    if (context.leading.length > 2) context.emit('activate', 0, y, y, context.rows, context.features());
  },
  emit: (context) => {
    const [dy, dx] = [context.outputGradient(), context.inputGradient()];
    if (dy !== null && dx !== null) context.emitAdd(dx, dy);
  },
};
