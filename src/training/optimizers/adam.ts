import type { TrainingKernels } from '../../kernels/generated/kernels.js';
import { flag, optional, rate } from '../../options/options.js';
import type { Parameter } from '../parameters.js';
import type { ClippingOptions } from './clipping.js';
import { positiveFloat } from './positive-float.js';
import type { OptimizerRule } from './rule.js';

export interface AdamOptions extends ClippingOptions {
  readonly learningRate?: number;
  /** Decay of the mean of gradients, in [0, 1). */
  readonly beta1?: number;
  /** Decay of the mean of squared gradients, in [0, 1). */
  readonly beta2?: number;
  readonly epsilon?: number;
  /** Keras's ε̂: added to √v before the bias correction. */
  readonly epsilonHat?: boolean;
}

export const adamFields = {
  learningRate: optional(positiveFloat, 0.001),
  beta1: optional(rate, 0.9),
  beta2: optional(rate, 0.999),
  epsilon: optional(positiveFloat, 1e-7),
  epsilonHat: optional(flag, false),
};

type AdamNumbers = Required<Pick<AdamOptions, 'learningRate' | 'beta1' | 'beta2' | 'epsilon' | 'epsilonHat'>>;

/** Adam; βᵗ are running products, so no power function is needed, whose last bit hosts may round their own way. */
export class AdamRule implements OptimizerRule {
  learningRate: number;
  readonly slots = 2;
  readonly #options: AdamNumbers;
  #power1 = 1;
  #power2 = 1;
  /** Those before the last step. */
  #before1 = 1;
  #before2 = 1;
  /** What no m and no √v exceeds; at least 1, so that the learning rate itself is bounded too. */
  #largest = 1;

  constructor(options: AdamNumbers) {
    this.#options = options;
    this.learningRate = options.learningRate;
  }

  get numbers(): { power1: number; power2: number; largest: number } {
    return { power1: this.#power1, power2: this.#power2, largest: this.#largest };
  }

  set numbers({ power1, power2, largest }: { power1: number; power2: number; largest: number }) {
    this.#power1 = power1;
    this.#power2 = power2;
    this.#largest = largest;
  }

  beginStep(norm: number): number {
    this.#before1 = this.#power1;
    this.#before2 = this.#power2;
    this.#power1 *= this.#options.beta1;
    this.#power2 *= this.#options.beta2;
    this.#largest = Math.max(this.#largest, norm);
    const { epsilon } = this.#options;
    const { learningRate } = this;
    const change = (learningRate * this.#largest) / ((1 - this.#power1) * Math.min(1, epsilon));
    // v holds squares.
    return this.#largest < 1e18 ? change : Infinity;
  }

  undoStep(): void {
    this.#power1 = this.#before1;
    this.#power2 = this.#before2;
  }

  update(kernels: TrainingKernels, { values, gradient, count }: Parameter, [m = 0, v = 0]: readonly number[]): void {
    const { beta1, beta2, epsilon, epsilonHat } = this.#options;
    const { learningRate } = this;
    const [correction1, correction2] = [1 - this.#power1, 1 - this.#power2];
    const hat = epsilonHat ? 1 : 0;
    kernels.adam(values, gradient, m, v, count, learningRate, beta1, beta2, epsilon, correction1, correction2, hat);
  }
}
