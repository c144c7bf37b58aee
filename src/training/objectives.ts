import type { Names } from '../graph/inputs.js';
import { finite, refuse } from '../options/options.js';
import { isLossObject, lossReader } from './losses.js';
import { targetsOf } from './measures.js';
import { checkOnce, isMetricObject, metricsReader, type Metric } from './metrics.js';
import { checkMetrics } from './targets.js';
import type { Objective } from './training-plan.js';

/** What `compile` was given beside the optimizer. */
export interface Given {
  readonly loss: unknown;
  readonly lossWeights?: unknown;
  readonly metrics?: unknown;
  readonly weightedMetrics?: unknown;
}

/** What `compile` says of the outputs: each one's loss, if it has one, and metrics. `names` has the outputs in their order. */
export function readObjectives(where: string, names: Names, given: Given): Objective[] {
  const all = [...names.values()];
  const lossFor = byOutput(`${where}: loss`, all, given.loss, isOneLoss, 'a name, an object of losses');
  const { lossWeights = {} } = given;
  const weightFor = byOutput(`${where}: lossWeights`, all, lossWeights, isNumber, 'numbers');
  const metrics = metricsByOutput(`${where}: metrics`, all, given.metrics, false);
  const weighted = metricsByOutput(`${where}: weightedMetrics`, all, given.weightedMetrics, true);
  const objectives = [...names].flatMap(([symbolic, name], i): Objective[] => {
    const wanted = lossFor(i, name);
    if (wanted === undefined || wanted === null) return [];
    const loss = lossReader(wanted, `${where}: loss of "${name}"`);
    const own = [...(metrics[i] ?? []), ...(weighted[i] ?? [])];
    checkOnce(
      own,
      `${where}: metrics of "${name}"`,
      own.map(({ key }) => key),
    );
    checkMetrics(`${where}: metrics of "${name}"`, loss, own);
    const targetKind = loss.targets ?? 'values';
    return [
      {
        symbolic,
        loss,
        lossWeight: finite(weightFor(i, name) ?? 1, `${where}: lossWeights of "${name}"`),
        metrics: own,
        targets: targetsOf(symbolic, targetKind, `${where}: loss of "${name}"`),
        targetKind,
      },
    ];
  });
  if (objectives.length === 0) refuse(`${where}: loss`, 'a loss for at least one output', given.loss);
  return objectives;
}

const isOneLoss = (value: unknown): boolean => typeof value === 'string' || isLossObject(value);

const isNumber = (value: unknown): boolean => typeof value === 'number';

/** One value for all outputs, or one for each: an array, or an object by output name. */
function byOutput(
  where: string,
  names: readonly string[],
  given: unknown,
  isOne: (value: unknown) => boolean,
  expected: string,
): (index: number, name: string) => unknown {
  if (isOne(given)) return () => given;
  if (Array.isArray(given)) {
    if (given.length !== names.length) refuse(where, `${names.length}, one for each output`, given);
    return (index): unknown => given[index];
  }
  if (typeof given !== 'object' || given === null) {
    return refuse(where, `${expected}, an array or an object by output name`, given);
  }
  const values: Record<string, unknown> = { ...given };
  const unknown = Object.keys(values).find((name) => !names.includes(name));
  if (unknown !== undefined) refuse(where, `output names (${names.join(', ')})`, unknown);
  return (_index, name) => values[name];
}

/** The same metrics for all outputs, or an object of them by output name. */
function metricsByOutput(
  where: string,
  names: readonly string[],
  given: unknown,
  isWeighted: boolean,
): (readonly Metric[])[] {
  const read = metricsReader(isWeighted);
  if (given === undefined) return [];
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    const metrics = read(given, where);
    checkOnce(metrics, where, given);
    return names.map(() => metrics);
  }
  const metricsFor = byOutput(where, names, given, () => false, 'an array');
  return names.map((name, i) => {
    const own = metricsFor(i, name);
    if (own === undefined) return [];
    const isOne = typeof own === 'string' || isMetricObject(own);
    return read(isOne ? [own] : own, `${where} of "${name}"`);
  });
}
