import { activationCode } from '../../activations/activation.js';
import type { Backward } from '../../graph/backward.js';
import type { RecurrentConfig } from '../recurrent.js';
import {
  emitInitialStateGradient,
  emitKernelGradients,
  emitRecurrentGradient,
  emitStateGradient,
  sequenceGradient,
  stepMask,
} from './recurrent.js';
import { forwardWithDropout, stateDropout } from './recurrent-dropout.js';

/** Backpropagation through time (Werbos 1990); the kernel walks the steps, products over all steps follow. */
export const simpleRnnBackward: Backward<RecurrentConfig> = {
  forward: forwardWithDropout(1),
  emit: (context, config) => {
    const { forward } = context;
    const z = forward.kept('preactivations');
    const dh = emitStateGradient(context, config, 0);
    const { transposed, factors, scratch } = stateDropout(context, config, 1);
    context.emit(
      'simpleRnnBackwardDropped',
      z,
      forward.kept('sequence'),
      sequenceGradient(context, config),
      dh,
      transposed,
      factors,
      scratch,
      stepMask(context, config),
      forward.steps,
      forward.batch,
      config.units,
      activationCode(config.activation),
    );
    emitInitialStateGradient(context, 0, dh);
    emitRecurrentGradient(context, z, 0, 0);
    emitKernelGradients(context, config, z, [0]);
  },
};
