import type { TrainingKernels } from '../../kernels/generated/kernels.js';
import { optional, rate } from '../../options/options.js';
import type { Parameter } from '../parameters.js';
import { learningRateReader } from '../schedules/learning-rate.js';
import type { CommonOptions } from './common.js';
import { positiveFloat } from './positive-float.js';
import { safeSquare, type OptimizerRule, type Slot, type StepStart } from './rule.js';

export interface AdadeltaOptions extends CommonOptions {
  /** Decay of the means of squared gradients and squared changes, in [0, 1). Default 0.95. */
  readonly rho?: number;
  /** Default 1e-7. */
  readonly epsilon?: number;
}

export const adadeltaFields = {
  learningRate: optional(learningRateReader, 0.001),
  rho: optional(rate, 0.95),
  epsilon: optional(positiveFloat, 1e-7),
};

type AdadeltaNumbers = Required<Omit<AdadeltaOptions, keyof CommonOptions>>;

/** Δ = −√(d + ε) / √(a + ε) · g, w ← w + lr·Δ; a and d are the means of g² and Δ². As Keras. */
export class AdadeltaRule implements OptimizerRule {
  readonly slots: readonly Slot[] = [
    { name: 'meanSquare', isSquare: true },
    { name: 'meanSquareChange', isSquare: true },
  ];
  numbers = {};
  readonly #options: AdadeltaNumbers;

  constructor(options: AdadeltaNumbers) {
    this.#options = options;
  }

  beginStep({ norm, learningRate, slotNorm }: StepStart): number {
    const { epsilon } = this.#options;
    const change = Math.sqrt(slotNorm(1) + epsilon) * norm * Math.max(1, 1 / Math.sqrt(epsilon));
    const isSafe = norm * norm < safeSquare && change * change < safeSquare;
    return isSafe ? learningRate * change : Infinity;
  }

  update(
    kernels: TrainingKernels,
    { values, gradient, count }: Parameter,
    [a = 0, d = 0]: readonly number[],
    learningRate: number,
  ): void {
    const { rho, epsilon } = this.#options;
    kernels.adadelta(values, gradient, a, d, count, learningRate, rho, epsilon);
  }
}
