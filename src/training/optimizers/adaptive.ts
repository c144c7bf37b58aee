import type { TrainingKernels } from '../../kernels/generated/kernels.js';
import { optional, rate } from '../../options/options.js';
import type { Parameter } from '../parameters.js';
import type { CommonOptions } from './common.js';
import { positiveFloat } from './positive-float.js';
import type { OptimizerRule } from './rule.js';

export interface NadamOptions extends CommonOptions {
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
}

export const nadamFields = {
  beta1: optional(rate, 0.9),
  beta2: optional(rate, 0.999),
  epsilon: optional(positiveFloat, 1e-7),
};

interface BetaNumbers {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

/** Adam with Nesterov's momentum, whose β₁ comes up by and by: μₜ = β₁ (1 − ½ · 0.96ᵗ). As Keras. */
export class NadamRule implements OptimizerRule {
  learningRate: number;
  readonly slots = 2;
  readonly #options: BetaNumbers;
  /** 0.96ᵗ, Π μ, and β₂ᵗ. */
  #now = { decay: 1, product: 1, power2: 1, largest: 1 };
  #before = this.#now;

  constructor(options: BetaNumbers) {
    this.#options = options;
    this.learningRate = options.learningRate;
  }

  get numbers(): object {
    return this.#now;
  }

  set numbers(numbers: object) {
    this.#now = { ...this.#now, ...numbers };
  }

  beginStep(norm: number): number {
    this.#before = this.#now;
    const { decay, product, power2, largest } = this.#now;
    const next = decay * 0.96;
    this.#now = {
      decay: next,
      product: product * this.#mu(next),
      power2: power2 * this.#options.beta2,
      largest: Math.max(largest, norm),
    };
    const [ofMean, ofGradient] = this.#shares();
    const change = (this.learningRate * this.#now.largest * (ofMean + ofGradient)) / Math.min(1, this.#options.epsilon);
    return this.#now.largest < 1e18 ? change : Infinity;
  }

  undoStep(): void {
    this.#now = this.#before;
  }

  update(kernels: TrainingKernels, { values, gradient, count }: Parameter, [m = 0, v = 0]: readonly number[]): void {
    const { beta1, beta2, epsilon } = this.#options;
    const [ofMean, ofGradient] = this.#shares();
    const { learningRate } = this;
    const correction2 = 1 - this.#now.power2;
    kernels.nadam(values, gradient, m, v, count, learningRate, beta1, beta2, epsilon, ofMean, ofGradient, correction2);
  }

  #mu(decay: number): number {
    return this.#options.beta1 * (1 - 0.5 * decay);
  }

  #shares(): [ofMean: number, ofGradient: number] {
    const { decay, product } = this.#now;
    const [mu, next] = [this.#mu(decay), this.#mu(decay * 0.96)];
    return [next / (1 - product * next), (1 - mu) / (1 - product)];
  }
}

/** Adam with the greatest gradient in place of the root of the squares. As Keras. */
export class AdamaxRule implements OptimizerRule {
  learningRate: number;
  readonly slots = 2;
  readonly #options: BetaNumbers;
  #now = { power1: 1, largest: 1 };
  #before = this.#now;

  constructor(options: BetaNumbers) {
    this.#options = options;
    this.learningRate = options.learningRate;
  }

  get numbers(): object {
    return this.#now;
  }

  set numbers(numbers: object) {
    this.#now = { ...this.#now, ...numbers };
  }

  beginStep(norm: number): number {
    this.#before = this.#now;
    const { power1, largest } = this.#now;
    this.#now = { power1: power1 * this.#options.beta1, largest: Math.max(largest, norm) };
    const { largest: most, power1: power } = this.#now;
    return (this.learningRate * most) / ((1 - power) * Math.min(1, this.#options.epsilon));
  }

  undoStep(): void {
    this.#now = this.#before;
  }

  update(kernels: TrainingKernels, { values, gradient, count }: Parameter, [m = 0, u = 0]: readonly number[]): void {
    const { beta1, beta2, epsilon } = this.#options;
    const correction1 = 1 - this.#now.power1;
    kernels.adamax(values, gradient, m, u, count, this.learningRate, beta1, beta2, epsilon, correction1);
  }
}

export interface AdadeltaOptions extends CommonOptions {
  readonly rho?: number;
  readonly epsilon?: number;
}

export const adadeltaFields = { rho: optional(rate, 0.95), epsilon: optional(positiveFloat, 1e-7) };

/** Steps as long as those before, by the gradients' size. As Keras. */
export class AdadeltaRule implements OptimizerRule {
  learningRate: number;
  readonly slots = 2;
  readonly #options: { readonly rho: number; readonly epsilon: number };
  /** No change exceeds it, but for the learning rate. */
  #now = { largest: 0 };
  #before = this.#now;

  constructor(options: { readonly learningRate: number; readonly rho: number; readonly epsilon: number }) {
    this.#options = options;
    this.learningRate = options.learningRate;
  }

  get numbers(): object {
    return this.#now;
  }

  set numbers(numbers: object) {
    this.#now = { ...this.#now, ...numbers };
  }

  beginStep(norm: number): number {
    this.#before = this.#now;
    const { epsilon } = this.#options;
    const { largest } = this.#now;
    const change = Math.sqrt((largest * largest + epsilon) / epsilon) * norm;
    this.#now = { largest: Math.max(largest, change) };
    return norm < 1e18 && this.#now.largest < 1e18 ? change * Math.max(1, this.learningRate) : Infinity;
  }

  undoStep(): void {
    this.#now = this.#before;
  }

  update(kernels: TrainingKernels, { values, gradient, count }: Parameter, [a = 0, d = 0]: readonly number[]): void {
    const { rho, epsilon } = this.#options;
    kernels.adadelta(values, gradient, a, d, count, this.learningRate, rho, epsilon);
  }
}

export interface LionOptions extends CommonOptions {
  readonly beta1?: number;
  readonly beta2?: number;
}

export const lionFields = { beta1: optional(rate, 0.9), beta2: optional(rate, 0.99) };

/** Steps of one length, in the direction of a mean of gradients. As Keras. */
export class LionRule implements OptimizerRule {
  learningRate: number;
  readonly slots = 1;
  readonly numbers = {};
  readonly #options: { readonly beta1: number; readonly beta2: number };

  constructor(options: { readonly learningRate: number; readonly beta1: number; readonly beta2: number }) {
    this.#options = options;
    this.learningRate = options.learningRate;
  }

  beginStep(norm: number): number {
    return norm < 1e37 ? this.learningRate : Infinity;
  }

  undoStep(): void {
    // Nothing depends on the number of steps.
  }

  update(kernels: TrainingKernels, { values, gradient, count }: Parameter, [m = 0]: readonly number[]): void {
    const { beta1, beta2 } = this.#options;
    kernels.lion(values, gradient, m, count, this.learningRate, beta1, beta2);
  }
}
