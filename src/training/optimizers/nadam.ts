import type { TrainingKernels } from '../../kernels/generated/kernels.js';
import type { Parameter } from '../parameters.js';
import type { MomentNumbers } from './adam.js';
import { safeSquare, type OptimizerRule, type Slot, type StepStart } from './rule.js';

/** Nadam (Dozat 2016) with the momentum schedule of its paper, uₜ = β₁ (1 − ½ · 0.96ᵗ). As Keras. */
export class NadamRule implements OptimizerRule {
  readonly slots: readonly Slot[] = [{ name: 'mean' }, { name: 'meanSquare', isSquare: true }];
  /** 0.96ᵗ, u₁ ⋯ uₜ and β₂ᵗ. */
  numbers = { decay: 1, momentumProduct: 1, power2: 1 };
  readonly #options: MomentNumbers;

  constructor(options: MomentNumbers) {
    this.#options = options;
  }

  beginStep({ norm, learningRate, slotNorm }: StepStart): number {
    const { numbers } = this;
    const decay = numbers.decay * 0.96;
    const momentumProduct = numbers.momentumProduct * this.#momentum(decay);
    this.numbers = { decay, momentumProduct, power2: numbers.power2 * this.#options.beta2 };
    const largest = Math.max(1, slotNorm(0), norm);
    const { meanStep, gradientStep } = this.#steps(learningRate);
    const change = ((meanStep + gradientStep) * largest) / Math.min(1, this.#options.epsilon);
    return norm * norm < safeSquare ? change : Infinity;
  }

  update(
    kernels: TrainingKernels,
    { values, gradient, count }: Parameter,
    [m = 0, v = 0]: readonly number[],
    learningRate: number,
  ): void {
    const { beta1, beta2, epsilon } = this.#options;
    const { meanStep, gradientStep } = this.#steps(learningRate);
    const correction2 = 1 - this.numbers.power2;
    kernels.nadam(values, gradient, m, v, count, meanStep, gradientStep, beta1, beta2, epsilon, correction2);
  }

  /** uₜ, from 0.96ᵗ. */
  #momentum(decay: number): number {
    return this.#options.beta1 * (1 - 0.5 * decay);
  }

  /** What the mean and the gradient itself count in a step. */
  #steps(learningRate: number): { readonly meanStep: number; readonly gradientStep: number } {
    const { decay, momentumProduct } = this.numbers;
    const next = this.#momentum(decay * 0.96);
    return {
      meanStep: (learningRate * next) / (1 - momentumProduct * next),
      gradientStep: (learningRate * (1 - this.#momentum(decay))) / (1 - momentumProduct),
    };
  }
}
