import { rowsOf, type Backward } from '../../graph/backward.js';
import type { Matrix } from '../../graph/weights.js';
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
    const panels = context.transposed('kernel', 0, tapsOf(kernelSize, inputs, outputs, groups));
    context.emit('convolutionInputGradient', dz, panels, dx, ...pairs, outputs, inputs, groups, 1);
  },
};

/** Of a kernel [taps, inputs / groups, outputs] each tap's matrix, transposed within its group: [outputs / groups, inputs]. */
function tapsOf(taps: number, inputs: number, outputs: number, groups: number): Matrix[] {
  const [seen, ofGroup] = [inputs / groups, outputs / groups];
  return Array.from({ length: taps }, (_, tap) => {
    const axes = [
      { count: groups, from: 4 * ofGroup, to: 4 * seen },
      { count: ofGroup, from: 4, to: 4 * inputs },
      { count: seen, from: 4 * outputs, to: 4 },
    ];
    return { rows: ofGroup, columns: inputs, copy: { axes, fromOffset: 4 * tap * seen * outputs } };
  });
}
