import { compileGraph, type CompiledGraph } from '../graph/compile.js';
import { emitOutput } from '../graph/ends.js';
import { isPushed } from '../graph/step-counter.js';
import type { Graph } from '../graph/graph.js';
import { joinedInputs, type Node, type SymbolicTensor } from '../graph/layer.js';
import { innerAxes } from '../graph/view.js';
import { sizeOf } from '../tensors/tensor.js';
import { known } from '../plan/known.js';
import type { PlanTensor, SequencePart } from '../plan/plan.js';
import { fuseSteps } from '../plan/fusion.js';
import { stepsBefore } from '../plan/growth.js';
import { PlanRunner } from '../plan/runner.js';
import { evaluate, type Size, type Sizes, type SizeSymbol } from '../plan/size.js';
import type { Workspace } from '../plan/workspace.js';
import { phaseOf, type Phase } from './phase.js';

/** What is computed once, when a session starts, an initial state or what is held, and the place among the session's states where it goes. */
export interface StartState {
  readonly from: PlanTensor;
  readonly to: PlanTensor;
}

/** What runs once, when a session starts: the calls that depend on inputs without time alone. */
export interface StartPlan {
  readonly compiled: CompiledGraph;
  readonly runner: PlanRunner;
  readonly inputs: readonly SymbolicTensor[];
  readonly states: readonly StartState[];
}

/** An output, and where a run leaves its values. */
export interface StreamOutput {
  readonly symbolic: SymbolicTensor;
  readonly dense: PlanTensor;
  /** Axes of a row. */
  readonly axes: readonly number[];
  /** Values of a row. */
  readonly width: number;
  /** Rows that the steps of a run give; null: of a layer that collapses time one, as of the last step. */
  readonly rows: Size | null;
}

/** An input that is pushed, and where its values go. */
export interface StreamInput {
  readonly symbolic: SymbolicTensor;
  /** The symbol of the pushed steps. */
  readonly steps: SizeSymbol;
  readonly staging: PlanTensor;
  /** Axes of a step, and its values. */
  readonly axes: readonly number[];
  readonly width: number;
}

/** A tensor that is kept, and what of it belongs to one sequence. */
export interface StreamState {
  readonly tensor: PlanTensor;
  readonly part: SequencePart;
}

/** What runs at every push. All sessions of a model share it. */
export interface StreamPlan {
  readonly compiled: CompiledGraph;
  readonly runner: PlanRunner;
  /** Each push brings as many steps of each. */
  readonly inputs: readonly StreamInput[];
  readonly outputs: readonly StreamOutput[];
  /** What is kept from push to push. */
  readonly states: readonly StreamState[];
  readonly start: StartPlan | null;
  readonly phase: Phase;
  /** Whether every output has a row for each step (or one in all), and nothing depends on the steps before. */
  readonly isEven: boolean;
}

/** What sessions of a model share. */
export interface Streamed {
  readonly name: string;
  readonly graph: Graph;
  readonly workspace: Workspace;
  readonly plan: StreamPlan;
}

/**
 * Compiles a graph for running step by step; `isFused`: false leaves each layer its own steps, to see what they take.
 * @throws Error when a layer looks at future steps, when a layer joins sequences of unequal rate, or no input has a time axis; it
 *   names them.
 */
export function compileStream(name: string, graph: Graph, workspace: Workspace, isFused = true): StreamPlan {
  const timed = graph.inputs.filter((symbolic) => symbolic.time !== null);
  if (timed.length === 0) throw new Error(`${name}: streaming needs an input with a time axis, got none`);

  const { moving, isMoving } = movingIn(graph);
  const nodes = graph.nodes.filter((node) => moving.has(node));
  for (const node of nodes) {
    const { layer, inputs } = node;
    const joined = joinedInputs(node);
    // What stands for every step is known once the last one has come.
    const standsForAll = joined.some(isPushed) && inputs.some((input) => isMoving(input) && !joined.includes(input));
    if (standsForAll || (layer.needsWhole && inputs.some(isPushed))) {
      throw new Error(`${name}: ${layer.title} needs the whole sequence, so the model cannot run step by step`);
    }
  }
  for (const output of graph.outputs) {
    if (!isMoving(output)) {
      throw new Error(`${name}: the output of ${output.node.layer.title} does not depend on the streamed input`);
    }
  }
  const compiled = compileGraph({ ...graph, inputs: timed, nodes }, 'stream');
  const inputs = timed.map((symbolic): StreamInput => {
    const axes = rowAxes(symbolic);
    const staging = known(compiled.staging.get(symbolic), symbolic.node.layer.title);
    return { symbolic, steps: stepsOf(symbolic), staging, axes, width: sizeOf(axes) };
  });
  const [{ steps }] = inputs as [StreamInput];
  const phase = phaseOf(compiled.plan);
  checkRates(name, compiled, steps, phase);
  const outputs = graph.outputs.map((symbolic) => {
    const rows = compiled.stepsOf(symbolic);
    const axes = rowAxes(symbolic);
    return {
      symbolic,
      axes,
      width: sizeOf(axes),
      rows,
      dense: emitOutput(compiled.plan, symbolic, compiled.tensorOf(symbolic), rows),
    };
  });
  const start = compileStart(name, graph, workspace, compiled, isMoving);
  const isEven =
    phase.warmUp === 0 && phase.period === 1 && outputs.every(({ rows }) => rows === null || rows === steps);
  if (isFused) fuseSteps(compiled.plan);
  const states = compiled.plan.tensors.flatMap((tensor) =>
    tensor.sequence === undefined ? [] : [{ tensor, part: tensor.sequence }],
  );
  const runner = new PlanRunner(workspace, compiled.plan);
  return { compiled, runner, inputs, outputs, states, start, phase, isEven };
}

