import type { TrainingKernels } from '../../kernels/generated/kernels.js';
import { flag, optional, rate } from '../../options/options.js';
import type { Parameter } from '../parameters.js';
import { learningRateReader } from '../schedules/learning-rate.js';
import type { CommonOptions } from './common.js';
import { positiveFloat } from './positive-float.js';
import { safeSquare, type OptimizerRule, type Slot, type StepStart } from './rule.js';

export interface RmspropOptions extends CommonOptions {
  /** Decay of the mean of squared gradients, in [0, 1). Default 0.9. */
  readonly rho?: number;
  /** μ, in [0, 1). Default 0. */
  readonly momentum?: number;
  /** Default 1e-7. */
  readonly epsilon?: number;
  /** Divide by the deviation of the gradients instead of their root mean square (Graves 2013). Default false. */
  readonly centered?: boolean;
  /** PyTorch's √v + ε instead of √(v + ε). Default false. */
  readonly epsilonOutside?: boolean;
}

export const rmspropFields = {
  learningRate: optional(learningRateReader, 0.001),
  rho: optional(rate, 0.9),
  momentum: optional(rate, 0),
  epsilon: optional(positiveFloat, 1e-7),
  centered: optional(flag, false),
  epsilonOutside: optional(flag, false),
};

type RmspropNumbers = Required<Omit<RmspropOptions, keyof CommonOptions>>;

/** v ← ρ·v + (1 − ρ)·g², then w ← w − lr·g / √(v + ε), through a velocity where there is momentum. As Keras. */
export class RmspropRule implements OptimizerRule {
  readonly slots: readonly Slot[];
  numbers = {};
  readonly #options: RmspropNumbers;

  constructor(options: RmspropNumbers) {
    this.#options = options;
    this.slots = [
      { name: 'meanSquare', isSquare: true },
      ...(options.centered ? [{ name: 'mean' }] : []),
      ...(options.momentum > 0 ? [{ name: 'velocity' }] : []),
    ];
  }

  beginStep({ norm, learningRate, slotNorm }: StepStart): number {
    const { momentum, epsilon, epsilonOutside } = this.#options;
    const change = (learningRate * norm) / Math.min(1, epsilonOutside ? epsilon : Math.sqrt(epsilon));
    const velocity = momentum > 0 ? slotNorm(this.slots.length - 1) : 0;
    return norm * norm < safeSquare ? momentum * velocity + change : Infinity;
  }

  update(
    kernels: TrainingKernels,
    { values, gradient, count }: Parameter,
    [square = 0, ...others]: readonly number[],
    learningRate: number,
  ): void {
    const { rho, momentum, epsilon, centered, epsilonOutside } = this.#options;
    const mean = centered ? (others[0] ?? 0) : 0;
    const velocity = momentum > 0 ? (others.at(-1) ?? 0) : 0;
    const outside = epsilonOutside ? 1 : 0;
    kernels.rmsprop(values, gradient, square, mean, velocity, count, learningRate, rho, momentum, epsilon, outside);
  }
}
