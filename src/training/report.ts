import { namesOf } from '../graph/inputs.js';
import type { Graph } from '../graph/graph.js';
import type { CompiledNode } from '../graph/compile.js';
import type { SymbolicTensor } from '../graph/layer.js';
import { sizeOf } from '../tensors/tensor.js';
import { stepsBefore } from '../plan/growth.js';
import { evaluate, type Sizes } from '../plan/size.js';
import type { Workspace } from '../plan/workspace.js';
import { sequenceLength } from '../streaming/sequence-states.js';
import { compileStream, type StreamPlan } from '../streaming/stream-plan.js';
import { StreamRun } from '../streaming/stream-run.js';

/** How a stream gives one of the model's outputs. */
export interface OutputReport {
  readonly name: string;
  /** Rows for each step that is pushed, once the stream runs: ½ behind a stride of 2. Of what has no time 1: its value as of the last step. */
  readonly rate: number;
  /** Steps that come in before the one that gives the first row. */
  readonly latency: number;
  /** Steps that a row depends on; Infinity behind a layer that remembers for ever. */
  readonly receptiveField: number;
}

/** What one call of a layer takes of a step's time. */
export interface LayerTime {
  readonly name: string;
  readonly microseconds: number;
}

/** What it takes to run a model step by step, one sequence. */
export interface StreamReport {
  readonly outputs: readonly OutputReport[];
  /** The longest of the outputs'. */
  readonly receptiveField: number;
  readonly latency: number;
  /** What `session.save` holds of a sequence, and what a session takes in memory. */
  readonly stateBytes: number;
  readonly sessionBytes: number;
  /** Multiplications with weights for a step, on average. */
  readonly multiplyAdds: number;
  /** Calls into the module for a step. */
  readonly kernelCalls: number;
  /** Of a step in all, a median; 0 where the runtime has no clock. */
  readonly microseconds: number;
  /** What each layer takes by itself; together more than a step takes, whose layers run fused where they can. */
  readonly layers: readonly LayerTime[];
  /** The same as a table. */
  toString(): string;
}

/** Steps of the clock's work: enough for a median, few enough to wait for. */
const rounds = 64;

export function reportStream(name: string, graph: Graph, workspace: Workspace, plan: StreamPlan): StreamReport {
  const { compiled, runner } = plan;
  const rates = new Rates(plan);
  const names = [...namesOf(plan.outputs.map(({ symbolic }) => symbolic)).values()];
  const fields = receptiveFields(plan, rates);
  const outputs = plan.outputs.map(({ symbolic }, i): OutputReport => {
    const [rate, latency] = [rates.of(symbolic), rates.latencyOf(symbolic)];
    return { name: names[i] ?? '', rate, latency, receptiveField: fields.get(compiled.resolve(symbolic)) ?? 1 };
  });
  const run = new StreamRun(plan, workspace, 1);
  try {
    const report = {
      outputs,
      receptiveField: Math.max(...outputs.map(({ receptiveField }) => receptiveField)),
      latency: Math.max(...outputs.map(({ latency }) => latency)),
      stateBytes: 4 * sequenceLength(run),
      sessionBytes: run.stateBytes,
      multiplyAdds: compiled.nodes.reduce((sum, node) => sum + multiplyAddsOf(node, rates), 0),
      kernelCalls: runner.plan.steps.length,
      microseconds: sum(stepTimes(plan, run)),
      layers: layerTimes(name, graph, workspace),
    };
    return { ...report, toString: () => print(name, report) };
  } finally {
    run.release();
  }
}

/** Rows of tensors for each step that is pushed. */
class Rates {
  readonly #plan: StreamPlan;

  constructor(plan: StreamPlan) {
    this.#plan = plan;
  }

  /** In the long run. */
  of(symbolic: SymbolicTensor): number {
    const { warmUp, period } = this.#plan.phase;
    return symbolic.time === null ? 1 : this.#rows(symbolic, warmUp, period) / period;
  }