/** An input's own symbol of its length. */
function stepsOf({ node, time }: SymbolicTensor): SizeSymbol {
  if (typeof time === 'object' && time?.op === 'symbol') return time;
  throw new Error(`the input ${node.layer.title} has no length of its own`);
}

/** Axes behind the batch and the time; none of what has one value a step. */
export function rowAxes({ shape, features, isDense }: SymbolicTensor): number[] {
  return isDense ? [] : [...innerAxes(shape), features];
}

/** Sequences that are joined must give their rows at the same steps. */
function checkRates(name: string, compiled: CompiledGraph, steps: SizeSymbol, { warmUp, period }: Phase): void {
  for (const { node } of compiled.nodes) {
    const [one, ...others] = joinedInputs(node);
    if (one === undefined) continue;
    const other = others.find((symbolic) => {
      const [a, b] = [compiled.stepsOf(one) ?? 0, compiled.stepsOf(symbolic) ?? 0];
      return Array.from(
        { length: warmUp + period },
        (_, before): Sizes =>
          new Map([
            [stepsBefore, before],
            [steps, 1],
          ]),
      ).some((sizes) => evaluate(a, sizes) !== evaluate(b, sizes));
    });
    if (other === undefined) continue;
    const titles = [one, other].map((symbolic) => symbolic.node.layer.title);
    throw new Error(
      `${name}: ${node.layer.title} joins ${titles.join(' and ')}, whose rows a stream gives at different steps`,
    );
  }
}

/** What depends on an input with time: what runs at every push. */
function movingIn({ inputs, nodes }: Graph) {
  const moving = new Set<Node>();
  const isMoving = (tensor: SymbolicTensor): boolean => {
    if (inputs.includes(tensor)) return tensor.time !== null;
    return tensor.node.inside === null ? moving.has(tensor.node) : tensor.needs.some(isMoving);
  };
  for (const node of nodes) if (node.given.some(isMoving)) moving.add(node);
  return { moving, isMoving };
}

function compileStart(
  name: string,
  graph: Graph,
  workspace: Workspace,
  compiled: CompiledGraph,
  isMoving: (tensor: SymbolicTensor) => boolean,
): StartPlan | null {
  const wanted = Array.from(compiled.held, ([symbolic, to]) => ({ symbolic, to }));
  for (const { node, context } of compiled.nodes) {
    node.initialState.forEach((symbolic, i) => {
      const to = context.states[i];
      if (isMoving(symbolic)) {
        throw new Error(`${name}: ${context.title} starts from a state that depends on the streamed input itself`);
      }
      if (to !== undefined) wanted.push({ symbolic, to });
    });
  }
  if (wanted.length === 0) return null;
  const outputs = [...new Set(wanted.map(({ symbolic }) => symbolic))];
  const inputs = graph.inputs.filter((symbolic) => symbolic.time === null);
  const nodes = graph.nodes.filter((node) => !node.given.some(isMoving));
  const startGraph = compileGraph({ ...graph, inputs, outputs, nodes }, 'predict');
  const states = wanted.map(({ symbolic, to }) => {
    const from = startGraph.tensorOf(symbolic);
    startGraph.plan.wanted.add(from);
    return { from, to };
  });
  return { compiled: startGraph, runner: new PlanRunner(workspace, startGraph.plan), inputs, states };
}
