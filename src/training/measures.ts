import { SymbolicTensor } from '../graph/layer.js';
import { mismatch } from '../options/options.js';
import type { Plan, PlanTensor } from '../plan/plan.js';
import { symbol, type Size } from '../plan/size.js';

/*
 * What a loss and a metric are once they were read: how they are emitted into a plan, and what is made of the sums they leave.
 */

/**
 * What is handed in as targets: values shaped as the output; the number of a class instead of its last axis; of an output
 * that holds means and variances, the values themselves, half as many; for each sequence the classes that it reads as.
 */
export type TargetKind = 'values' | 'classes' | 'halves' | 'labels';

/** What a measure is emitted over: an output, its targets, which rows count, and where the gradient is summed. */
export interface Errors {
  readonly plan: Plan;
  /** The output, or what a measure of one's own makes of it. */
  readonly output: SymbolicTensor;
  /** How many errors, or groups of them, there are: one for each step, or for each sample. */
  readonly rows: Size;
  readonly prediction: PlanTensor;
  readonly target: PlanTensor;
  readonly targets: TargetKind;
  /** The output's mask. */
  readonly mask: PlanTensor | null;
  /** A weight for each row; null: 1. A row of weight 0 is not looked at. */
  readonly weights: PlanTensor | null;
  /** What a mean divides by is the sum of these; null: the number of rows. */
  readonly counted: PlanTensor | null;
  /** Null where none is wanted. */
  readonly gradient: PlanTensor | null;
  /** What the gradient is multiplied by. */
  readonly scale: number;
}

/** What it takes to count the rows of errors: no prediction. */
export type CountedErrors = Pick<Errors, 'plan' | 'output' | 'rows' | 'target' | 'targets' | 'counted'>;

/** What a measure must know of an output before it is emitted. */
export interface Bindable {
  /** Null: values or classes, as the loss of the output has them. */
  readonly targets: TargetKind | null;
  /** Whether a sequence is one row, not as many as it has steps. */
  readonly isWhole?: boolean;
  /** Of one's own: makes the tensor that the mean is over. */
  readonly build?: (target: SymbolicTensor, output: SymbolicTensor) => SymbolicTensor;
}

/** A measure, and what it is over: the output, or what it makes of that. */
export interface Over<Measure extends Bindable> {
  readonly measure: Measure;
  readonly values: SymbolicTensor;
}

/** Whether a sequence of an output is one row to a measure. */
export function isWhole({ measure, values }: Over<Bindable>, output: SymbolicTensor): boolean {
  return measure.isWhole === true || (values.time === null && output.time !== null);
}

/** A mean of errors over rows: any loss, and metrics such as accuracy. */
export interface Mean extends Bindable {
  readonly kind: string;
  /** Rows of this class do not count; NaN: none. Of labels: the one that pads them. */
  readonly ignoredClass: number;
  /** How many errors a row has: 1 where it is taken as a whole. */
  errorsInRow(errors: CountedErrors): number;
  /** Emits the step that writes the sum of errors to the first number of `result` and adds gradients. */
  emit(errors: Errors, result: PlanTensor): void;
}

/** Of float64 numbers, the same in every engine: they are the kernels'. */
export interface Functions {
  readonly exp: (x: number) => number;
  readonly log: (x: number) => number;
}

/** Where a run leaves what a measure has summed: float64 numbers, which may be added up over runs. */
export interface Sums {
  readonly result: PlanTensor;
  readonly count: number;
  /** What they come to. */
  valueOf(sums: readonly number[], functions: Functions): number;
  /** What must be there before a run. */
  readonly constant?: { readonly tensor: PlanTensor; readonly values: Float32Array };
}

/** Emits the step that counts rows for a mean. Those that sum errors may come later: gradients need the counts of all. */
export function emitCount(mean: Mean, errors: CountedErrors): Sums {
  const { plan, output, target, targets, counted } = errors;
  const result = resultOf(errors, mean.kind, 2);
  const classes = targets === 'classes' && !Number.isNaN(mean.ignoredClass) ? target : 0;
  const { title } = output.node.layer;
  plan.emit(title, 'countRows', counted ?? 0, classes, target.rowBytes, mean.ignoredClass, errors.rows, result);
  const errorsInRow = mean.errorsInRow(errors);
  return {
    result,
    count: 2,
    valueOf: ([sum = 0, rows = 0]) => (rows === 0 ? 0 : sum / (rows * errorsInRow)),
  };
}

/** A block for so many float64 numbers that are read when the run is done. */
export function resultOf({ plan, output }: Pick<Errors, 'plan' | 'output'>, kind: string, count: number): PlanTensor {
  const result = plan.dense(`${output.node.layer.title} ${kind}`, [2 * count]);
  plan.wanted.add(result);
  return result;
}

type Operands = Pick<Errors, 'output' | 'rows' | 'prediction' | 'target' | 'gradient' | 'weights'>;

/** What kernels of losses begin with: prediction, target, gradient, weights, rows, features. */
export function operandsOf(errors: Operands) {
  const { output, rows, prediction, target, gradient, weights } = errors;
  return [prediction, target, gradient ?? 0, weights ?? 0, rows, output.features] as const;
}

export function ownerOf({ output }: Pick<Errors, 'output'>): string {
  return output.node.layer.title;
}

/** The targets of an output, as a tensor like it. */
export function targetsOf(output: SymbolicTensor, kind: TargetKind, where: string): SymbolicTensor {
  const { time, batch, dtype, mask, node, index, features } = output;
  const spec = (last: number): SymbolicTensor =>
    new SymbolicTensor(node, index, { shape: [...output.shape.slice(0, -1), last], time, batch, dtype }, mask);
  switch (kind) {
    case 'values':
      return output;
    case 'classes':
      return spec(1);
    case 'halves':
      if (features % 2 === 1) mismatch(where, 'an even number of features: means, then variances', features);
      return spec(features / 2);
    case 'labels': {
      if (time === null || output.shape.length !== 3) mismatch(where, 'an output of sequences', output.shape.length);
      const shape = [output.shape[0] ?? null, null];
      return new SymbolicTensor(node, index, { shape, time: symbol('L'), batch, dtype }, null);
    }
  }
}
