import type { Backward } from '../../graph/backward.js';
import { depthwiseChannels, type DepthwiseConfig } from '../depthwise-conv1d.js';
import { emitConvolutionGradients } from './convolving.js';

export const depthwiseConv1dBackward: Backward<DepthwiseConfig> = {
  emit: (context, config) => {
    emitConvolutionGradients(context, config, depthwiseChannels(config, context.forward.features()));
  },
};
