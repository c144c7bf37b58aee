import type { TrainingKernels } from '../../kernels/generated/kernels.js';
import { flag, optional, rate } from '../../options/options.js';
import type { Parameter } from '../parameters.js';
import { learningRateReader } from '../schedules/learning-rate.js';
import { nonNegativeFloat, positiveFloat } from './positive-float.js';
import type { CommonOptions } from './common.js';
import { safeSquare, type OptimizerRule, type Slot, type StepStart } from './rule.js';

export interface MomentOptions extends CommonOptions {
  /** Decay of the mean of gradients, in [0, 1). Default 0.9. */
  readonly beta1?: number;
  /** Decay of the mean of squared gradients (Adamax: of their largest magnitude), in [0, 1). Default 0.999. */
  readonly beta2?: number;
  /** Default 1e-7. */
  readonly epsilon?: number;
}

export interface AdamOptions extends MomentOptions {
  /** Divide by the largest mean square so far instead of the present one (AMSGrad, Reddi et al. 2018). Default false. */
  readonly amsgrad?: boolean;
  /** Keras's ε̂: added to √v before the bias correction. Default false. */
  readonly epsilonHat?: boolean;
}

export const momentFields = {
  learningRate: optional(learningRateReader, 0.001),
  beta1: optional(rate, 0.9),
  beta2: optional(rate, 0.999),
  epsilon: optional(positiveFloat, 1e-7),
};

export const adamFields = {
  ...momentFields,
  amsgrad: optional(flag, false),
  epsilonHat: optional(flag, false),
};

export const adamwFields = { ...adamFields, weightDecay: optional(nonNegativeFloat, 0.004) };

export type MomentNumbers = Required<Omit<MomentOptions, keyof CommonOptions>>;
type AdamNumbers = Required<Omit<AdamOptions, keyof CommonOptions>>;

/** Adam; βᵗ are running products, so no power function is needed, whose last bit hosts may round their own way. */
export class AdamRule implements OptimizerRule {
  readonly slots: readonly Slot[];
  numbers = { power1: 1, power2: 1 };
  readonly #options: AdamNumbers;

  constructor(options: AdamNumbers) {
    this.#options = options;
    const greatest: Slot = { name: 'greatestMeanSquare', isSquare: true };
    this.slots = [{ name: 'mean' }, { name: 'meanSquare', isSquare: true }, ...(options.amsgrad ? [greatest] : [])];
  }

  beginStep({ norm, learningRate, slotNorm }: StepStart): number {
    const { beta1, beta2, epsilon } = this.#options;
    const { power1, power2 } = this.numbers;
    this.numbers = { power1: power1 * beta1, power2: power2 * beta2 };
    // At least 1, so that the learning rate itself is bounded too.
    const largest = Math.max(1, slotNorm(0), norm);
    const change = (learningRate * largest) / ((1 - this.numbers.power1) * Math.min(1, epsilon));
    return norm * norm < safeSquare ? change : Infinity;
  }

  update(
    kernels: TrainingKernels,
    { values, gradient, count }: Parameter,
    [m = 0, v = 0, greatest = 0]: readonly number[],
    learningRate: number,
  ): void {
    const { beta1, beta2, epsilon, epsilonHat } = this.#options;
    const [correction1, correction2] = [1 - this.numbers.power1, 1 - this.numbers.power2];
    const rates = [learningRate, beta1, beta2, epsilon, correction1, correction2] as const;
    kernels.adam(values, gradient, m, v, greatest, count, ...rates, epsilonHat ? 1 : 0);
  }
}
