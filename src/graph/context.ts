import type { ArgumentsOf, KernelName, PlanTensor } from '../plan/plan.js';
import type { Size } from '../plan/size.js';

/** How a layer stands to time: what decides whether it can run step by step. */
export interface TimeBehaviour {
  /** Future steps that an output needs: 0, or Infinity (only the whole sequence will do). */
  readonly lookahead: number;
  /** Past steps of its input that a layer reads in place, as head-room before the tensor's first row. */
  readonly history: number;
}

/** What a layer needs to emit its forward steps into a plan. */
export interface ForwardContext {
  /** Whether backward steps will follow: what they need must then be kept. */
  readonly training: boolean;
  /** Whether the input arrives in chunks: then `state` carries what a later chunk needs. */
  readonly streaming: boolean;
  /** Steps of the input (1 without a time axis) and its rows: steps · B. */
  readonly steps: Size;
  readonly rows: Size;
  /** Axes before the features: [T, B] or [B]. */
  readonly leading: readonly Size[];
  readonly mask: PlanTensor | null;
  /** The tensor to which the mask that this call computes is to be written. */
  readonly computedMask: PlanTensor | null;
  input(index?: number): PlanTensor;
  features(index?: number): number;
  initialState(index: number): PlanTensor | null;
  /** An output's tensor; null when nobody reads it. */
  output(index?: number): PlanTensor | null;
  /** The only output's tensor, of a layer that has one. */
  result(): PlanTensor;
  /** Address of packed weights, or of one part of them. */
  weights(block: string, part?: number): number;
  /** A tensor of this call's own. In training it lives until the backward steps have used it, under this name. */
  scratch(name: string, leading: readonly Size[], features: number): PlanTensor;
  /** As `scratch`, for a mask. */
  scratchMask(name: string): PlanTensor;
  /** Keeps a tensor for the backward steps under a name, as `scratch` does with those it makes. */
  keep(name: string, tensor: PlanTensor): PlanTensor;
  /** Values that a session (or a stateful layer) carries from run to run: [B, features]; null: this call carries none. */
  state(name: string, features: number): PlanTensor | null;
  /** Streaming history of so many bytes, zeros at first. */
  history(name: string, bytes: Size): PlanTensor;
  emit<K extends KernelName>(kernel: K, ...args: ArgumentsOf<K>): void;
}
