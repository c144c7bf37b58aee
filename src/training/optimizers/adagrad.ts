import type { TrainingKernels } from '../../kernels/generated/kernels.js';
import { flag, optional } from '../../options/options.js';
import type { Parameter } from '../parameters.js';
import { learningRateReader } from '../schedules/learning-rate.js';
import type { CommonOptions } from './common.js';
import { nonNegativeFloat, positiveFloat } from './positive-float.js';
import { safeSquare, type OptimizerRule, type Slot, type StepStart } from './rule.js';

export interface AdagradOptions extends CommonOptions {
  /** What the sums of squared gradients start from; not negative. Default 0.1. */
  readonly initialAccumulatorValue?: number;
  /** Default 1e-7. */
  readonly epsilon?: number;
  /** PyTorch's √a + ε instead of √(a + ε). Default false. */
  readonly epsilonOutside?: boolean;
}

export const adagradFields = {
  learningRate: optional(learningRateReader, 0.001),
  initialAccumulatorValue: optional(nonNegativeFloat, 0.1),
  epsilon: optional(positiveFloat, 1e-7),
  epsilonOutside: optional(flag, false),
};

type AdagradNumbers = Required<Omit<AdagradOptions, keyof CommonOptions>>;

/** a ← a + g², then w ← w − lr·g / √(a + ε). As Keras. */
export class AdagradRule implements OptimizerRule {
  readonly slots: readonly Slot[];
  numbers = {};
  readonly #options: AdagradNumbers;

  constructor(options: AdagradNumbers) {
    this.#options = options;
    this.slots = [{ name: 'accumulator', initialValue: options.initialAccumulatorValue, isSquare: true }];
  }

  beginStep({ norm, learningRate, slotNorm }: StepStart): number {
    const { epsilon, epsilonOutside } = this.#options;
    const change = (learningRate * norm) / Math.min(1, epsilonOutside ? epsilon : Math.sqrt(epsilon));
    return slotNorm(0) + norm * norm < safeSquare ? change : Infinity;
  }

  update(
    kernels: TrainingKernels,
    { values, gradient, count }: Parameter,
    [sum = 0]: readonly number[],
    learningRate: number,
  ): void {
    const { epsilon, epsilonOutside } = this.#options;
    kernels.adagrad(values, gradient, sum, count, learningRate, epsilon, epsilonOutside ? 1 : 0);
  }
}
