import type { ArgumentsOf, KernelName, PlanTensor } from '../plan/plan.js';
import type { Size } from '../plan/size.js';
import type { View } from './view.js';

/** Steps of zeros that are read before a tensor's first row and behind its last one. */
export interface Room {
  readonly head: number;
  readonly tail: number;
}

/** What a layer needs to emit its forward steps into a plan. */
export interface ForwardContext {
  /** Whether backward steps will follow: what they need must then be kept. */
  readonly training: boolean;
  /** Whether the input arrives in chunks: then `state` carries what a later chunk needs. */
  readonly streaming: boolean;
  /** Steps of the input (1 without a time axis), sequences side by side, and rows: steps · batch. */
  readonly steps: Size;
  readonly batch: Size;
  readonly rows: Size;
  /** Axes before the features: [T, B] or [B]. */
  readonly leading: readonly Size[];
  readonly mask: PlanTensor | null;
  /** The tensor to which the mask that this call computes is to be written. */
  readonly computedMask: PlanTensor | null;
  input(index?: number): PlanTensor;
  features(index?: number): number;
  /** How many inputs there are, and how input `index`, or the only output, lies. */
  readonly inputs: number;
  viewOf(which: number | 'output'): View;
  /** The inputs' masks, of a layer that computes its own from them. */
  readonly inputMasks: readonly (PlanTensor | null)[];
  /** Axes of the only output before its features. */
  readonly outputLeading: readonly Size[];
  /** Steps of the only output. */
  readonly outputSteps: Size;
  /** In a stream: how many steps of the input came before this run's, where `steps` depends on it. */
  readonly stepsBefore: Size;
  initialState(index: number): PlanTensor | null;
  /** An output's tensor; null when nobody reads it. */
  output(index?: number): PlanTensor | null;
  /** The only output's tensor, of a layer that has one. */
  result(): PlanTensor;
  /** Address of packed weights, or of one part of them. */
  weights(block: string, part?: number): number;
  /** Address of a weight that is read as it is, such as gamma, or of a derived vector; 0 where the layer has none of this name. */
  vector(name: string): number;
  /** A tensor of this call's own. In training it lives until the backward steps have used it, under this name. */
  scratch(name: string, leading: readonly Size[], features: number): PlanTensor;
  /** As `scratch`, for a mask. */
  scratchMask(name: string): PlanTensor;
  /** Keeps a tensor for the backward steps under a name, as `scratch` does with those it makes. */
  keep(name: string, tensor: PlanTensor): PlanTensor;
  /** Values that a session (or a stateful layer) carries from run to run: [B, features]; null: this call carries none. */
  state(name: string, features: number): PlanTensor | null;
  /** In a stream: the input's `kept` steps before the current ones, zeros at first, with room for `capacity` steps in all. */
  history(kept: number, capacity: number): PlanTensor;
  /** The same, one for all calls that want it of this input; `isNew`: of this one, which has to append to it. */
  sharedHistory(kept: number, capacity: number): { readonly tensor: PlanTensor; readonly isNew: boolean };
  emit<K extends KernelName>(kernel: K, ...args: ArgumentsOf<K>): void;
}
