import { rowsOf, type Backward } from '../../graph/backward.js';
import type { Matrix } from '../../graph/weights.js';
import { multiply } from '../../plan/size.js';
import { extentOf, type Conv1DTransposeConfig } from '../conv1d-transpose.js';
import { emitActivationGradient } from './activation.js';

/**
 * With dz = dy ⊙ φ'(z), over all pairs of an input step i and an output step j = i·strides + tap·dilation − cropped that exist:
 *   dW_tap += dz_jᵀ·x_i,  db += Σ dz,  dx_i += dz_j·W_tap
 */
export const conv1dTransposeBackward: Backward<Conv1DTransposeConfig> = {
  emit: (context, config) => {
    const { forward } = context;
    const dz = context.outputGradient();
    if (dz === null) return;
    const { kernelSize, filters, dilationRate, strides } = config;
    const { steps, outputSteps, batch } = forward;
    const features = forward.features();
    const pairs = [outputSteps, steps, batch, kernelSize, dilationRate, strides, extentOf(config).cropped] as const;
    emitActivationGradient(context, config.activation, forward.result(), dz, dz);
    context.emitBiasGradient('bias', rowsOf(dz), multiply(outputSteps, batch));

    // [taps · filters, features], as the kernel itself.
    const rows = kernelSize * filters;
    const dw = context.scratch('d(kernel)', [rows], features);
    context.emit('zero', dw, dw.bytes);
    context.emit('convolutionWeightGradient', dz, forward.input(), dw, ...pairs, filters, features, 1);
    context.emit('addUngated', dw, context.vectorGradient('kernel'), 4 * features, rows, features, 1);

    const dx = context.inputGradient();
    if (dx === null) return;
    const panels = context.transposed('kernel', 0, tapsOf(config, features));
    context.emit('convolutionInputGradient', dz, panels, dx, ...pairs, filters, features, 1, 0);
  },
};

/** The kernel's matrix of each tap, [filters, features]. */
function tapsOf({ kernelSize, filters }: Conv1DTransposeConfig, features: number): Matrix[] {
  return Array.from({ length: kernelSize }, (_, tap) => {
    const axes = [{ count: filters * features, from: 4, to: 4 }];
    return { rows: filters, columns: features, copy: { axes, fromOffset: 4 * tap * filters * features } };
  });
}
