import { flag, listOf, optional, positiveInteger, share, text } from '../../options/options.js';
import type { LearningRate } from '../schedules/schedule-options.js';
import { clippingFields, type ClippingOptions } from './clipping.js';
import { nonNegativeFloat } from './positive-float.js';

/** What every optimizer can do beside its own rule. */
export interface CommonOptions extends ClippingOptions {
  /** A positive number, a schedule of `schedules`, or a function of the step. */
  readonly learningRate?: LearningRate;
  /**
   * Before each step w ← w − lr · weightDecay · w, apart from the gradient (Loshchilov & Hutter 2019). Not negative; default 0, of
   * adamw 0.004.
   */
  readonly weightDecay?: number;
  /** Weights that do not decay: by name, such as 'bias' or 'gamma', or by path, such as 'dense_1/kernel'. Default: none. */
  readonly excludeFromWeightDecay?: readonly string[];
  /** Keep an exponential moving average of the weights: what `fit` ends with. Default false. */
  readonly useEma?: boolean;
  /** Its decay, in [0, 1]. Default 0.99. */
  readonly emaMomentum?: number;
  /** After how many steps, each time, the weights become their averages. Default: never. */
  readonly emaOverwriteFrequency?: number | undefined;
  /** Over how many batches gradients are averaged before a step is taken. Default 1. */
  readonly gradientAccumulationSteps?: number;
}

/** Readers of all of them but the learning rate, whose default is each optimizer's own. */
export const commonFields = {
  weightDecay: optional(nonNegativeFloat, 0),
  excludeFromWeightDecay: optional(listOf(text), [] as readonly string[]),
  useEma: optional(flag, false),
  emaMomentum: optional(share, 0.99),
  emaOverwriteFrequency: optional(positiveInteger, undefined),
  gradientAccumulationSteps: optional(positiveInteger, 1),
  ...clippingFields,
};
