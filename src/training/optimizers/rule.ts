import type { TrainingKernels } from '../../kernels/generated/kernels.js';
import type { Parameter } from '../parameters.js';

/** A block of floats that an optimizer keeps beside each weight. */
export interface Slot {
  /** Files name it so. */
  readonly name: string;
  /** What it holds before the first step. Default 0. */
  readonly initialValue?: number;
  /** Whether it holds no negative numbers: a root is taken of them. */
  readonly isSquare?: true;
}

/** What a step begins with. */
export interface StepStart {
  /** Of all gradients: no value of them exceeds it. */
  readonly norm: number;
  readonly learningRate: number;
  /** Of a slot over all weights, likewise; worked out when it is asked for. */
  readonly slotNorm: (slot: number) => number;
}

/** How one kind of optimizer changes the weights. */
export interface OptimizerRule {
  readonly slots: readonly Slot[];
  /** What it counts beside them: powers, between 0 and 1. Saved, and put back when a step is undone. */
  numbers: Readonly<Record<string, number>>;
  /**
   * Called once before the updates of each step.
   * @returns what the step changes no weight by more than; Infinity where the slots, or something on the way, might overflow.
   */
  beginStep(start: StepStart): number;
  update(kernels: TrainingKernels, parameter: Parameter, slots: readonly number[], learningRate: number): void;
}

/** Below it there is room for what is added to squares, in float32: its largest number is 3.4e38. */
export const safeSquare = 1e37;
