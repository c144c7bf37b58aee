import type { Names } from '../graph/inputs.js';
import type { SymbolicTensor } from '../graph/layer.js';
import { finite, mismatch, refuse } from '../options/options.js';
import type { Workspace } from '../plan/workspace.js';
import { isLossObject, lossReader } from './losses.js';
import { isWhole, targetsOf, type Bindable, type Mean, type Over } from './measures.js';
import { checkOnce, isMetricObject, metricsReader, type Metric } from './metrics.js';
import { buildOwn, reaches, targetInput } from './own-measures.js';
import { checkMetrics } from './targets.js';
import type { Objective } from './objective.js';

/** What `compile` was given beside the optimizer. */
export interface Given {
  readonly loss: unknown;
  readonly lossWeights?: unknown;
  readonly metrics?: unknown;
  readonly weightedMetrics?: unknown;
}

/** What `compile` says of the outputs: each one's loss, if it has one, and metrics. `names` has the outputs in their order. */
export function readObjectives(where: string, workspace: Workspace, names: Names, given: Given): Objective[] {
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
    const lossWeight = finite(weightFor(i, name) ?? 1, `${where}: lossWeights of "${name}"`);
    return [bind(`${where}: loss of "${name}"`, workspace, symbolic, { loss, lossWeight, metrics: own })];
  });
  if (objectives.length === 0) refuse(`${where}: loss`, 'a loss for at least one output', given.loss);
  for (const [symbolic, name] of names) {
    if (!objectives.some((objective) => objective.symbolic === symbolic)) checkNoneGiven(where, name, given);
  }
  return objectives;
}

/** What is given by name for an output without a loss would be passed over. */
function checkNoneGiven(where: string, output: string, given: Given): void {
  for (const option of ['lossWeights', 'metrics', 'weightedMetrics'] as const) {
    const { [option]: all } = given;
    if (typeof all !== 'object' || all === null || Array.isArray(all)) continue;
    const own = Object.hasOwn(all, output) ? (all as Readonly<Record<string, unknown>>)[output] : [];
    if (Array.isArray(own) && own.length === 0) continue;
    mismatch(`${where}: ${option}`, 'those of outputs with a loss', `some of "${output}", which has none`);
  }
}

/** What is read, put to an output: of one's own, graphs are made. */
function bind(
  where: string,
  workspace: Workspace,
  output: SymbolicTensor,
  { loss, lossWeight, metrics }: { loss: Mean; lossWeight: number; metrics: readonly Metric[] },
): Objective {
  const targetKind = loss.targets ?? 'values';
  const isOwn = [loss, ...metrics].some(({ build }) => build !== undefined);
  const targets = isOwn ? targetInput(output) : targetsOf(output, targetKind, where);
  const over = <Measure extends Bindable & { readonly kind: string }>(measure: Measure): Over<Measure> => {
    const { build, kind } = measure;
    if (build === undefined) return { measure, values: output };
    return { measure, values: buildOwn(where, workspace, kind, build, [targets, output]) };
  };
  const [boundLoss, bound] = [over(loss), metrics.map(over)];
  const isLossWhole = isWhole(boundLoss, output);
  const other = bound.find((one) => one.measure.isWeighted && isWhole(one, output) !== isLossWhole);
  if (other !== undefined) {
    mismatch(where, `weighted metrics by ${isLossWhole ? 'sample' : 'step'}, as the loss is`, other.measure.key);
  }
  return {
    symbolic: output,
    targets,
    targetKind,
    areTargetsInput: [boundLoss, ...bound].some(({ values }) => values !== output && reaches(values, targets)),
    loss: boundLoss,
    lossWeight,
    steps: isLossWhole ? 1 : (output.time ?? 1),
    metrics: bound,
  };
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
  const values: Record<string, unknown> = { __proto__: null, ...given };
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
