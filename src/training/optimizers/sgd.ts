import type { TrainingKernels } from '../../kernels/generated/kernels.js';
import { flag, optional, rate } from '../../options/options.js';
import type { Parameter } from '../parameters.js';
import { learningRateReader } from '../schedules/learning-rate.js';
import type { CommonOptions } from './common.js';
import type { OptimizerRule, Slot, StepStart } from './rule.js';

export interface SgdOptions extends CommonOptions {
  /** μ, in [0, 1). Default 0. */
  readonly momentum?: number;
  /** Look ahead along the velocity (Nesterov 1983). Default false. */
  readonly nesterov?: boolean;
}

export const sgdFields = {
  learningRate: optional(learningRateReader, 0.01),
  momentum: optional(rate, 0),
  nesterov: optional(flag, false),
};

type SgdNumbers = Required<Omit<SgdOptions, keyof CommonOptions>>;

/** v ← μ·v − lr·g, then w ← w + v (Nesterov: w ← w + μ·v − lr·g). As Keras. */
export class SgdRule implements OptimizerRule {
  readonly slots: readonly Slot[];
  numbers = {};
  readonly #options: SgdNumbers;

  constructor(options: SgdNumbers) {
    this.#options = options;
    this.slots = options.momentum > 0 ? [{ name: 'velocity' }] : [];
  }

  beginStep({ norm, learningRate, slotNorm }: StepStart): number {
    const { momentum, nesterov } = this.#options;
    const step = learningRate * norm;
    const next = momentum > 0 ? momentum * slotNorm(0) + step : step;
    return nesterov ? Math.max(next, momentum * next + step) : next;
  }

  update(
    kernels: TrainingKernels,
    { values, gradient, count }: Parameter,
    [velocity = 0]: readonly number[],
    learningRate: number,
  ): void {
    const { momentum, nesterov } = this.#options;
    kernels.sgd(values, gradient, velocity, count, learningRate, momentum, nesterov ? 1 : 0);
  }
}
