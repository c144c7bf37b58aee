import { rowsOf, type Backward } from '../../graph/backward.js';
import { less, multiply } from '../../plan/size.js';
import type { Conv1DConfig } from '../conv1d.js';
import { emitActivationGradient } from './activation.js';

/**
 * Each tap j sees the input `lag` = (kernelSize − 1 − j)·dilation steps back, so with dz = dy ⊙ φ'(z), over the steps that
 * have such a past:  dW_j += x_{t−lag}ᵀ·dz_t,  dx_{t−lag} += dz_t·W_jᵀ.
 */
export const conv1dBackward: Backward<Conv1DConfig> = {
  emit: (context, config) => {
    const { forward } = context;
    const dz = context.outputGradient();
    if (dz === null) return;
    emitActivationGradient(context, config.activation, forward.result(), dz, dz);
    context.emitBiasGradient('bias', rowsOf(dz), forward.rows);
    const [x, dx] = [forward.input(), context.inputGradient()];
    for (let tap = 0; tap < config.kernelSize; tap++) {
      const lag = multiply((config.kernelSize - 1 - tap) * config.dilationRate, forward.batch);
      const later = rowsOf(dz, multiply(lag, dz.rowBytes));
      const rows = less(forward.rows, lag);
      context.emitWeightGradient('kernel', rowsOf(x), later, rows, 0, tap);
      if (dx !== null) context.emitInputGradient('kernel', later, rowsOf(dx), rows, forward.features(), 0, tap);
    }
  },
};
