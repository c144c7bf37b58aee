import type { TrainingKernels } from '../../kernels/generated/kernels.js';
import { flag, optional, refuse, type Reader } from '../../options/options.js';
import type { Parameter } from '../parameters.js';
import type { ClippingOptions } from './clipping.js';
import { positiveFloat } from './positive-float.js';
import type { OptimizerRule } from './rule.js';

export interface AdagradOptions extends ClippingOptions {
  readonly learningRate?: number;
  /** What the sums of squared gradients start from; not negative. */
  readonly initialAccumulatorValue?: number;
  readonly epsilon?: number;
  /** PyTorch's √a + ε instead of √(a + ε). */
  readonly epsilonOutside?: boolean;
}

const nonNegativeFloat: Reader<number> = (value, where) =>
  typeof value === 'number' && value >= 0 && Math.fround(value) < Infinity
    ? value
    : refuse(where, 'a non-negative number that float32 can hold', value);

export const adagradFields = {
  learningRate: optional(positiveFloat, 0.001),
  initialAccumulatorValue: optional(nonNegativeFloat, 0.1),
  epsilon: optional(positiveFloat, 1e-7),
  epsilonOutside: optional(flag, false),
};

type AdagradNumbers = Required<Omit<AdagradOptions, keyof ClippingOptions>>;

/** a ← a + g², then w ← w − lr·g / √(a + ε). As Keras. */
export class AdagradRule implements OptimizerRule {
  learningRate: number;
  readonly slots = 1;
  readonly initialSlotValue: number;
  readonly #options: AdagradNumbers;
  /** No accumulator exceeds it. */
  #largestSum: number;
  /** That before the last step. */
  #sumBefore: number;

  constructor(options: AdagradNumbers) {
    this.#options = options;
    this.learningRate = options.learningRate;
    this.initialSlotValue = options.initialAccumulatorValue;
    this.#largestSum = options.initialAccumulatorValue;
    this.#sumBefore = this.#largestSum;
  }

  get numbers(): { largestSum: number } {
    return { largestSum: this.#largestSum };
  }

  set numbers({ largestSum }: { largestSum: number }) {
    this.#largestSum = largestSum;
  }

  beginStep(norm: number): number {
    const { epsilon, epsilonOutside } = this.#options;
    const { learningRate } = this;
    this.#sumBefore = this.#largestSum;
    this.#largestSum += norm * norm;
    const change = (learningRate * norm) / (epsilonOutside ? epsilon : Math.sqrt(epsilon));
    return this.#largestSum < 1e37 ? change : Infinity;
  }

  undoStep(): void {
    this.#largestSum = this.#sumBefore;
  }

  update(kernels: TrainingKernels, { values, gradient, count }: Parameter, [sum = 0]: readonly number[]): void {
    const { epsilon, epsilonOutside } = this.#options;
    const { learningRate } = this;
    kernels.adagrad(values, gradient, sum, count, learningRate, epsilon, epsilonOutside ? 1 : 0);
  }
}
