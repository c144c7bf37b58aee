import type { Backward } from '../../graph/backward.js';
import { groupsOf, type GroupNormalizationConfig } from '../group-normalization.js';

/** From the input, and the moments that the way forward left. */
export const groupNormalizationBackward: Backward<GroupNormalizationConfig> = {
  emit: (context, { groups }) => {
    const dy = context.outputGradient();
    if (dy === null) return;
    const { forward } = context;
    const features = forward.features();
    context.emit(
      'groupNormalizationBackward',
      forward.input(),
      forward.vector('gamma'),
      dy,
      context.inputGradient() ?? context.scratch('d(input)', forward.leading, features),
      context.vectorGradient('gamma'),
      context.vectorGradient('beta'),
      forward.kept('moments'),
      forward.steps,
      forward.batch,
      features,
      groupsOf(groups, features),
    );
  },
};
