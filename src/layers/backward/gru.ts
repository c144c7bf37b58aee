import { activationCode } from '../../activations/activation.js';
import { rowsOf, type Backward } from '../../graph/backward.js';
import { quad } from '../../plan/size.js';
import type { GruConfig } from '../gru.js';
import {
  emitInitialStateGradient,
  emitKernelGradients,
  emitRecurrentGradient,
  emitStateGradient,
  sequenceGradient,
  stepMask,
} from './recurrent.js';
import { forwardWithDropout, stateDropout } from './recurrent-dropout.js';

/** Backpropagation through time; a row of z holds z and r interleaved, then the candidate. */
export const gruBackward: Backward<GruConfig> = {
  forward: forwardWithDropout(2, 1),
  emit: (context, config) => {
    const { forward } = context;
    const { units, resetAfter } = config;
    const [z, kept] = [forward.kept('gates'), forward.kept('recurrentPart')];
    const dh = emitStateGradient(context, config, 0);
    const { transposed, factors, scratch } = stateDropout(context, config, 3);
    const dKept = context.scratch('d(recurrentPart)', forward.leading, units);
    context.emit(
      'gruBackwardDropped',
      z,
      forward.kept('sequence'),
      forward.kept('hInitial'),
      kept,
      dKept,
      sequenceGradient(context, config),
      dh,
      transposed,
      context.transposed('recurrentKernel', 1),
      factors,
      scratch,
      stepMask(context, config),
      forward.steps,
      forward.batch,
      units,
      activationCode(config.activation),
      activationCode(config.recurrentActivation),
      resetAfter ? 1 : 0,
    );
    emitInitialStateGradient(context, 0, dh);
    emitRecurrentGradient(context, z, 0, 0);
    const candidate = 8 * quad(units);
    if (resetAfter) {
      emitRecurrentGradient(context, dKept, 0, 1);
      context.emitBiasGradient('recurrentBias', rowsOf(dKept), forward.rows);
    } else {
      context.emitWeightGradient('recurrentKernel', rowsOf(kept), rowsOf(z, candidate), forward.rows, 1);
    }
    emitKernelGradients(context, config, z, [0, candidate]);
  },
};
