import { compileGraph, emitInput, emitOutput, type CompiledGraph, type Forward } from '../graph/compile.js';
import { emitBackward, TensorGradients } from '../graph/backward.js';
import { traceGraph, type Graph } from '../graph/graph.js';
import { prepareRun, rangeOf, setSizes } from '../graph/inputs.js';
import type { Layer, SymbolicTensor } from '../graph/layer.js';
import { epoch, Randomness, seed } from '../graph/randomness.js';
import { innerAxes } from '../graph/view.js';
import { sizeOf } from '../graph/weights.js';
import { backwardTable } from '../layers/backward/index.js';
import { mismatch } from '../options/options.js';
import { known } from '../plan/known.js';
import type { PlanTensor } from '../plan/plan.js';
import { PlanRunner, Run } from '../plan/runner.js';
import { batch, evaluate, multiply, type Size } from '../plan/size.js';
import { doublesOf, integersOf, trainingKernels } from '../plan/training-kernels.js';
import type { Workspace } from '../plan/workspace.js';
import type { Numbers } from '../tensors/tensor.js';
import type { Data } from './data.js';
import type { BatchErrors } from './error-totals.js';
import {
  emitCount,
  isWhole,
  type Bindable,
  type Errors,
  type Functions,
  type Mean,
  type Over,
  type Sums,
  type TargetKind,
} from './measures.js';
import type { Metric } from './metrics.js';
import type { Parameters } from './parameters.js';
import { ActivityPenalties, type PenalizedOutput, type WeightPenalties } from './penalties.js';

/** An output with a loss. Outputs without one are not computed in training. */
export interface Objective {
  readonly symbolic: SymbolicTensor;
  /** What the user hands in for it. */
  readonly targets: SymbolicTensor;
  readonly targetKind: TargetKind;
  /** Whether layers are called on the targets: they are an input of the graph then. */
  readonly areTargetsInput: boolean;
  readonly loss: Over<Mean>;
  /** The loss's share in that of the model. */
  readonly lossWeight: number;
  /** How many rows a sample has in the loss: as many weights it may have. */
  readonly steps: Size;
  readonly metrics: readonly Over<Metric>[];
}

/** Where a run has what of an objective. */
interface ObjectiveTensors {
  readonly objective: Objective;
  /** Staging blocks of targets and sample weights. */
  readonly target: PlanTensor;
  readonly weights: PlanTensor;
  readonly errors: Omit<Errors, 'gradient'>;
  readonly loss: Sums;
  readonly metrics: readonly Sums[];
}

/** Seed and count of a batch's random numbers. */
export interface RandomPlace {
  readonly seed: number;
  readonly epoch: number;
}

/** What is added to the losses: penalties of weights, and of layers' outputs. */
export interface Penalties {
  readonly weights: WeightPenalties;
  readonly outputs: readonly PenalizedOutput[];
}

/** Forward, losses and, for training, backward: one plan, run for one batch at a time. */
export class TrainingPlan {
  readonly runner: PlanRunner;
  readonly run = new Run();
  readonly compiled: CompiledGraph;
  readonly graph: Graph;
  readonly randomness = new Randomness();
  /** Up to here no step writes a gradient, and all that losses divide by is there. */
  readonly forwardSteps: number;
  /** The steps behind these run once the batch is accepted. */
  readonly steps: number;
  readonly #workspace: Workspace;
  readonly #objectives: readonly ObjectiveTensors[];
  readonly #weightPenalties: WeightPenalties;
  readonly #activityPenalties: ActivityPenalties;
  readonly #isTraining: boolean;
  readonly #functions: Functions;

