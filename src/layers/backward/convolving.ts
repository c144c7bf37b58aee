import { rowsOf, type Backward } from '../../graph/backward.js';
import { multiply } from '../../plan/size.js';
import { windowsOf, type ConvolutionConfig, type ConvolutionDefinition } from '../convolving.js';
import { paddedBefore } from '../windows.js';
import { emitActivationGradient } from './activation.js';

/**
 * With dz = dy ⊙ φ'(z), over all pairs of an output step j and an input step i = j·strides + tap·dilation − before that exist:
 *   dW_tap += x_iᵀ·dz_j,  db += Σ dz,  dx_i += dz_j·W_tapᵀ
 */
export const convolutionBackward: Backward<ConvolutionConfig> = {
  emit: (context, config) => {
    const { forward } = context;
    const dz = context.outputGradient();
    if (dz === null) return;
    const { kernelSize, dilationRate, strides, activation } = config;
    const definition = forward.layer.definition as ConvolutionDefinition<unknown>;
    const { inputs, outputs, groups } = definition.channels(config, forward.features());
    const { steps, outputSteps, batch } = forward;
    const before = paddedBefore(windowsOf(config), steps, outputSteps);
    const pairs = [steps, outputSteps, batch, kernelSize, dilationRate, strides, before] as const;
    emitActivationGradient(context, activation, forward.result(), dz, dz);
    context.emitBiasGradient('bias', rowsOf(dz), multiply(outputSteps, batch));

    const rows = (kernelSize * inputs) / groups;
    const dw = context.scratch('d(kernel)', [rows], outputs);
    context.emit('zero', dw, dw.bytes);
    context.emit('convolutionWeightGradient', forward.input(), dz, dw, ...pairs, inputs, outputs, groups);
    context.emitUngated('kernel', 0, dw, rows);

    const dx = context.inputGradient();
    if (dx === null) return;
    const panels = context.transposed('kernel');
    context.emit('convolutionInputGradient', dz, panels, dx, ...pairs, outputs, inputs, groups, 1);
  },
};
