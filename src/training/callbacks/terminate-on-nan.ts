import { fields } from '../../options/options.js';
import type { RunningCallback } from './callback.js';

/**
 * Ends training, and keeps what was learnt, where a batch's loss, gradient or step is NaN or infinite: `fit` gives its history instead
 * of rejecting with NonFiniteLossError. As `keras.callbacks.TerminateOnNaN`; but the weights are those of the last good batch.
 */
export function runTerminateOnNaN(given: unknown, where: string): RunningCallback {
  fields(given, where, {});
  return {
    onNonFiniteLoss: ({ error, training }) => {
      training.stop(`terminateOnNaN: ${error.message}`);
    },
  };
}
