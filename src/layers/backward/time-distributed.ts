import type { Backward } from '../../graph/backward.js';
import type { TimeDistributedConfig } from '../time-distributed.js';
import { denseBackward } from './dense.js';

/** The inner layer's, over all steps at once. */
export const timeDistributedBackward: Backward<TimeDistributedConfig> = {
  emit: (context, { layer }) => {
    denseBackward.emit(context, layer.config);
  },
};
