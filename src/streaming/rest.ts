import type { Graph } from '../graph/graph.js';
import type { Workspace } from '../plan/workspace.js';
import { fingerprint } from './fingerprint.js';
import { readSequence, writeSequence } from './sequence-states.js';
import type { StreamInput, StreamPlan } from './stream-plan.js';
import { mismatch } from '../options/options.js';
import { StreamRun } from './stream-run.js';

/** A sequence that has been the same for ever. */
interface Rest {
  readonly values: Float32Array;
  readonly before: number;
  readonly last: Float32Array;
}

const known = new WeakMap<StreamPlan, Map<string, Rest>>();

/**
 * Puts the sequences of a run where they would be if `step` had been pushed for ever. That is computed once for a step and the
 * weights, and kept.
 * @throws TypeError where the step does not fit; Error when the model remembers for ever, so that no number of steps brings it to rest; it names what remembers.
 */
export function startAtRest(
  where: string,
  graph: Graph,
  workspace: Workspace,
  run: StreamRun,
  step: Float32Array,
): void {
  const { plan } = run;
  const [{ width }, ...others] = plan.inputs as [StreamInput, ...StreamInput[]];
  if (others.length > 0 || plan.start !== null)
    throw new Error(`${where}: wants a model with one input, which has a time axis`);
  if (step.length !== width) mismatch(where, `the ${width} value(s) of a step`, step.length);
  const endless = plan.states.find(({ tensor, part }) => part.kept === null && tensor.rowBytes > 0);
  if (endless !== undefined) {
    throw new Error(
      `${where}: ${endless.tensor.name} remembers all that was ever pushed, so the model never comes to rest`,
    );
  }
  const kept = known.get(plan) ?? new Map<string, Rest>();
  known.set(plan, kept);
  const key = [...fingerprint(graph, workspace), ...step].join();
  let rest = kept.get(key);
  if (rest === undefined) {
    rest = settle(plan, workspace, step);
    kept.set(key, rest);
  }
  for (let sequence = 0; sequence < run.batch; sequence++) {
    writeSequence(run, workspace, sequence, rest.values);
    run.setLastOutputs(sequence, rest.last);
  }
  run.before = rest.before;
}

/** After so many steps each history holds nothing but what equal steps have left: those of all histories, at the slowest rate. */
function settle(plan: StreamPlan, workspace: Workspace, step: Float32Array): Rest {
  const { warmUp, period } = plan.phase;
  const steps = plan.states.reduce((sum, { part }) => sum + (part.kept ?? 0) + 1, 1) * period + warmUp;
  const run = new StreamRun(plan, workspace, 1);
  try {
    run.start([]);
    run.setSteps(steps);
    const data = Float32Array.from({ length: steps * step.length }, (_, i) => step[i % step.length] ?? 0);
    run.push(
      [data],
      steps,
      plan.outputs.map((output) => new Float32Array(run.rowsOf(output, steps) * output.width)),
    );
    return { values: readSequence(run, workspace, 0), before: run.before, last: run.lastOutputs(0) };
  } finally {
    run.release();
  }
}
