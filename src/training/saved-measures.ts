/** Compile's arguments as files hold them: losses and metrics of one's own stand as the graphs that they are (docs/formats.md). */
import { makers } from '../formats/load-makers.js';
import { callGraph } from '../formats/load-model.js';
import { graphOfCall } from '../formats/save-topology.js';
import type { Names } from '../graph/inputs.js';
import type { SymbolicTensor } from '../graph/layer.js';
import { custom } from '../layers/custom.js';
import { text } from '../options/options.js';
import { known } from '../plan/known.js';
import type { CustomMeasure } from './loss-options.js';
import { isLossObject } from './losses.js';
import { isMetricObject } from './metrics.js';
import type { Given } from './objectives.js';
import { targetInput } from './own-measures.js';

/** A copy of plain data, in which functions stay the same: what the user does to his objects afterwards changes nothing. */
export function copyArguments<T>(given: T): T {
  return mapPlain(given, (value) => value) as T;
}

/** Arguments without a measure's function. Where one argument stands for all outputs, the graph is that over the first. */
export function withGraphs(given: Given, outputs: Names): object {
  const all = [...outputs.keys()];
  const first = known(all[0], 'an output');
  const byName = new Map(Array.from(outputs, ([output, name]) => [name, output]));
  const put = (value: unknown, output: SymbolicTensor): unknown =>
    mapPlain(value, (one) => {
      if (!isOwn(one)) return one;
      return { ...one, build: undefined, graph: graphOf(one, output) };
    });
  const each = (value: unknown): unknown => {
    const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (!isRecord || isLossObject(value) || isMetricObject(value)) return put(value, first);
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, put(one, byName.get(name) ?? first)]));
  };
  const { loss, metrics, weightedMetrics } = given;
  return {
    ...given,
    loss: Array.isArray(loss) ? loss.map((one: unknown, i) => put(one, all[i] ?? first)) : each(loss),
    metrics: each(metrics),
    weightedMetrics: each(weightedMetrics),
  };
}

/** The way back, of what was parsed from JSON: a graph becomes a function that makes it. */
export function withFunctions(given: unknown): unknown {
  return mapPlain(given, (value) => {
    const { graph, ...others }: { kind?: unknown; name?: unknown; graph?: unknown } = value;
    const { kind, name } = others;
    if (kind !== 'custom' || graph === undefined) return value;
    const title = text(name, 'loadModel: compile: name');
    const build: CustomMeasure['build'] = (yTrue, yPred) =>
      known(callGraph(title, graph, [yTrue, yPred], makers)[0], title);
    return { ...others, build };
  });
}

/** Copies plain data, the objects in it changed: those outside before those inside. */
function mapPlain(value: unknown, change: (object: object) => object): unknown {
  if (Array.isArray(value)) return value.map((one) => mapPlain(one, change));
  if (typeof value !== 'object' || value === null) return value;
  const changed = change(value);
  // What took its place is finished.
  if (changed !== value) return changed;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, mapPlain(one, change)]));
}

function isOwn(value: object): value is CustomMeasure & { readonly kind: 'custom' } {
  return 'kind' in value && value.kind === 'custom' && 'build' in value && typeof value.build === 'function';
}

function graphOf({ name, build }: CustomMeasure, output: SymbolicTensor): object {
  const layer = custom({ name, call: ([yTrue, yPred]) => build(yTrue, known(yPred, 'yPred')) });
  return graphOfCall(layer.call([targetInput(output), output]));
}
