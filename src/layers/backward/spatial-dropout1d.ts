import type { Backward } from '../../graph/backward.js';
import type { SpatialDropout1DConfig } from '../spatial-dropout1d.js';
import { emitFactors } from './recurrent-dropout.js';

/** What is kept is chosen once a sequence, and multiplied by on both ways. */
export const spatialDropoutBackward: Backward<SpatialDropout1DConfig> = {
  forward: (context, { rate }, randomness) => {
    const factors = emitFactors(context, randomness, 'dropout', rate, 1);
    const [x, y, features] = [context.input(), context.result(), context.features()];
    context.emit('merge', 2, x, factors, y, context.rows, features, context.batch, 1);
  },
  emit: (context) => {
    const [dy, dx, { forward }] = [context.outputGradient(), context.inputGradient(), context];
    if (dy === null || dx === null) return;
    const factors = forward.kept('dropoutFactors');
    context.emit('addProduct', dy, factors, dx, forward.rows, forward.features(), forward.batch);
  },
};
