import type { Backward } from '../../graph/backward.js';
import type { LayerNormalizationConfig } from '../layer-normalization.js';

/** From the input: mean and variance of each row are cheaper computed again than kept. */
export const layerNormalizationBackward: Backward<LayerNormalizationConfig> = {
  emit: (context, { epsilon }) => {
    const dy = context.outputGradient();
    if (dy === null) return;
    const { forward } = context;
    const features = forward.features();
    context.emit(
      'layerNormalizationBackward',
      forward.input(),
      forward.vector('gamma'),
      dy,
      context.inputGradient() ?? context.scratch('d(input)', forward.leading, features),
      context.vectorGradient('gamma'),
      context.vectorGradient('beta'),
      context.scratch('sums', [2], features),
      forward.rows,
      features,
      epsilon,
    );
  },
};
