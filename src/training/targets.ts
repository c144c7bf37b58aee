import { readTensors, type Rows } from '../graph/inputs.js';
import type { SymbolicTensor } from '../graph/layer.js';
import { mismatch } from '../options/options.js';
import type { Numbers } from '../tensors/tensor.js';
import type { Mean, TargetKind } from './measures.js';
import type { Metric } from './metrics.js';
import type { Objective } from './objective.js';

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
    if (numbers === undefined) return;
    const title = `${where} of "${nameOf(objective.symbolic)}"`;
    if (objective.targetKind === 'classes') checkClasses(title, objective, numbers);
    if (objective.targetKind === 'labels') checkLabels(title, objective, numbers);
  });
  return read;
}

/** A class that does not exist would have no loss. What stands at masked steps is not known here: −1 is let through. */
function checkClasses(where: string, { symbolic, loss }: Objective, { data }: Numbers): void {
  const { features, mask } = symbolic;
  const isKnown = (value: number): boolean =>
    (value >= 0 && value < features && Number.isInteger(value)) ||
    value === loss.measure.ignoredClass ||
    (value === -1 && mask !== null);
  const wrong = data.find((value) => !isKnown(value));
  if (wrong !== undefined) mismatch(where, `class numbers from 0 to ${features - 1}`, wrong);
}

/** Labels are class numbers; behind the last of a row its padding, which is the blank or −1. */
function checkLabels(where: string, { symbolic, loss }: Objective, { data, shape }: Numbers): void {
  const [, length = 0] = shape;
  const blank = loss.measure.ignoredClass;
  data.forEach((value, i) => {
    if (value === -1 || value === blank) return;
    if (!(value >= 0 && value < symbolic.features && Number.isInteger(value))) {
      mismatch(where, `class numbers from 0 to ${symbolic.features - 1}, or −1`, value);
    }
    const before = i % length === 0 ? value : (data[i - 1] ?? value);
    if (before === -1 || before === blank) {
      mismatch(where, `the blank, ${blank}, or −1 behind the labels alone`, `${before} before ${value}`);
    }
  });
}

/** Throws unless targets have as many steps as their output, or labels that may be read in as many. */
export function checkTargetSteps(where: string, objective: Objective, numbers: Numbers, steps: number): void {
  const [, came = 0] = numbers.shape;
  if (objective.targetKind === 'labels') checkLabelSteps(where, objective, numbers, steps);
  else if (came !== steps) mismatch(where, `${steps} time steps`, came);
}

/** Equal labels side by side need a blank between them. What a mask leaves of the steps is not known here. */
function checkLabelSteps(where: string, { loss }: Objective, { data, shape }: Numbers, steps: number): void {
  const [samples = 0, length = 0] = shape;
  for (let sample = 0; sample < samples; sample++) {
    const row = data.subarray(sample * length, (sample + 1) * length);
    const labels = row.filter((value) => value !== -1 && value !== loss.measure.ignoredClass);
    const needed = labels.length + labels.filter((value, i) => i > 0 && value === labels[i - 1]).length;
    if (needed > steps) mismatch(`${where}: sample ${sample}`, `labels that fit into ${steps} steps`, `${needed}`);
  }
}

const described: Readonly<Record<TargetKind, string>> = {
  values: 'metrics of values',
  classes: 'metrics of class numbers',
  halves: 'metrics of values by means and variances',
  labels: 'metrics of labels',
};

/** Targets that are class numbers are of no use to a metric that compares values, and the other way round. */
export function checkMetrics(where: string, { targets }: Mean, metrics: readonly Metric[]): void {
  const kind = targets ?? 'values';
  const wrong = metrics.find(
    (metric) => metric.targets !== kind && !(metric.targets === null && (kind === 'values' || kind === 'classes')),
  );
  if (wrong !== undefined) mismatch(where, `${described[kind]}, as its loss takes`, wrong.key);
}
