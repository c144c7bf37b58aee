import { readTensors, type Rows } from '../graph/inputs.js';
import type { SymbolicTensor } from '../graph/layer.js';
import { mismatch } from '../options/options.js';
import type { Numbers } from '../tensors/tensor.js';
import type { Mean, TargetKind } from './measures.js';
import type { Metric } from './metrics.js';
import type { Objective } from './training-plan.js';

/**
 * Reads the targets of the outputs that have a loss. Where that is sparse, they are class numbers, with or without an axis
 * of length 1 for them.
 */
export function readTargets(
  where: string,
  objectives: readonly Objective[],
  given: unknown,
  allowed: Rows,
  nameOf: (output: SymbolicTensor) => string,
): Numbers[] {
  const symbols = objectives.map(({ targets }) => targets);
  const names = new Map(objectives.map(({ symbolic, targets }) => [targets, nameOf(symbolic)]));
  const mayLackLastAxis = new Set(
    objectives.filter(({ targetKind }) => targetKind === 'classes').map(({ targets }) => targets),
  );
  const read = readTensors(where, symbols, given, allowed, names, mayLackLastAxis);
  objectives.forEach((objective, i) => {
    const numbers = read[i];
    if (numbers !== undefined && objective.targetKind === 'classes') {
      checkClasses(`${where} of "${nameOf(objective.symbolic)}"`, objective, numbers);
    }
  });
  return read;
}

/** A class that does not exist would have no loss. What stands at masked steps is not known here: −1 is let through. */
function checkClasses(where: string, { symbolic, loss }: Objective, { data }: Numbers): void {
  const { features, mask } = symbolic;
  const isKnown = (value: number): boolean =>
    (value >= 0 && value < features && Number.isInteger(value)) ||
    value === loss.ignoredClass ||
    (value === -1 && mask !== null);
  const wrong = data.find((value) => !isKnown(value));
  if (wrong !== undefined) mismatch(where, `class numbers from 0 to ${features - 1}`, wrong);
}

const described: Readonly<Record<TargetKind, string>> = {
  values: 'metrics of values',
  classes: 'metrics of class numbers',
  halves: 'metrics of values by means and variances',
};

/** Targets that are class numbers are of no use to a metric that compares values, and the other way round. */
export function checkMetrics(where: string, { targets }: Mean, metrics: readonly Metric[]): void {
  const kind = targets ?? 'values';
  const wrong = metrics.find((metric) => metric.targets !== kind && !(metric.targets === null && kind !== 'halves'));
  if (wrong !== undefined) mismatch(where, `${described[kind]}, as its loss takes`, wrong.key);
}
