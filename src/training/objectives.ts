import type { Names } from '../graph/inputs.js';
import { refuse } from '../options/options.js';
import { isLossObject, lossReader, targetsOf, type Metric } from './losses.js';
import { checkMetrics } from './targets.js';
import type { Objective } from './training-plan.js';

/** What `compile` says of the outputs: each one's loss, if it has one, and metrics. `names` has the outputs in their order. */
export function readObjectives(where: string, names: Names, loss: unknown, metrics: readonly Metric[]): Objective[] {
  const lossFor = lossesByOutput(`${where}: loss`, [...names.values()], loss);
  const objectives = [...names].flatMap(([symbolic, name], i): Objective[] => {
    const given = lossFor(i, name);
    if (given === undefined || given === null) return [];
    const measure = lossReader(given, `${where}: loss of "${name}"`);
    checkMetrics(`${where}: metrics of "${name}"`, measure, metrics);
    return [{ symbolic, metrics, loss: measure, targets: targetsOf(symbolic, measure) }];
  });
  if (objectives.length === 0) refuse(`${where}: loss`, 'a loss for at least one output', loss);
  return objectives;
}

/** One loss for all outputs, or one for each: an array, or an object by output name. */
function lossesByOutput(
  where: string,
  names: readonly string[],
  loss: unknown,
): (index: number, name: string) => unknown {
  if (typeof loss === 'string' || isLossObject(loss)) return () => loss;
  if (Array.isArray(loss)) {
    if (loss.length !== names.length) refuse(where, `${names.length} losses, one for each output`, loss);
    return (index): unknown => loss[index];
  }
  if (typeof loss !== 'object' || loss === null) {
    return refuse(where, 'a name, an object of losses, an array or an object by output name', loss);
  }
  const losses: Record<string, unknown> = { ...loss };
  const unknown = Object.keys(losses).find((name) => !names.includes(name));
  if (unknown !== undefined) refuse(where, `output names (${names.join(', ')})`, unknown);
  return (_index, name) => losses[name];
}