  latencyOf(symbolic: SymbolicTensor): number {
    if (symbolic.time === null) return 0;
    let steps = 1;
    while (this.#rows(symbolic, 0, steps) < 1) steps++;
    return steps - 1;
  }

  #rows(symbolic: SymbolicTensor, before: number, steps: number): number {
    const sizes: Sizes = new Map([
      [stepsBefore, before],
      ...this.#plan.inputs.map((input) => [input.steps, steps] as const),
    ]);
    return evaluate(this.#plan.compiled.stepsOf(symbolic) ?? 1, sizes);
  }
}

/** How many steps each tensor's rows depend on: a history of rows reaches further the fewer rows a step gives. */
function receptiveFields({ compiled, inputs }: StreamPlan, rates: Rates): Map<SymbolicTensor, number> {
  const fields = new Map<SymbolicTensor, number>(inputs.map(({ symbolic }) => [symbolic, 1]));
  for (const { node, context } of compiled.nodes) {
    const before = Math.max(1, ...node.given.map((input) => fields.get(compiled.resolve(input)) ?? 1));
    const [input] = node.inputs;
    const kept = context.histories.reduce((sum, { sequence }) => sum + (sequence?.kept ?? 0), 0);
    const reach = input === undefined || kept === 0 ? 0 : kept / rates.of(input);
    for (const output of node.outputs) fields.set(output, context.states.length > 0 ? Infinity : before + reach);
  }
  return fields;
}

/** Matrices are gone through once for each row that comes in, or, of what has one for each row that goes out, of these. */
function multiplyAddsOf({ node }: CompiledNode, rates: Rates): number {
  const { layer, inputs, outputs } = node;
  const [input, output] = [inputs[0], outputs[0]];
  if (input === undefined || output === undefined || layer.definition.className === 'Embedding') return 0;
  const matrices = layer.weights.specs.filter(({ shape, name }) => shape.length > 1 && name !== 'bias');
  const values = matrices.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  // A step of what is strided is one of the output; a transposed convolution's is one of the input.
  const rate = Math.min(rates.of(input), output.time === null ? rates.of(input) : rates.of(output));
  const inner = sizeOf(input.shape.slice(2, -1).map((length) => length ?? 1));
  return values * rate * inner;
}

/** The times of each layer's steps, run one by one. */
function layerTimes(name: string, graph: Graph, workspace: Workspace): LayerTime[] {
  const plan = compileStream(name, graph, workspace, false);
  const run = new StreamRun(plan, workspace, 1);
  try {
    const times = new Map<string, number>();
    stepTimes(plan, run).forEach((time, i) => {
      const { owner = '' } = plan.runner.plan.steps[i] ?? {};
      times.set(owner, (times.get(owner) ?? 0) + time);
    });
    return Array.from(times, ([layer, microseconds]) => ({ name: layer, microseconds }));
  } finally {
    run.release();
  }
}

/** Microseconds that each step of the plan takes for a step of the stream. */
function stepTimes({ runner, phase }: StreamPlan, run: StreamRun): number[] {
  const clock = (globalThis as { performance?: Performance }).performance;
  run.prepare(phase.period);
  return runner.plan.steps.map((_, i) => {
    if (clock === undefined) return 0;
    const taken = Array.from({ length: rounds }, () => {
      const from = clock.now();
      for (let again = 0; again < rounds; again++) runner.execute(run.run, i, i + 1);
      return (clock.now() - from) / rounds;
    }).sort((a, b) => a - b);
    return ((taken[rounds / 2] ?? 0) * 1000) / phase.period;
  });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function print(name: string, report: Omit<StreamReport, 'toString'>): string {
  const { outputs, layers } = report;
  const total = sum(layers.map(({ microseconds }) => microseconds));
  const widest = Math.max(0, ...layers.map((layer) => layer.name.length));
  return [
    `Stream of "${name}"`,
    ...outputs.map(
      (output) =>
        `  ${output.name}: ${String(output.rate)} row(s) a step, the first after ${String(output.latency)} step(s), each of ${String(output.receptiveField)} step(s)`,
    ),
    `  state of a sequence: ${String(report.stateBytes)} bytes; a session: ${String(report.sessionBytes)} bytes`,
    `  a step: ${String(report.multiplyAdds)} multiply–adds, ${String(report.kernelCalls)} kernel calls, ${report.microseconds.toFixed(2)} µs; each layer by itself:`,
    ...layers.map(
      (layer) =>
        `    ${layer.name.padEnd(widest)}  ${layer.microseconds.toFixed(2).padStart(8)} µs  ${((100 * layer.microseconds) / total).toFixed(0).padStart(3)} %`,
    ),
  ].join('\n');
}
