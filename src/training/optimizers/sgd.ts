import type { TrainingKernels } from '../../kernels/generated/kernels.js';
import { flag, optional, rate } from '../../options/options.js';
import type { Parameter } from '../parameters.js';
import type { ClippingOptions } from './clipping.js';
import { positiveFloat } from './positive-float.js';
import type { OptimizerRule } from './rule.js';

export interface SgdOptions extends ClippingOptions {
  readonly learningRate?: number;
  /** μ, in [0, 1). */
  readonly momentum?: number;
  /** Look ahead along the velocity (Nesterov 1983). */
  readonly nesterov?: boolean;
}

export const sgdFields = {
  learningRate: optional(positiveFloat, 0.01),
  momentum: optional(rate, 0),
  nesterov: optional(flag, false),
};

/** v ← μ·v − lr·g, then w ← w + v (Nesterov: w ← w + μ·v − lr·g). As Keras. */
export class SgdRule implements OptimizerRule {
  learningRate: number;
  readonly slots: number;
  readonly #options: { readonly learningRate: number; readonly momentum: number; readonly nesterov: boolean };

  /** No velocity exceeds it. */
  #largestVelocity = 0;

  constructor(options: { readonly learningRate: number; readonly momentum: number; readonly nesterov: boolean }) {
    this.#options = options;
    this.learningRate = options.learningRate;
    this.slots = options.momentum > 0 ? 1 : 0;
  }

  get numbers(): { largestVelocity: number } {
    return { largestVelocity: this.#largestVelocity };
  }

  set numbers({ largestVelocity }: { largestVelocity: number }) {
    this.#largestVelocity = largestVelocity;
  }

  beginStep(norm: number): number {
    const { momentum, nesterov } = this.#options;
    const { learningRate } = this;
    const step = learningRate * norm;
    this.#largestVelocity = momentum * this.#largestVelocity + step;
    return nesterov ? momentum * this.#largestVelocity + step : this.#largestVelocity;
  }

  undoStep(): void {
    // Nothing depends on the number of steps; the bound of the velocities may be too large.
  }

  update(kernels: TrainingKernels, { values, gradient, count }: Parameter, [velocity = 0]: readonly number[]): void {
    const { momentum, nesterov } = this.#options;
    const { learningRate } = this;
    kernels.sgd(values, gradient, velocity, count, learningRate, momentum, nesterov ? 1 : 0);
  }
}
