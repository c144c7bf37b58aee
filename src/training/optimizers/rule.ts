import type { TrainingKernels } from '../../kernels/generated/kernels.js';
import type { Parameter } from '../parameters.js';

/** How one kind of optimizer changes the weights. It may keep blocks of floats (slots) beside each weight. */
export interface OptimizerRule {
  /** Of the next step. */
  learningRate: number;
  /** What it remembers beside its slots, to go on from later. */
  numbers: object;
  readonly slots: number;
  /** What the slots hold before the first step; absent: 0. */
  readonly initialSlotValue?: number;
  /**
   * Called once before the updates of each step, with the norm of all gradients, which none of them exceeds.
   * @returns what the step changes no weight by more than; Infinity where the slots, or something on the way, might overflow.
   */
  beginStep(norm: number): number;
  /** Called when the step that was begun last is undone. The optimizer itself puts weights and slots back. */
  undoStep(): void;
  update(kernels: TrainingKernels, parameter: Parameter, slots: readonly number[]): void;
}
