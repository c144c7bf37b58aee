import { activationCode, type ActivationName } from '../../activations/activation.js';
import type { Backward, BackwardContext } from '../../graph/backward.js';
import type { PlanTensor } from '../../plan/plan.js';
import { multiply } from '../../plan/size.js';
import type { ActivationConfig } from '../activation.js';

export const activationBackward: Backward<ActivationConfig> = {
  emit: (context, { activation }) => {
    const [dy, dx] = [context.outputGradient(), context.inputGradient()];
    if (dy === null || dx === null) return;
    emitActivationGradient(context, activation, context.forward.result(), dy, dx);
  },
};

/** dx += dy · φ'(x), from the output y = φ(x); in place (dx = dy) it overwrites. */
export function emitActivationGradient(
  context: BackwardContext,
  name: ActivationName,
  y: PlanTensor,
  dy: PlanTensor,
  dx: PlanTensor,
): void {
  const accumulate = dx === dy ? 0 : 1;
  const rows = context.forward.outputLeading.reduce(multiply);
  const features = dy.rowBytes / 4;
  if (name === 'softmax') context.emit('softmaxBackward', y, dy, dx, rows, features, accumulate);
  else if (name !== 'linear' || dx !== dy) {
    context.emit('activateBackward', activationCode(name), y, dy, dx, rows, features, accumulate);
  }
}
