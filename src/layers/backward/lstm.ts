import { activationCode } from '../../activations/activation.js';
import type { Backward } from '../../graph/backward.js';
import type { LstmConfig } from '../lstm.js';
import {
  emitInitialStateGradient,
  emitKernelGradients,
  emitRecurrentGradient,
  emitStateGradient,
  sequenceGradient,
  stepMask,
} from './recurrent.js';
import { forwardWithDropout, stateDropout } from './recurrent-dropout.js';

/** Backpropagation through time; the kernel turns the kept gates into their gradients, products over all steps follow. */
export const lstmBackward: Backward<LstmConfig> = {
  forward: forwardWithDropout(4),
  emit: (context, config) => {
    const { forward } = context;
    const z = forward.kept('gates');
    const dh = emitStateGradient(context, config, 0);
    const dc = emitStateGradient(context, config, 1);
    const { transposed, factors, scratch } = stateDropout(context, config, 4);
    context.emit(
      'lstmBackwardDropped',
      z,
      forward.kept('cells'),
      forward.kept('activatedCells'),
      forward.kept('cInitial'),
      sequenceGradient(context, config),
      dh,
      dc,
      transposed,
      factors,
      scratch,
      stepMask(context, config),
      forward.steps,
      forward.batch,
      config.units,
      activationCode(config.activation),
      activationCode(config.recurrentActivation),
    );
    emitInitialStateGradient(context, 0, dh);
    emitInitialStateGradient(context, 1, dc);
    emitRecurrentGradient(context, z, 0, 0);
    emitKernelGradients(context, config, z, [0]);
  },
};
