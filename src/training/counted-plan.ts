import { compileGraph, type CompiledGraph, type Forward } from '../graph/compile.js';
import { emitInput } from '../graph/ends.js';
import type { Purpose } from '../graph/node-context.js';
import { traceGraph, type Graph } from '../graph/graph.js';
import { prepareRun, rangeOf, setSizes } from '../graph/inputs.js';
import type { Layer, SymbolicTensor } from '../graph/layer.js';
import { epoch, Randomness, seed, type RandomPlace } from '../graph/randomness.js';
import { innerAxes } from '../graph/view.js';
import { sizeOf } from '../tensors/tensor.js';
import { backwardTable } from '../layers/backward/index.js';
import { mismatch } from '../options/options.js';
import type { PlanTensor } from '../plan/plan.js';
import { PlanRunner, Run } from '../plan/runner.js';
import { batch, evaluate, multiply } from '../plan/size.js';
import { doublesOf, integersOf } from '../plan/training-kernels.js';
import type { Workspace } from '../plan/workspace.js';
import type { Numbers } from '../tensors/tensor.js';
import type { Data } from './data.js';
import { emitCount, isWhole, type Sums } from './measures.js';
import { neededInputs } from './needed-inputs.js';
import type { Objective } from './objective.js';

/** Where a run has what of an objective, before anything is made of its errors. */
export interface Counted {
  readonly objective: Objective;
  /** The targets as rows, and the staging blocks of targets and sample weights. */
  readonly target: PlanTensor;
  readonly staging: PlanTensor;
  readonly weights: PlanTensor;
  /** How much each row counts in the loss. */
  readonly rowWeights: PlanTensor;
  readonly mask: PlanTensor | null;
  /** What the loss sums, and divides by. */
  readonly loss: Sums;
}

/** Runs a graph forward over rows of a data set, at least as far as it takes to know what the losses divide by. */
export abstract class CountedPlan {
  abstract readonly runner: PlanRunner;
  readonly run = new Run();
  readonly compiled: CompiledGraph;
  readonly randomness = new Randomness();
  protected readonly workspace: Workspace;
  /** What is compiled. */
  protected readonly read: Graph;
  protected readonly counted: readonly Counted[];
  /** What `Data` holds numbers for. */
  readonly #inputs: readonly SymbolicTensor[];

  constructor(
    graph: Graph,
    workspace: Workspace,
    { inputs, objectives }: { readonly inputs: readonly SymbolicTensor[]; readonly objectives: readonly Objective[] },
    purpose: Purpose,
  ) {
    this.workspace = workspace;
    this.read = graph;
    this.#inputs = inputs;
    const forward = purpose === 'train' ? (layer: Layer) => this.#forwardOf(layer) : undefined;
    this.compiled = compileGraph(graph, purpose, forward);
    this.counted = objectives.map((objective) => emitCounts(this.compiled, objective));
  }

  /** Sizes of the next runs. Throws RangeError, naming figure, batch and lengths, when memory cannot hold them. */
  prepare(where: string, { inputs, targets }: Data, rows: number, random: RandomPlace): void {
    setSizes(this.run, this.#inputs, inputs, rows);
    const symbols = this.counted.map(({ objective }) => objective.targets);
    setSizes(this.run, symbols, targets, rows);
    this.run.set(seed, random.seed);
    this.run.set(epoch, random.epoch);
    prepareRun(where, this.runner, this.run, inputs);
  }

  /** Copies the given rows of the data into the plan's staging blocks. */
  stage({ inputs, targets, weights, samples }: Data, indices: Int32Array): void {
    this.#inputs.forEach((symbolic, i) => {
      this.#stageRows(this.compiled.staging.get(symbolic), inputs[i], indices);
    });
    this.counted.forEach((counted, i) => {
      this.#stageRows(counted.staging, targets[i], indices);
      const given = weights[i] ?? null;
      if (given === null) this.#fillWithOnes(counted.weights);
      else this.#stageRows(counted.weights, given, indices);
    });
    const asked = this.randomness.indices;
    if (asked !== null) {
      const numbers = samples === undefined ? indices : indices.map((index) => samples[index] ?? 0);
      integersOf(this.workspace).set(numbers, this.runner.address(asked, this.run) / 4);
    }
  }

  /** What each loss divides by, after a run. */
  protected counts(): number[] {
    const doubles = doublesOf(this.workspace);
    return this.counted.map(({ loss }) => doubles[this.countAt(loss)] ?? 0);
  }

  /** Where a mean's count is, among float64 numbers: behind its sum. */
  protected countAt({ result }: Sums): number {
    return this.runner.address(result, this.run) / 8 + 1;
  }

  protected floatsAt(tensor: PlanTensor): number {
    return this.runner.address(tensor, this.run) / 4;
  }

  #forwardOf({ definition }: Layer): Forward | undefined {
    const training = backwardTable[definition.className];
    return training?.forward && ((context, config) => training.forward?.(context, config, this.randomness));
  }

  #stageRows(staging: PlanTensor | undefined, numbers: Numbers | undefined, indices: Int32Array): void {
    if (staging === undefined || numbers === undefined) return;
    let at = this.floatsAt(staging);
    for (const index of indices) {
      const row = rangeOf(numbers, index, 1);
      this.workspace.floats.set(row, at);
      at += row.length;
    }
  }

  #fillWithOnes(tensor: PlanTensor): void {
    const at = this.floatsAt(tensor);
    this.workspace.floats.fill(1, at, at + evaluate(tensor.bytes, this.run.sizes) / 4);
  }
}

