import type { TrainingKernels } from '../../kernels/generated/kernels.js';
import type { Parameter } from '../parameters.js';
import type { MomentNumbers } from './adam.js';
import type { OptimizerRule, Slot, StepStart } from './rule.js';

/** Adamax (Kingma & Ba 2015, section 7.1): Adam that divides by the largest magnitude. As Keras. */
export class AdamaxRule implements OptimizerRule {
  readonly slots: readonly Slot[] = [{ name: 'mean' }, { name: 'largest', isSquare: true }];
  numbers = { power1: 1 };
  readonly #options: MomentNumbers;

  constructor(options: MomentNumbers) {
    this.#options = options;
  }

  beginStep({ norm, learningRate, slotNorm }: StepStart): number {
    const { beta1, epsilon } = this.#options;
    this.numbers = { power1: this.numbers.power1 * beta1 };
    const step = learningRate / (1 - this.numbers.power1);
    return (step * Math.max(1, slotNorm(0), norm)) / Math.min(1, epsilon);
  }

  update(
    kernels: TrainingKernels,
    { values, gradient, count }: Parameter,
    [mean = 0, largest = 0]: readonly number[],
    learningRate: number,
  ): void {
    const { beta1, beta2, epsilon } = this.#options;
    const correction1 = 1 - this.numbers.power1;
    kernels.adamax(values, gradient, mean, largest, count, learningRate, beta1, beta2, epsilon, correction1);
  }
}
