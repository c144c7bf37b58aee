import type { TrainingKernels } from '../../kernels/generated/kernels.js';
import { flag, optional, rate } from '../../options/options.js';
import type { Parameter } from '../parameters.js';
import type { ClippingOptions } from './clipping.js';
import { positiveFloat } from './positive-float.js';
import type { OptimizerRule } from './rule.js';

export interface RmspropOptions extends ClippingOptions {
  readonly learningRate?: number;
  /** Decay of the mean of squared gradients, in [0, 1). */
  readonly rho?: number;
  /** μ, in [0, 1). */
  readonly momentum?: number;
  readonly epsilon?: number;
  /** Divide by the deviation of the gradients instead of their root mean square (Graves 2013). */
  readonly centered?: boolean;
  /** PyTorch's √v + ε instead of √(v + ε). */
  readonly epsilonOutside?: boolean;
}

export const rmspropFields = {
  learningRate: optional(positiveFloat, 0.001),
  rho: optional(rate, 0.9),
  momentum: optional(rate, 0),
  epsilon: optional(positiveFloat, 1e-7),
  centered: optional(flag, false),
  epsilonOutside: optional(flag, false),
};

type RmspropNumbers = Required<Omit<RmspropOptions, keyof ClippingOptions>>;

/** v ← ρ·v + (1 − ρ)·g², then w ← w − lr·g / √(v + ε), through a velocity where there is momentum. As Keras. */
export class RmspropRule implements OptimizerRule {
  learningRate: number;
  readonly slots: number;
  readonly #options: RmspropNumbers;
  /** No velocity exceeds it. */
  #largestVelocity = 0;

  constructor(options: RmspropNumbers) {
    this.#options = options;
    this.learningRate = options.learningRate;
    this.slots = 1 + (options.centered ? 1 : 0) + (options.momentum > 0 ? 1 : 0);
  }

  get numbers(): { largestVelocity: number } {
    return { largestVelocity: this.#largestVelocity };
  }

  set numbers({ largestVelocity }: { largestVelocity: number }) {
    this.#largestVelocity = largestVelocity;
  }

  beginStep(norm: number): number {
    const { momentum, epsilon, epsilonOutside } = this.#options;
    const { learningRate } = this;
    const change = (learningRate * norm) / (epsilonOutside ? epsilon : Math.sqrt(epsilon));
    this.#largestVelocity = momentum * this.#largestVelocity + change;
    // v holds squares.
    return norm < 1e18 ? this.#largestVelocity : Infinity;
  }

  undoStep(): void {
    // Nothing depends on the number of steps; the bound of the velocities may be too large.
  }

  update(
    kernels: TrainingKernels,
    { values, gradient, count }: Parameter,
    [v = 0, ...others]: readonly number[],
  ): void {
    const { rho, momentum, epsilon, centered, epsilonOutside } = this.#options;
    const { learningRate } = this;
    const mean = centered ? (others[0] ?? 0) : 0;
    const velocity = momentum > 0 ? (others.at(-1) ?? 0) : 0;
    const outside = epsilonOutside ? 1 : 0;
    kernels.rmsprop(values, gradient, v, mean, velocity, count, learningRate, rho, momentum, epsilon, outside);
  }
}