/** Emits what an objective needs before gradients come: targets, weights, and what its loss divides by. */
function emitCounts(compiled: CompiledGraph, objective: Objective): Counted {
  const { plan } = compiled;
  const { symbolic: output, targetKind, steps } = objective;
  const owner = output.node.layer.title;
  const { target, staging } = emitTargets(compiled, objective);
  const mask = output.mask === null ? null : compiled.tensorOf(output.mask);
  if (mask !== null && output.shape.length > 3)
    mismatch(owner, 'at most three axes where a mask goes with a loss', output.shape.length);

  const weights = plan.dense(`${owner} (sample weights)`, [batch, steps]);
  plan.given.add(weights);
  const isLossWhole = isWhole(objective.loss, output);
  const inner = isLossWhole ? 1 : sizeOf(innerAxes(output.shape));
  const rowWeights = plan.dense(`${owner} (row weights)`, [batch, steps, inner]);
  plan.emit(owner, 'weighRows', weights, isLossWhole ? 0 : (mask ?? 0), rowWeights, steps, batch, inner);

  const rows = isLossWhole ? batch : output.leading.reduce(multiply);
  const { measure, values } = objective.loss;
  const loss = emitCount(measure, {
    plan,
    output: values,
    rows,
    target,
    targets: targetKind,
    counted: isLossWhole ? null : mask,
  });
  return { objective, target, staging, weights, rowWeights, mask, loss };
}

/** The targets as rows, and where the user's numbers go. */
function emitTargets(compiled: CompiledGraph, { symbolic, targets }: Objective): Pick<Counted, 'target' | 'staging'> {
  const { plan, staging } = compiled;
  // Layers may be called on them: they are an input of the graph then.
  const staged = staging.get(targets);
  if (staged !== undefined) return { target: compiled.tensorOf(targets), staging: staged };
  const name = `${symbolic.node.layer.title} (target rows)`;
  const target = targets.isDense
    ? plan.dense(name, targets.leading)
    : plan.rows(name, targets.leading, targets.features);
  return { target, staging: emitInput(plan, targets, target, 'target') };
}

/** Says what losses divide by, without computing them: runs what their masks need, and nothing else. */
export class CountingPlan extends CountedPlan {
  readonly runner: PlanRunner;

  constructor(graph: Graph, workspace: Workspace, objectives: readonly Objective[]) {
    super(maskedGraph(graph, objectives), workspace, { inputs: graph.inputs, objectives }, 'train');
    this.runner = new PlanRunner(workspace, this.compiled.plan);
  }

  count(where: string, data: Data, indices: Int32Array, random: RandomPlace): number[] {
    this.prepare(where, data, indices.length, random);
    this.stage(data, indices);
    this.runner.execute(this.run);
    return this.counts();
  }
}

/** What the masks of outputs with a loss need; all of the graph where that may be random, for its random numbers go by places in it. */
function maskedGraph(graph: Graph, objectives: readonly Objective[]): Graph {
  const masks = objectives.flatMap(({ symbolic: { mask } }) => mask ?? []);
  const computed = masks.filter((mask) => !graph.inputs.includes(mask));
  const given = graph.inputs.filter((symbolic) => masks.includes(symbolic));
  const outputs = computed.flatMap((mask) => mask.node.outputs.filter((output) => output.mask === mask));
  if (outputs.length === 0) return { inputs: given, outputs: [], nodes: [], layers: [], leaves: [] };
  const inputs = neededInputs(graph, outputs);
  const traced = traceGraph('counts', inputs, outputs);
  const isRandom = traced.nodes.some(({ layer }) => backwardTable[layer.definition.className]?.forward !== undefined);
  if (isRandom) return graph;
  return { ...traced, inputs: [...new Set([...inputs, ...given])] };
}
