import type { CompiledGraph } from '../graph/compile.js';
import { emitBackward, TensorGradients } from '../graph/backward.js';
import { traceGraph, type Graph } from '../graph/graph.js';
import type { RandomPlace } from '../graph/randomness.js';
import { backwardTable } from '../layers/backward/index.js';
import { known } from '../plan/known.js';
import { PlanRunner } from '../plan/runner.js';
import { batch, multiply } from '../plan/size.js';
import { doublesOf, trainingKernels } from '../plan/training-kernels.js';
import type { Workspace } from '../plan/workspace.js';
import { CountedPlan, type Counted } from './counted-plan.js';
import type { Data } from './data.js';
import type { BatchErrors } from './error-totals.js';
import { isWhole, type Bindable, type Errors, type Functions, type Over, type Sums } from './measures.js';
import type { Objective } from './objective.js';
import type { Parameters } from './parameters.js';
import { ActivityPenalties, type PenalizedOutput, type WeightPenalties } from './penalties.js';

/** What is added to the losses: penalties of weights, and of layers' outputs. */
export interface Penalties {
  readonly weights: WeightPenalties;
  readonly outputs: readonly PenalizedOutput[];
}

/** Forward, losses and, for training, backward: one plan, run for one batch at a time, or for a part of one. */
export class TrainingPlan extends CountedPlan {
  readonly runner: PlanRunner;
  readonly graph: Graph;
  /** Up to here no step writes a gradient, and all that losses divide by is there. */
  readonly forwardSteps: number;
  /** The steps behind these run once the batch is accepted. */
  readonly steps: number;
  readonly #metrics: readonly (readonly Sums[])[];
  readonly #weightPenalties: WeightPenalties;
  readonly #activityPenalties: ActivityPenalties;
  readonly #isTraining: boolean;
  readonly #functions: Functions;
  /** Of what is prepared: its rows, and the samples of the batch that they are a part of. */
  #rows = 0;
  #samples = 0;

  /** @param parameters where the weights' gradients go; null: no backward steps (for `evaluate`). */
  constructor(
    graph: Graph,
    workspace: Workspace,
    objectives: readonly Objective[],
    penalties: Penalties,
    parameters: Parameters | null,
  ) {
    super(
      withMeasures(graph, objectives, penalties),
      workspace,
      { inputs: graph.inputs, objectives },
      parameters === null ? 'evaluate' : 'train',
    );
    this.graph = graph;
    this.#weightPenalties = penalties.weights;
    this.#isTraining = parameters !== null;
    const { exponential: exp, logarithm: log } = trainingKernels(workspace);
    this.#functions = { exp, log };
    const { compiled } = this;
    const { plan } = compiled;
    this.#metrics = this.counted.map((counted) => emitMetrics(compiled, counted));
    this.forwardSteps = plan.steps.length;
    const gradients =
      parameters === null ? null : new TensorGradients(this.read, compiled, [], ({ isTrained }) => isTrained);
    for (const counted of this.counted) {
      const { loss, lossWeight } = counted.objective;
      const errors = errorsOf(this.compiled, counted, loss);
      const gradient = gradients?.of(loss.values) ?? null;
      loss.measure.emit({ ...errors, weights: counted.rowWeights, scale: lossWeight, gradient }, counted.loss.result);
    }
    this.#activityPenalties = new ActivityPenalties(workspace, this.compiled, penalties.outputs, gradients);
    if (gradients !== null && parameters !== null) {
      emitBackward(compiled, gradients, parameters.gradientOf, backwardTable, this.randomness);
    }
    this.steps = plan.steps.length;
    if (parameters !== null) {
      for (const { context } of this.compiled.nodes) {
        const { definition, config } = context.layer;
        backwardTable[definition.className]?.accept?.(context, config);
      }
    }
    this.runner = new PlanRunner(workspace, plan);
  }

