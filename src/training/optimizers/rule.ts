import type { TrainingKernels } from '../../kernels/generated/kernels.js';
import type { Parameter } from '../parameters.js';

/** How one kind of optimizer changes the weights. It may keep blocks of floats (slots) beside each weight. */
export interface OptimizerRule {
  readonly slots: number;
  /** What the slots hold before the first step; absent: 0. */
  readonly initialSlotValue?: number;
  /** Called once before the updates of each step. */
  beginStep(): void;
  update(kernels: TrainingKernels, parameter: Parameter, slots: readonly number[]): void;
}
