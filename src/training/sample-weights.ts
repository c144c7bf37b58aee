import { asGiven, mismatch, refuse, type Reader } from '../options/options.js';
import { isTensorObject, readNumbers, type Numbers, type TensorLike } from '../tensors/tensor.js';
import type { Objective } from './objective.js';

/** What each class counts: by its number, or by its place; a class that is not there counts 1. */
export type ClassWeights = readonly number[] | Readonly<Record<number, number>>;

/** How much rows count in losses and `weightedMetrics`: options of `trainOnBatch`, `evaluate` and `fit`. */
export interface WeightOptions {
  /**
   * A weight for each sample, [batch], or for each of its steps, [batch, time]: it multiplies their losses, which are divided by as
   * much as without. Of several outputs: one for all, or an array in their order (null: 1), or an object by name.
   */
  sampleWeight?: TensorLike | readonly (TensorLike | null)[] | Readonly<Record<string, TensorLike>>;
  /**
   * A weight for each class of the targets: the class number, the place of the greatest value, or, of one feature, its value
   * rounded. Multiplied with `sampleWeight`. Of several outputs: an object by output name.
   */
  classWeight?: ClassWeights | Readonly<Record<string, ClassWeights>>;
}

/** Readers of these options: what they hold is checked against the targets. */
export const weightFields = {
  sampleWeight: asGiven as Reader<WeightOptions['sampleWeight']>,
  classWeight: asGiven as Reader<WeightOptions['classWeight']>,
};

/** What weights are read for: an objective, its name, its targets, and the steps that its loss has. */
export interface Weighed {
  readonly objective: Objective;
  readonly name: string;
  readonly targets: Numbers;
  readonly steps: number;
}

/** The weights of each objective's rows, [samples, steps]; null: 1. */
export function readWeights(
  where: string,
  weighed: readonly Weighed[],
  { sampleWeight, classWeight }: WeightOptions,
): (Numbers | null)[] {
  const names = weighed.map(({ name }) => name);
  const given = forEachOutput(`${where}: sampleWeight`, names, sampleWeight);
  const classes = classesByOutput(`${where}: classWeight`, names, classWeight);
  return weighed.map((one, i) => {
    const ofSamples = given[i] ?? null;
    const samples = ofSamples === null ? null : samplesOf(`${where}: sampleWeight of "${one.name}"`, one, ofSamples);
    const weights = classes[i];
    return weights === undefined
      ? samples
      : times(classesOf(`${where}: classWeight of "${one.name}"`, one, weights), samples);
  });
}

/** One for all outputs, or one for each. */
function forEachOutput(where: string, names: readonly string[], given: unknown): unknown[] {
  if (given === undefined) return [];
  const isOne = isTensorObject(given) || ArrayBuffer.isView(given);
  if (Array.isArray(given) && names.length > 1 && typeof given[0] !== 'number') {
    if (given.length !== names.length) mismatch(where, `${names.length} tensors (${names.join(', ')})`, given.length);
    return given;
  }
  if (isOne || Array.isArray(given)) return names.map(() => given);
  return byName(where, names, given);
}

function byName(where: string, names: readonly string[], given: unknown): unknown[] {
  if (typeof given !== 'object' || given === null) return refuse(where, 'numbers, or an object by output name', given);
  const values: Record<string, unknown> = { __proto__: null, ...given };
  const unknown = Object.keys(values).find((name) => !names.includes(name));
  if (unknown !== undefined) refuse(where, `output names (${names.join(', ')})`, unknown);
  return names.map((name) => values[name]);
}

function samplesOf(where: string, { targets, steps }: Weighed, given: unknown): Numbers {
  const { data, shape } = readNumbers(given, where);
  const [samples = 0] = targets.shape;
  const isBySample = shape.length === 1 || (shape.length === 2 && shape[1] === 1);
  if (shape[0] !== samples || !(isBySample || (shape.length === 2 && shape[1] === steps))) {
    const bySteps = steps === 1 ? '' : ` or [${samples}, ${steps}]`;
    mismatch(where, `shape [${samples}]${bySteps}`, `[${shape.join(', ')}]`);
  }
  const wrong = data.find((weight) => !Number.isFinite(weight));
  if (wrong !== undefined) mismatch(where, 'finite numbers', wrong);
  const full = isBySample
    ? Float32Array.from({ length: samples * steps }, (_, i) => data[Math.floor(i / steps)] ?? 0)
    : data;
  return { data: full, shape: [samples, steps] };
}

function classesByOutput(where: string, names: readonly string[], given: unknown): (Map<number, number> | undefined)[] {
  if (given === undefined) return [];
  if (typeof given !== 'object' || given === null) return refuse(where, 'weights by class', given);
  const values: unknown[] = Object.values(given);
  if (values.every((value) => typeof value === 'number')) {
    if (names.length > 1) refuse(where, `an object by output name (${names.join(', ')})`, given);
    return [classMap(where, given)];
  }
  return byName(where, names, given).map((value) => (value === undefined ? undefined : classMap(where, value)));
}

function classMap(where: string, given: unknown): Map<number, number> {
  if (typeof given !== 'object' || given === null) return refuse(where, 'weights by class', given);
  const entries = Object.entries(given).map(([name, weight]: [string, unknown]) => {
    const number = Number(name);
    // Written as it would be: '' counts as 0.
    if (!Number.isInteger(number) || String(number) !== name) refuse(where, 'class numbers', name);
    if (typeof weight !== 'number' || !Number.isFinite(weight))
      return refuse(`${where}: ${name}`, 'a finite number', weight);
    return [number, weight] as const;
  });
  return new Map(entries);
}

function classesOf(where: string, { objective, targets, steps }: Weighed, weights: Map<number, number>): Numbers {
  const { data, shape } = targets;
  const [samples = 0] = shape;
  const features = shape.at(-1) ?? 1;
  if (data.length !== samples * steps * features || !['values', 'classes'].includes(objective.targetKind)) {
    mismatch(where, 'targets of classes, one for each row', `shape [${shape.join(', ')}]`);
  }
  const classOf = (row: number): number => {
    if (features === 1) return Math.round(data[row] ?? 0);
    const values = data.subarray(row * features, (row + 1) * features);
    return values.reduce((best, value, i) => (value > (values[best] ?? 0) ? i : best), 0);
  };
  const ofRows = Float32Array.from({ length: samples * steps }, (_, row) => weights.get(classOf(row)) ?? 1);
  return { data: ofRows, shape: [samples, steps] };
}

function times(one: Numbers, other: Numbers | null): Numbers {
  if (other === null) return one;
  return { data: one.data.map((weight, i) => weight * (other.data[i] ?? 1)), shape: one.shape };
}
