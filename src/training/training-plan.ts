import { compileGraph, emitInput, emitOutput, type CompiledGraph, type Forward } from '../graph/compile.js';
import { emitBackward, TensorGradients } from '../graph/backward.js';
import type { Graph } from '../graph/graph.js';
import { prepareRun, rangeOf, setSizes } from '../graph/inputs.js';
import type { Layer, SymbolicTensor } from '../graph/layer.js';
import { epoch, Randomness, seed } from '../graph/randomness.js';
import { backwardTable } from '../layers/backward/index.js';
import type { PlanTensor } from '../plan/plan.js';
import { PlanRunner, Run } from '../plan/runner.js';
import { multiply } from '../plan/size.js';
import { doublesOf, integersOf } from '../plan/training-kernels.js';
import type { Workspace } from '../plan/workspace.js';
import type { Numbers } from '../tensors/tensor.js';
import type { Data } from './data.js';
import type { BatchErrors } from './error-totals.js';
import { emitMeasure, isSparse, type ErrorPlace, type ErrorSum, type Measure, type Metric } from './losses.js';
import type { Parameters } from './parameters.js';
import { ActivityPenalties, type PenalizedOutput, type WeightPenalties } from './penalties.js';

/** An output with a loss. Outputs without one are not computed in training. */
export interface Objective {
  readonly symbolic: SymbolicTensor;
  /** What the user hands in for it: as the output is, or class numbers. */
  readonly targets: SymbolicTensor;
  readonly loss: Measure;
  readonly metrics: readonly Metric[];
}

interface ObjectiveTensors {
  readonly target: PlanTensor;
  readonly loss: ErrorPlace;
  readonly metrics: readonly ErrorPlace[];
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
  /** The steps behind these run once the batch is accepted. */
  readonly steps: number;
  readonly #workspace: Workspace;
  readonly #objectives: readonly ObjectiveTensors[];
  readonly #weightPenalties: WeightPenalties;
  readonly #activityPenalties: ActivityPenalties;
  readonly #isTraining: boolean;

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
    // What is penalized must be there, whether or not another layer reads it.
    const read = { ...graph, outputs: [...graph.outputs, ...penalties.outputs.map(({ symbolic }) => symbolic)] };
    this.compiled =
      parameters === null
        ? compileGraph(read, 'evaluate')
        : compileGraph(read, 'train', (layer) => this.#forwardOf(layer));
    const { plan } = this.compiled;
    const gradients =
      parameters === null ? null : new TensorGradients(graph, this.compiled, [], ({ isTrained }) => isTrained);
    this.#objectives = objectives.map((objective) => {
      const { symbolic: output, targets, loss } = objective;
      const padded = plan.rows(`${output.node.layer.title} (target rows)`, targets.leading, targets.features);
      const target = emitInput(plan, targets, padded, 'target');
      const prediction = this.compiled.tensorOf(output);
      const mask = output.mask === null ? null : this.compiled.tensorOf(output.mask);
      const emit = (measure: Measure, gradient: PlanTensor | null): ErrorPlace =>
        emitMeasure(plan, measure, isSparse(loss), { output, prediction, target: padded, mask, gradient });
      const metrics = objective.metrics.map(({ measure }) => emit(measure, null));
      return { target, metrics, loss: emit(loss, gradients?.of(output) ?? null) };
    });
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
  prepare(where: string, { inputs }: Data, rows: number, random: RandomPlace): void {
    setSizes(this.run, this.graph.inputs, inputs, rows);
    this.run.set(seed, random.seed);
    this.run.set(epoch, random.epoch);
    this.#activityPenalties.prepare(this.run);
    prepareRun(where, this.runner, this.run, inputs);
  }

  /** Runs a prepared batch: the given rows of the data. */
  execute(data: Data, indices: Int32Array): BatchErrors {
    this.stage(data, indices);
    this.runner.execute(this.run, 0, this.steps);
    if (this.#isTraining) this.#weightPenalties.addGradients();
    const penalty = this.#weightPenalties.value() + this.#activityPenalties.value(this.runner, this.run);
    return [...this.#errors(), { loss: { sum: penalty, count: 1 }, metrics: [] }];
  }

  /** What a layer changes by itself once a batch is done, such as moving averages: after `execute`, if nothing was refused. */
  accept(): void {
    this.runner.execute(this.run, this.steps);
  }

  /** Copies the rows of a batch into the plan's staging blocks. */
  stage({ inputs, targets }: Data, indices: Int32Array): void {
    this.graph.inputs.forEach((symbolic, i) => {
      this.#stageRows(this.compiled.staging.get(symbolic), inputs[i], indices);
    });
    this.#objectives.forEach(({ target }, i) => {
      this.#stageRows(target, targets[i], indices);
    });
    const asked = this.randomness.indices;
    if (asked !== null) integersOf(this.#workspace).set(indices, this.runner.address(asked, this.run) / 4);
  }

  #forwardOf({ definition }: Layer): Forward | undefined {
    const training = backwardTable[definition.className];
    return training?.forward && ((context, config) => training.forward?.(context, config, this.randomness));
  }

  #stageRows(staging: PlanTensor | undefined, numbers: Numbers | undefined, indices: Int32Array): void {
    if (staging === undefined || numbers === undefined) return;
    let at = this.runner.address(staging, this.run) / 4;
    for (const index of indices) {
      const row = rangeOf(numbers, index, 1);
      this.#workspace.floats.set(row, at);
      at += row.length;
    }
  }

  #errors(): BatchErrors {
    const read = ({ result, errorsInRow }: ErrorPlace): ErrorSum => {
      const at = this.runner.address(result, this.run) / 8;
      const [sum = 0, rows = 0] = doublesOf(this.#workspace).subarray(at, at + 2);
      return { sum, count: rows * errorsInRow };
    };
    return this.#objectives.map(({ loss, metrics }) => ({ loss: read(loss), metrics: metrics.map(read) }));
  }
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
