import type { Backward } from '../../graph/backward.js';
import { channelsOf, type Conv1DConfig } from '../conv1d.js';
import { emitConvolutionGradients } from './convolving.js';

export const conv1dBackward: Backward<Conv1DConfig> = {
  emit: (context, config) => {
    emitConvolutionGradients(context, config, channelsOf(config, context.forward.features()));
  },
};
