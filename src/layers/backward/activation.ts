import {
  activationCode,
  codeByInput,
  needsInput,
  usualSlope,
  type ActivationName,
} from '../../activations/activation.js';
import type { Backward, BackwardContext } from '../../graph/backward.js';
import type { PlanTensor } from '../../plan/plan.js';
import { multiply } from '../../plan/size.js';
import type { ActivationConfig } from '../activation.js';
import type { SlopedConfig } from '../leaky-relu.js';

export const activationBackward: Backward<ActivationConfig> = {
  emit: (context, { activation }) => {
    const [dy, dx] = [context.outputGradient(), context.inputGradient()];
    if (dy === null || dx === null) return;
    emitActivationGradient(context, activation, context.forward.result(), dy, dx);
  },
};

/** dx += dy · φ'(x), from the output y = φ(x) or the input that was kept; in place (dx = dy) it overwrites. */
export function emitActivationGradient(
  context: BackwardContext,
  name: ActivationName,
  y: PlanTensor,
  dy: PlanTensor,
  dx: PlanTensor,
  alpha?: number,
): void {
  const { forward } = context;
  const accumulate = dx === dy ? 0 : 1;
  const rows = forward.outputLeading.reduce(multiply);
  const features = dy.shape.at(-1) ?? 1;
  if (name === 'softmax') context.emit('softmaxBackward', y, dy, dx, rows, features, accumulate);
  else if (name === 'logSoftmax') context.emit('logSoftmaxBackward', y, dy, dx, rows, features, accumulate);
  else if (needsInput(name) || alpha !== undefined) {
    const [code, x] = [codeByInput(name as 'leakyRelu' | 'elu'), forward.kept('preactivation')];
    context.emit('activateByInputBackward', code, alpha ?? usualSlope, x, dy, dx, rows, features, accumulate);
  } else if (name !== 'linear' || dx !== dy) {
    context.emit('activateBackward', activationCode(name), y, dy, dx, rows, features, accumulate);
  }
}

/** Of LeakyReLU and ELU. */
export const slopedBackward: Backward<SlopedConfig> = {
  emit: (context, { negativeSlope, alpha = negativeSlope }) => {
    const [dy, dx] = [context.outputGradient(), context.inputGradient()];
    if (dy === null || dx === null) return;
    const name = negativeSlope === undefined ? 'elu' : 'leakyRelu';
    emitActivationGradient(context, name, context.forward.result(), dy, dx, alpha);
  },
};
