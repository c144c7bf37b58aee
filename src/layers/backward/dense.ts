import { rowsOf, type Backward } from '../../graph/backward.js';
import type { DenseConfig } from '../dense.js';
import { emitActivationGradient } from './activation.js';

/** With z = x·W + b and y = φ(z):  dz = dy ⊙ φ'(z),  dW += xᵀ·dz,  db += Σ dz,  dx += dz·Wᵀ. */
export const denseBackward: Backward<DenseConfig> = {
  emit: (context, config) => {
    const { forward } = context;
    const dz = context.outputGradient();
    if (dz === null) return;
    emitActivationGradient(context, config.activation, forward.result(), dz, dz);
    context.emitWeightGradient('kernel', rowsOf(forward.input()), rowsOf(dz), forward.rows);
    context.emitBiasGradient('bias', rowsOf(dz), forward.rows);
    const dx = context.inputGradient();
    if (dx !== null) context.emitInputGradient('kernel', rowsOf(dz), rowsOf(dx), forward.rows, forward.features());
  },
};
