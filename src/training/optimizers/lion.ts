import type { TrainingKernels } from '../../kernels/generated/kernels.js';
import { optional, rate } from '../../options/options.js';
import type { Parameter } from '../parameters.js';
import { learningRateReader } from '../schedules/learning-rate.js';
import type { CommonOptions } from './common.js';
import type { OptimizerRule, Slot, StepStart } from './rule.js';

export interface LionOptions extends CommonOptions {
  /** How much of the mean goes into a step, in [0, 1). Default 0.9. */
  readonly beta1?: number;
  /** Decay of the mean of gradients, in [0, 1). Default 0.99. */
  readonly beta2?: number;
}

export const lionFields = {
  learningRate: optional(learningRateReader, 0.001),
  beta1: optional(rate, 0.9),
  beta2: optional(rate, 0.99),
};

type LionNumbers = Required<Omit<LionOptions, keyof CommonOptions>>;

/** w ← w − lr·sign(β₁·m + (1 − β₁)·g), m ← β₂·m + (1 − β₂)·g (Chen et al. 2023). As Keras. */
export class LionRule implements OptimizerRule {
  readonly slots: readonly Slot[] = [{ name: 'mean' }];
  numbers = {};
  readonly #options: LionNumbers;

  constructor(options: LionNumbers) {
    this.#options = options;
  }

  beginStep({ learningRate }: StepStart): number {
    // A mean does not exceed what it is of; the step has the learning rate's size, whatever the gradients.
    return learningRate;
  }

  update(
    kernels: TrainingKernels,
    { values, gradient, count }: Parameter,
    [mean = 0]: readonly number[],
    learningRate: number,
  ): void {
    kernels.lion(values, gradient, mean, count, learningRate, this.#options.beta1, this.#options.beta2);
  }
}
