import type { SymbolicTensor } from '../graph/layer.js';
import type { Plan, PlanTensor } from '../plan/plan.js';
import { batch, multiply } from '../plan/size.js';
import { oneOf, refuse, type Reader } from '../options/options.js';

/** A loss or metric over two tensors; the names in snake case and the short ones are the same. */
export type LossName = 'meanSquaredError' | 'meanAbsoluteError';

const aliases: Readonly<Record<string, LossName>> = {
  meanSquaredError: 'meanSquaredError',
  mean_squared_error: 'meanSquaredError',
  mse: 'meanSquaredError',
  meanAbsoluteError: 'meanAbsoluteError',
  mean_absolute_error: 'meanAbsoluteError',
  mae: 'meanAbsoluteError',
};

export type LossOption = LossName | 'mean_squared_error' | 'mse' | 'mean_absolute_error' | 'mae';

export const lossReader: Reader<LossName> = (value, where) => {
  const known = typeof value === 'string' ? aliases[value] : undefined;
  return known ?? oneOf(['meanSquaredError', 'meanAbsoluteError'])(value, where);
};

/** What is reported beside the loss, under the name that it was given by, in camel case. */
export interface Metric {
  readonly key: string;
  readonly name: LossName;
}

export const metricsReader: Reader<readonly Metric[]> = (value, where) => {
  if (!Array.isArray(value)) return refuse(where, 'an array of names', value);
  const metrics = value.map((given: unknown): Metric => ({ name: lossReader(given, where), key: camelCase(given) }));
  const kinds = new Set(metrics.map(({ name }) => name));
  return kinds.size === metrics.length ? metrics : refuse(where, 'each metric once', value);
};

/**
 * Emits a loss over all values of an output: the mean over the features, then over the rows that the mask counts (Keras).
 * @returns the tensor with two float64 numbers: the sum of the errors, and the number of counted rows.
 */
export function emitLoss(
  plan: Plan,
  name: LossName,
  symbolic: SymbolicTensor,
  prediction: PlanTensor,
  target: PlanTensor,
  gradient: PlanTensor | null,
  mask: PlanTensor | null,
): PlanTensor {
  const owner = symbolic.node.layer.title;
  const result = plan.dense(`${owner} ${name}`, [4]);
  plan.wanted.add(result);
  const rows = multiply(symbolic.time ?? 1, batch);
  plan.emit(owner, name, prediction, target, gradient ?? 0, mask ?? 0, rows, symbolic.features, result);
  return result;
}

/** Sums of errors over rows, from which a mean can be made at any time. */
export interface ErrorSum {
  readonly sum: number;
  /** Values that the sum is over. */
  readonly count: number;
}

export function meanOf({ sum, count }: ErrorSum): number {
  return count === 0 ? 0 : sum / count;
}

/** mean_squared_error → meanSquaredError */
function camelCase(name: unknown): string {
  return String(name).replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}
