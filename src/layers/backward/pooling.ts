import type { Backward } from '../../graph/backward.js';
import { isAverage, poolingWindows, type PoolingConfig } from '../pooling.js';
import { paddedBefore } from '../windows.js';

/** A maximum's gradient goes to the first step of its window that holds it, a mean's in equal shares to all of them. */
export const poolingBackward: Backward<PoolingConfig> = {
  emit: (context, config) => {
    const { forward } = context;
    const [dy, dx] = [context.outputGradient(), context.inputGradient()];
    if (dy === null || dx === null) return;
    const windows = poolingWindows(config);
    const { steps, outputSteps, batch } = forward;
    const before = paddedBefore(windows, steps, outputSteps);
    context.emit(
      'poolBackward',
      forward.input(),
      forward.result(),
      dy,
      dx,
      isAverage(forward.layer.definition),
      steps,
      outputSteps,
      batch,
      forward.features(),
      windows.span,
      windows.strides,
      before,
    );
  },
};