  /** @param parameters where the weights' gradients go; null: no backward steps (for `evaluate`). */
  constructor(
    graph: Graph,
    workspace: Workspace,
    objectives: readonly Objective[],
    penalties: Penalties,
    parameters: Parameters | null,
  ) {
    this.graph = graph;
    this.#workspace = workspace;
    this.#weightPenalties = penalties.weights;
    this.#isTraining = parameters !== null;
    const { exponential: exp, logarithm: log } = trainingKernels(workspace);
    this.#functions = { exp, log };
    // What is penalized must be there, whether or not another layer reads it.
    const read = withOwnMeasures(
      { ...graph, outputs: [...graph.outputs, ...penalties.outputs.map(({ symbolic }) => symbolic)] },
      objectives,
    );
    this.compiled =
      parameters === null
        ? compileGraph(read, 'evaluate')
        : compileGraph(read, 'train', (layer) => this.#forwardOf(layer));
    const { plan } = this.compiled;
    const gradients =
      parameters === null ? null : new TensorGradients(read, this.compiled, [], ({ isTrained }) => isTrained);
    this.#objectives = objectives.map((objective) => this.#emitCounts(objective));
    this.forwardSteps = plan.steps.length;
    for (const { objective, errors, loss } of this.#objectives) {
      const { measure, values } = objective.loss;
      measure.emit({ ...errors, gradient: gradients?.of(values) ?? null }, loss.result);
    }
    this.#activityPenalties = new ActivityPenalties(workspace, this.compiled, penalties.outputs, gradients);
    if (gradients !== null && parameters !== null) {
      emitBackward(this.compiled, gradients, parameters.gradientOf, backwardTable, this.randomness);
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

  /** Sizes of the next runs. Throws RangeError, naming figure, batch and lengths, when memory cannot hold them. */
  prepare(where: string, { inputs, targets }: Data, rows: number, random: RandomPlace): void {
    setSizes(this.run, this.graph.inputs, inputs, rows);
    const symbols = this.#objectives.map(({ objective }) => objective.targets);
    setSizes(this.run, symbols, targets, rows);
    this.run.set(seed, random.seed);
    this.run.set(epoch, random.epoch);
    this.#activityPenalties.prepare(this.run);
    prepareRun(where, this.runner, this.run, inputs);
  }

  /** Runs a prepared batch: the given rows of the data. */
  execute(data: Data, indices: Int32Array): BatchErrors {
    this.forward(data, indices);
    return this.backward();
  }

  /**
   * The first half of `execute`: no gradient is written.
   * @returns what each loss will divide by. Runs over parts of a batch may put these together for `backward`.
   */
  forward(data: Data, indices: Int32Array): number[] {
    this.stage(data, indices);
    this.runner.execute(this.run, 0, this.forwardSteps);
    const doubles = doublesOf(this.#workspace);
    return this.#objectives.map(({ loss }) => doubles[this.#countAt(loss)] ?? 0);
  }

  /**
   * The second half: losses and, in training, gradients.
   * @param counts what losses divide by, of more rows than these; the errors are then this run's part of the whole's
   */
  backward(counts?: readonly number[]): BatchErrors {
    counts?.forEach((count, i) => {
      const { loss } = known(this.#objectives[i], 'an objective');
      doublesOf(this.#workspace)[this.#countAt(loss)] = count;
    });
    this.runner.execute(this.run, this.forwardSteps, this.steps);
    if (this.#isTraining) this.#weightPenalties.addGradients();
    const penalty = this.#weightPenalties.value() + this.#activityPenalties.value(this.runner, this.run);
    const sums = this.#objectives.map(({ loss, metrics }) => [loss, ...metrics].map((one) => this.#read(one)));
    const loss = this.#objectives.reduce(
      (sum, { objective, loss }, i) => sum + objective.lossWeight * loss.valueOf(sums[i]?.[0] ?? [], this.#functions),
      0,
    );
    return { loss: loss + penalty, sums: sums.flat(2) };
  }

  /** What a layer changes by itself once a batch is done, such as moving averages: after `execute`, if nothing was refused. */
  accept(): void {
    this.runner.execute(this.run, this.steps);
  }

  /** Copies the rows of a batch into the plan's staging blocks. */
  stage({ inputs, targets, weights, firstSample = 0 }: Data, indices: Int32Array): void {
    this.graph.inputs.forEach((symbolic, i) => {
      this.#stageRows(this.compiled.staging.get(symbolic), inputs[i], indices);
    });
    this.#objectives.forEach((objective, i) => {
      this.#stageRows(objective.target, targets[i], indices);
      const given = weights[i] ?? null;
      if (given === null) this.#fillWithOnes(objective.weights);
      else this.#stageRows(objective.weights, given, indices);
      for (const { constant } of objective.metrics) {
        if (constant !== undefined) this.#workspace.floats.set(constant.values, this.#floatsAt(constant.tensor));
      }
    });
    const asked = this.randomness.indices;
    if (asked !== null) {
      const numbers = firstSample === 0 ? indices : indices.map((index) => index + firstSample);
      integersOf(this.#workspace).set(numbers, this.runner.address(asked, this.run) / 4);
    }
  }

  #forwardOf({ definition }: Layer): Forward | undefined {
    const training = backwardTable[definition.className];
    return training?.forward && ((context, config) => training.forward?.(context, config, this.randomness));
  }

  #stageRows(staging: PlanTensor | undefined, numbers: Numbers | undefined, indices: Int32Array): void {
    if (staging === undefined || numbers === undefined) return;
    let at = this.#floatsAt(staging);
    for (const index of indices) {
      const row = rangeOf(numbers, index, 1);
      this.#workspace.floats.set(row, at);
      at += row.length;
    }
  }

  /** How many numbers the losses and metrics sum. */
  get sumCount(): number {
    return this.#objectives
      .flatMap(({ loss, metrics }) => [loss, ...metrics])
      .reduce((sum, { count }) => sum + count, 0);
  }

  /** What it all comes to: each objective's loss, and its metrics. */
  valuesOf(sums: readonly number[]): { readonly loss: number; readonly metrics: readonly number[] }[] {
    let at = 0;
    const next = (one: Sums): number => one.valueOf(sums.slice(at, (at += one.count)), this.#functions);
    return this.#objectives.map(({ loss, metrics }) => ({ loss: next(loss), metrics: metrics.map(next) }));
  }

  /** Emits what an objective needs before gradients come: targets, weights, metrics, and what its loss divides by. */
  #emitCounts(objective: Objective): ObjectiveTensors {
    const { plan } = this.compiled;
    const { symbolic: output, targetKind, lossWeight, steps } = objective;
    const owner = output.node.layer.title;
    const { target, staging } = this.#emitTargets(objective);
    const mask = output.mask === null ? null : this.compiled.tensorOf(output.mask);
    if (mask !== null && output.shape.length > 3)
      mismatch(owner, 'at most three axes where a mask goes with a loss', output.shape.length);

    const weights = plan.dense(`${owner} (sample weights)`, [batch, steps]);
    plan.given.add(weights);
    const isLossWhole = isWhole(objective.loss, output);
    const inner = isLossWhole ? 1 : sizeOf(innerAxes(output.shape));
    const ofRows = plan.dense(`${owner} (row weights)`, [batch, steps, inner]);
    plan.emit(owner, 'weighRows', weights, isLossWhole ? 0 : (mask ?? 0), ofRows, steps, batch, inner);

    const over = (one: Over<Bindable>): Errors => {
      const isOne = isWhole(one, output);
      const rows = isOne ? batch : output.leading.reduce(multiply);
      const counted = isOne ? null : mask;
      const prediction = this.compiled.tensorOf(one.values);
      const operands = { plan, output: one.values, rows, prediction, target, targets: targetKind };
      return { ...operands, mask, weights: counted, counted, gradient: null, scale: 1 };
    };
    const metrics = objective.metrics.map((one) => {
      const weighting = one.measure.isWeighted ? { weights: ofRows, counted: ofRows } : {};
      return one.measure.emit({ ...over(one), ...weighting });
    });
    const errors = { ...over(objective.loss), weights: ofRows, scale: lossWeight };
    const loss = emitCount(objective.loss.measure, errors);
    return { objective, target: staging, weights, errors, metrics, loss };
  }

  /** The targets as rows, and where the user's numbers go. */
  #emitTargets({ symbolic, targets, areTargetsInput }: Objective): { target: PlanTensor; staging: PlanTensor } {
    const { plan, staging } = this.compiled;
    if (areTargetsInput) {
      return { target: this.compiled.tensorOf(targets), staging: known(staging.get(targets), 'targets') };
    }
    const name = `${symbolic.node.layer.title} (target rows)`;
    const target = targets.isDense
      ? plan.dense(name, targets.leading)
      : plan.rows(name, targets.leading, targets.features);
    return { target, staging: emitInput(plan, targets, target, 'target') };
  }

  /** Where a mean's count is, among float64 numbers: behind its sum. */
  #countAt({ result }: Sums): number {
    return this.runner.address(result, this.run) / 8 + 1;
  }

  #read({ result, count }: Sums): number[] {
    const at = this.runner.address(result, this.run) / 8;
    return Array.from(doublesOf(this.#workspace).subarray(at, at + count));
  }

  #fillWithOnes(tensor: PlanTensor): void {
    const at = this.#floatsAt(tensor);
    this.#workspace.floats.fill(1, at, at + evaluate(tensor.bytes, this.run.sizes) / 4);
  }

  #floatsAt(tensor: PlanTensor): number {
    return this.runner.address(tensor, this.run) / 4;
  }
}

/** The graph, and what losses and metrics of one's own make of its outputs and their targets. */
function withOwnMeasures(graph: Graph, objectives: readonly Objective[]): Graph {
  const own = objectives.flatMap(({ symbolic, loss, metrics }) =>
    [loss, ...metrics].flatMap(({ values }) => (values === symbolic ? [] : [values])),
  );
  if (own.length === 0) return graph;
  const targets = objectives.flatMap((objective) => (objective.areTargetsInput ? [objective.targets] : []));
  const inputs = [...graph.inputs, ...targets];
  const { nodes } = traceGraph('losses', inputs, [...graph.outputs, ...own]);
  return { ...graph, inputs, outputs: [...graph.outputs, ...own], nodes };
}

/** Gradients of Σ output · cotangent, for any cotangents: what `model.gradients` runs. */
export class GradientPlan {
  readonly runner: PlanRunner;
  readonly run = new Run();
  readonly compiled: CompiledGraph;
  readonly cotangents: readonly PlanTensor[];
  /** The gradient of each input, dense. */
  readonly inputs: readonly PlanTensor[];

  constructor(graph: Graph, workspace: Workspace, parameters: Parameters) {
    this.compiled = compileGraph(graph, 'gradients');
    const { plan } = this.compiled;
    const wanted = graph.inputs.filter((symbolic) => symbolic.dtype === 'float32');
    const gradients = new TensorGradients(graph, this.compiled, wanted);
    this.cotangents = graph.outputs.map((symbolic) => {
      const padded = plan.rows(`${symbolic.node.layer.title} (cotangent rows)`, symbolic.leading, symbolic.features);
      const dense = emitInput(plan, symbolic, padded, 'cotangent');
      const target = gradients.of(symbolic);
      if (target !== null) {
        plan.emit(symbolic.node.layer.title, 'accumulate', target, padded, multiply(padded.bytes, 0.25));
      }
      return dense;
    });
    emitBackward(this.compiled, gradients, parameters.gradientOf, backwardTable);
    this.inputs = wanted.map((symbolic) => {
      const gradient = gradients.of(symbolic);
      if (gradient === null) throw new Error(`${symbolic.node.layer.title}: has no gradient`);
      return emitOutput(plan, symbolic, gradient);
    });
    this.runner = new PlanRunner(workspace, plan);
  }
}
