import { flag, nonNegative, optional, positiveInteger, rate, refuse, type Reader } from '../../options/options.js';
import type { LearningRate } from '../schedules.js';
import { clippingFields, type ClippingOptions } from './clipping.js';

/** What every optimizer takes. */
export interface CommonOptions extends ClippingOptions {
  /** A number, one of `schedules`, or a function of the step. */
  readonly learningRate?: LearningRate;
  /**
   * Each step takes this share, times the learning rate, off the weights, apart from the gradients (Loshchilov & Hutter 2019). Default 0;
   * of AdamW 0.004.
   */
  readonly weightDecay?: number;
  /** Weights whose path (layer/weight) holds one of these do not decay, such as 'bias'. Default: none. */
  readonly excludeFromWeightDecay?: readonly string[];
  /** A step of the optimizer for so many batches, with the mean of their gradients. Default 1. */
  readonly gradientAccumulationSteps?: number;
  /** Whether a moving average of the weights is kept, which they become when `fit` ends. Default false. */
  readonly useEma?: boolean;
  /** How much of the average stays with each step, in [0, 1). Default 0.99. */
  readonly emaMomentum?: number;
  /** After every so many steps the weights become the average, too. Default: never. */
  readonly emaOverwriteFrequency?: number;
}

const texts: Reader<readonly string[]> = (value, where) =>
  Array.isArray(value) && value.every((item) => typeof item === 'string')
    ? value
    : refuse(where, 'an array of text', value);

export const commonFields = {
  ...clippingFields,
  weightDecay: optional(nonNegative, 0),
  excludeFromWeightDecay: optional(texts, []),
  gradientAccumulationSteps: optional(positiveInteger, 1),
  useEma: optional(flag, false),
  emaMomentum: optional(rate, 0.99),
  emaOverwriteFrequency: optional(positiveInteger, undefined),
};