  /** @param samples those of the batch, where the rows are a part of it */
  override prepare(where: string, data: Data, rows: number, random: RandomPlace, samples = rows): void {
    [this.#rows, this.#samples] = [rows, samples];
    this.#activityPenalties.prepare(this.run, samples);
    super.prepare(where, data, rows, random);
  }

  /** Runs a prepared batch: the given rows of the data. */
  execute(data: Data, indices: Int32Array): BatchErrors {
    this.forward(data, indices);
    const errors = this.backward();
    const penalty = this.#weightPenalties.value();
    if (this.#isTraining) this.#weightPenalties.addGradients();
    return { ...errors, loss: errors.loss + penalty };
  }

  /** The first half: no gradient is written. */
  forward(data: Data, indices: Int32Array): void {
    this.stage(data, indices);
    this.runner.execute(this.run, 0, this.forwardSteps);
  }

  /**
   * The second half: losses and, in training, gradients, without penalties of weights.
   * @param counts what the losses of a batch divide by that the rows are a part of: loss and gradients are then the part's share,
   *   so that those of all parts add up
   */
  backward(counts?: readonly number[]): BatchErrors {
    if (counts !== undefined) {
      const doubles = doublesOf(this.workspace);
      this.counted.forEach(({ loss }, i) => {
        doubles[this.countAt(loss)] = known(counts[i], 'a count');
      });
    }
    this.runner.execute(this.run, this.forwardSteps, this.steps);
    let total = 0;
    const sums = this.counted.map(({ objective, loss }, i) => {
      const value = loss.valueOf(this.#read(loss), this.#functions);
      total += objective.lossWeight * value;
      return [value * this.#samples, this.#rows, ...(this.#metrics[i] ?? []).flatMap((metric) => this.#read(metric))];
    });
    return { loss: total + this.#activityPenalties.value(this.runner, this.run), sums: sums.flat() };
  }

  /** What a layer changes by itself once a batch is done, such as moving averages: after `execute`, if nothing was refused. */
  accept(): void {
    this.runner.execute(this.run, this.steps);
  }

  override stage(data: Data, indices: Int32Array): void {
    super.stage(data, indices);
    for (const { constant } of this.#metrics.flat()) {
      if (constant !== undefined) this.workspace.floats.set(constant.values, this.floatsAt(constant.tensor));
    }
  }

  /** How many numbers the losses and metrics sum. */
  get sumCount(): number {
    return this.#metrics.flat().reduce((sum, { count }) => sum + count, 2 * this.counted.length);
  }

  /**
   * What it all comes to: each objective's loss, and its metrics. The loss is the mean over batches, weighted by their rows, as that of
   * the model is; metrics are over the rows that count in them, in whichever batch (Keras).
   */
  valuesOf(sums: readonly number[]): { readonly loss: number; readonly metrics: readonly number[] }[] {
    let at = 0;
    const take = (count: number): readonly number[] => sums.slice(at, (at += count));
    return this.#metrics.map((metrics) => {
      const [loss = 0, rows = 0] = take(2);
      return {
        loss: rows === 0 ? 0 : loss / rows,
        metrics: metrics.map((one) => one.valueOf(take(one.count), this.#functions)),
      };
    });
  }

  #read({ result, count }: Sums): number[] {
    const at = this.runner.address(result, this.run) / 8;
    return Array.from(doublesOf(this.workspace).subarray(at, at + count));
  }
}

/** What a measure of an objective is emitted over: unweighted, without a gradient. */
function errorsOf(
  compiled: CompiledGraph,
  { objective: { symbolic, targetKind }, target, mask }: Counted,
  one: Over<Bindable>,
): Errors {
  const isOne = isWhole(one, symbolic);
  const rows = isOne ? batch : symbolic.leading.reduce(multiply);
  const counted = isOne ? null : mask;
  const prediction = compiled.tensorOf(one.values);
  const operands = { plan: compiled.plan, output: one.values, rows, prediction, target, targets: targetKind };
  return { ...operands, mask, weights: counted, counted, gradient: null, scale: 1 };
}

function emitMetrics(compiled: CompiledGraph, counted: Counted): Sums[] {
  const { rowWeights } = counted;
  return counted.objective.metrics.map((one) => {
    const weighting = one.measure.isWeighted ? { weights: rowWeights, counted: rowWeights } : {};
    return one.measure.emit({ ...errorsOf(compiled, counted, one), ...weighting });
  });
}

/**
 * The graph, what is penalized, whether or not another layer reads it, and what losses and metrics of one's own make of its outputs
 * and their targets.
 */
function withMeasures(graph: Graph, objectives: readonly Objective[], penalties: Penalties): Graph {
  const own = objectives.flatMap(({ symbolic, loss, metrics }) =>
    [loss, ...metrics].flatMap(({ values }) => (values === symbolic ? [] : [values])),
  );
  const outputs = [...graph.outputs, ...penalties.outputs.map(({ symbolic }) => symbolic), ...own];
  if (outputs.length === graph.outputs.length) return graph;
  const targets = objectives.flatMap((objective) => (objective.areTargetsInput ? [objective.targets] : []));
  const inputs = [...graph.inputs, ...targets];
  return { ...graph, inputs, outputs, nodes: traceGraph('losses', inputs, outputs).nodes };
}
