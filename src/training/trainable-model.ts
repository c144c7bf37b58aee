import { traceGraph, type Graph } from '../graph/graph.js';
import {
  batchSizeOf,
  checkMasks,
  namesOf,
  prepareRun,
  readTensors,
  setSizes,
  type Names,
  type Rows,
  type TensorsLike,
} from '../graph/inputs.js';
import type { SymbolicTensor } from '../graph/layer.js';
import { backwardTable } from '../layers/backward/index.js';
import { sizeOf } from '../graph/weights.js';
import type { Assembled } from '../model/assemble.js';
import { Model, type PredictOptions } from '../model/model.js';
import { parametersIn, summarize } from '../model/summary.js';
import { checkWholeBatches } from '../model/states.js';
import {
  asGiven,
  fields,
  nonNegativeInteger,
  oneOf,
  optional,
  positiveInteger,
  refuse,
  type Reader,
} from '../options/options.js';
import { explainPlan } from '../plan/explain.js';
import { Run } from '../plan/runner.js';
import { batch, evaluate, type Sizes } from '../plan/size.js';
import { makeTensor, type Numbers, type Tensor, type TensorLike } from '../tensors/tensor.js';
import { fitModel, type FitOptions } from './fit.js';
import type { History, Logs } from './history.js';
import { apart, leaving, restore, save } from './kept-states.js';
import { lossReader, meanOf, type LossName, type LossOption } from './losses.js';
import { givenForNeeded, neededInputs } from './needed-inputs.js';
import { firstBadTensor, NonFiniteLossError, type BatchPlace } from './non-finite.js';
import { OptimizerState, type OptimizerOption } from './optimizers/optimizer.js';
import { Parameters } from './parameters.js';
import { ErrorTotals, totalLoss, type BatchErrors } from './error-totals.js';
import { runningFit, trainedWeights } from './trained-weights.js';
import { GradientPlan, TrainingPlan, type Objective } from './training-plan.js';

export interface CompileArguments {
  /** A name, or an object of `optimizers` with options. */
  optimizer: OptimizerOption;
  /** One for every output, or one for each: an array, or an object by output name. An output without one is not trained. */
  loss: LossOption | readonly (LossOption | null)[] | Readonly<Record<string, LossOption>>;
  /** Reported beside the loss, for every output that has one. */
  metrics?: readonly LossOption[];
}

export interface EvaluateOptions {
  /** Default 32, or what the input's shape fixes. */
  batchSize?: number;
}

/** The gradients of Σ output · cotangent. */
export interface Gradients {
  /** For each input (masks excepted), initial states included. */
  readonly inputs: readonly Tensor[];
  /** For each weight, in the order of `getWeights`. */
  readonly weights: readonly Tensor[];
}

interface Compiled {
  readonly objectives: readonly Objective[];
  readonly optimizer: OptimizerState;
  readonly plan: TrainingPlan;
  readonly evaluation: TrainingPlan;
}

export interface ExplainOptions {
  /** Default 1. */
  batch?: number;
  /** Time length of every input. Default 1. */
  time?: number;
  /** Which plan: that of `predict` or that of a session. Default 'predict'. */
  plan?: 'predict' | 'stream';
}

/** A model that can also be trained. */
export class TrainableModel extends Model {
  readonly #seed: number;
  readonly #outputNames: Names;
  #parameters: Parameters | undefined;
  #compiled: Compiled | undefined;
  #gradientPlan: GradientPlan | undefined;
  #isFitting = false;
  #steps = 0;
  #epochs = 0;

  constructor(assembled: Assembled, seed: number) {
    super(assembled);
    this.#seed = seed;
    this.#outputNames = namesOf(assembled.graph.outputs);
  }

  /** Number of values in all weights. */
  countParameters(): number {
    return parametersIn(this.layers);
  }

  /** The layers with output shapes and numbers of parameters, as text; `print` gets it too, `console.log` by default. */
  summary(print: (text: string) => void = console.log): string {
    const text = summarize(this.name, this.graph);
    print(text);
    return text;
  }

  /** The plan as text: tensors with addresses and shapes, steps with kernels and arguments. */
  explain(options: ExplainOptions = {}): string {
    const read = fields(options, `${this.name}: explain`, {
      batch: optional(positiveInteger, 1),
      time: optional(nonNegativeInteger, 1),
      plan: optional(oneOf(['predict', 'stream']), 'predict'),
    });
    const run = new Run();
    run.set(batch, read.batch);
    for (const { time } of this.graph.inputs) {
      if (time !== null && typeof time === 'object' && time.op === 'symbol') run.set(time, read.time);
    }
    if (read.plan === 'predict') return explainPlan(this.predictor().runner, run);
    return explainPlan(this.streamPlan().runner, run);
  }

  /** While `fit` runs, a prediction goes on from the states of the last batch, and leaves them. */
  override predictAll(x: TensorsLike, options: PredictOptions = {}): Tensor[] {
    return this.#leavingStates(() => super.predictAll(x, options));
  }

  override resetStates(): void {
    this.#refuseWhileFitting('resetStates');
    super.resetStates();
  }

  override setWeights(weights: readonly TensorLike[]): void {
    this.#refuseWhileFitting('setWeights');
    this.#refuseWhileOthersFit('setWeights');
    super.setWeights(weights);
  }

  /**
   * Says how to train: optimizer, losses, metrics. Calling it again starts the optimizer anew; weights stay.
   * @throws TypeError for a name or an option that is unknown or out of range; nothing is changed then.
   */
  compile(options: CompileArguments): void {
    this.#refuseWhileFitting('compile');
    const where = `${this.name}: compile`;
    const read = fields(options, where, { optimizer: asGiven, loss: asGiven, metrics: optional(listOfLosses, []) });
    const objectives = this.#objectivesOf(read.loss, read.metrics, where);
    for (const { definition, config, title } of this.graph.layers) {
      const reason = backwardTable[definition.className]?.untrainable?.(config) ?? null;
      if (reason !== null) throw new Error(`${this.name}: ${title}: ${reason}`);
    }
    const parameters = this.#trainingParameters();
    const graph = this.#trainedGraph(objectives);
    const plan = new TrainingPlan(graph, this.workspace, objectives, parameters);
    const evaluation = new TrainingPlan(graph, this.workspace, objectives, null);
    // Last, for it takes memory: nothing is to be given back when something above fails.
    const optimizer = new OptimizerState(`${where}: optimizer`, read.optimizer, this.workspace, parameters);
    this.#compiled?.optimizer.release();
    this.#compiled = { objectives, optimizer, plan, evaluation };
  }

  /**
   * Trains over epochs. Yields to the event loop every 30 ms or so.
   * @param x inputs, as for `predict`; those that no output with a loss needs are not read, and may be left out.
   * @param y targets, shaped as the outputs that have a loss.
   * @returns losses and metrics of every epoch.
   * @throws NonFiniteLossError when a loss, gradient or step is NaN or infinite; the weights of the last good batch stay.
   */
  async fit(x: TensorsLike, y: TensorsLike, options: FitOptions = {}): Promise<History> {
    this.#requireCompiled('fit');
    if (this.#isFitting) throw new Error(`${this.name}: fit: another fit of this model is running`);
    this.#refuseWhileOthersFit('fit');
    this.#setFitting(true);
    try {
      return await fitModel(this, x, y, options);
    } finally {
      this.#setFitting(false);
    }
  }

  /** One step of the optimizer on one batch; gives the batch's loss (before the step) and metrics. */
  trainOnBatch(x: TensorsLike, y: TensorsLike): Logs {
    this.#refuseWhileFitting('trainOnBatch');
    this.#refuseWhileOthersFit('trainOnBatch');
    const where = `${this.name}: trainOnBatch`;
    const { inputs, targets } = this.readData(where, x, y, 'one batch');
    const indices = Int32Array.from({ length: inputs[0]?.shape[0] ?? 0 }, (_, i) => i);
    const errors = this.trainRows(where, inputs, targets, indices, { seed: this.#seed, epoch: this.#steps }, {});
    return this.logsOf(errors);
  }

  /** The loss and the metrics over data, without training. While `fit` runs, states are left as by `predict`. */
  evaluate(x: TensorsLike, y: TensorsLike, options: EvaluateOptions = {}): Logs {
    const where = `${this.name}: evaluate`;
    const read = fields(options, where, { batchSize: optional(positiveInteger, undefined) });
    const { inputs, targets } = this.readData(where, x, y, 'batches');
    const batchSize = this.batchSizeOf(where, read.batchSize);
    const rows = inputs[0]?.shape[0] ?? 0;
    if (this.isStateful) checkWholeBatches(where, rows, batchSize);
    return this.#leavingStates(() => this.evaluateRows(where, inputs, targets, 0, rows, batchSize));
  }

  /**
   * Gradients of Σ output · cotangent by inputs, initial states and weights, without dropout; the model need not be compiled.
   * Stateful layers start from the states they have, and keep them.
   * @param cotangents one for each output, shaped as the outputs.
   */
  gradients(x: TensorsLike, cotangents: TensorsLike): Gradients {
    const where = `${this.name}: gradients`;
    const inputs = readTensors(where, this.graph.inputs, x);
    const given = readTensors(`${where}: cotangents`, this.graph.outputs, cotangents);
    const rows = inputs[0]?.shape[0] ?? 0;
    if (given[0]?.shape[0] !== rows) refuse(`${where}: cotangents`, `${rows} rows`, given[0]?.shape[0]);
    const parameters = this.#trainingParameters();
    const { runner, run, compiled, ...plan } = (this.#gradientPlan ??= new GradientPlan(
      this.graph,
      this.workspace,
      parameters,
    ));
    setSizes(run, this.graph.inputs, inputs, rows);
    checkMasks(where, this.graph, run);
    this.#checkSteps(`${where}: cotangents`, given, run.sizes);
    const before = save(this.states, this.workspace);
    prepareRun(where, runner, run, inputs);
    if (this.isStateful) this.states.bind(runner, run);
    const { floats } = this.workspace;
    this.graph.inputs.forEach((symbolic, i) => {
      const [staging, numbers] = [compiled.staging.get(symbolic), inputs[i]];
      if (staging !== undefined && numbers !== undefined) floats.set(numbers.data, runner.address(staging, run) / 4);
    });
    plan.cotangents.forEach((staging, i) => {
      floats.set(given[i]?.data ?? [], runner.address(staging, run) / 4);
    });
    parameters.zeroGradients();
    runner.execute(run);
    restore(this.states, this.workspace, before);
    const wanted = this.graph.inputs.map((symbolic, i) => ({ symbolic, shape: inputs[i]?.shape ?? [] }));
    const floatInputs = wanted.filter(({ symbolic }) => symbolic.dtype === 'float32');
    return {
      inputs: floatInputs.map(({ shape }, i) => {
        const dense = plan.inputs[i];
        const at = dense === undefined ? 0 : runner.address(dense, run) / 4;
        return makeTensor(this.workspace.floats.slice(at, at + sizeOf(shape)), shape);
      }),
      weights: parameters.readGradients(),
    };
  }

  /** @internal Checks inputs and targets against each other. */
  readData(where: string, x: TensorsLike, y: TensorsLike, allowed: Rows): { inputs: Numbers[]; targets: Numbers[] } {
    const { objectives, plan } = this.#requireCompiled(where.slice(this.name.length + 2));
    const needed = plan.graph.inputs;
    const inputs = readTensors(where, needed, givenForNeeded(x, this.graph.inputs, needed), allowed);
    const symbols = objectives.map(({ symbolic }) => symbolic);
    const targets = readTensors(`${where}: targets`, symbols, y, allowed, this.#outputNames);
    const [rows, targetRows] = [inputs[0]?.shape[0], targets[0]?.shape[0]];
    if (rows !== targetRows) {
      throw new TypeError(`${where}: expected as many targets as inputs, ${rows}, got ${targetRows}`);
    }
    setSizes(plan.run, needed, inputs, rows ?? 0);
    checkMasks(where, plan.graph, plan.run);
    symbols.forEach((output, i) => {
      const [{ time }, came] = [output, targets[i]?.shape[1]];
      if (time !== null && evaluate(time, plan.run.sizes) !== came) {
        const expected = String(evaluate(time, plan.run.sizes));
        throw new TypeError(
          `${where}: targets of "${this.#outputName(output)}": expected ${expected} time steps, got ${came}`,
        );
      }
    });
    return { inputs, targets };
  }

  /** @internal As given, or as an input's shape fixes it, or 32. */
  batchSizeOf(where: string, given: number | undefined): number {
    return batchSizeOf(where, this.#requireCompiled('fit').plan.graph.inputs, given, 32);
  }

  /** @internal One step of the optimizer on the given rows. */
  trainRows(
    where: string,
    inputs: readonly Numbers[],
    targets: readonly Numbers[],
    indices: Int32Array,
    random: { seed: number; epoch: number },
    place: BatchPlace,
  ): BatchErrors {
    const { plan, optimizer } = this.#requireCompiled('fit');
    const parameters = this.#trainingParameters();
    optimizer.prepare();
    plan.prepare(where, inputs, indices.length, random);
    const { isStateful, states, workspace } = this;
    const before = save(states, workspace);
    if (isStateful) states.bind(plan.runner, plan.run);
    parameters.zeroGradients();
    const errors = plan.execute(inputs, targets, indices);
    const norm = parameters.norm('gradient');
    if (!Number.isFinite(totalLoss(errors)) || !Number.isFinite(norm)) {
      const what = Number.isFinite(totalLoss(errors)) ? 'a gradient is not finite' : `the loss is ${totalLoss(errors)}`;
      restore(states, workspace, before);
      if (isStateful) states.bind(plan.runner, plan.run);
      plan.stage(inputs, targets, indices);
      const tensor = firstBadTensor(plan, workspace, parameters);
      restore(states, workspace, before);
      throw new NonFiniteLossError(this.name, what, place, tensor, norm);
    }
    const overflown = optimizer.step(norm);
    if (overflown !== null) {
      restore(states, workspace, before);
      throw new NonFiniteLossError(this.name, "the optimizer's step overflows", place, overflown, norm);
    }
    parameters.refresh(this.layers);
    this.#steps++;
    return errors;
  }

  /** @internal As `evaluateRows`, from fresh states; the states that training carries stay as they are. */
  evaluateApart(
    where: string,
    inputs: readonly Numbers[],
    targets: readonly Numbers[],
    from: number,
    to: number,
    batchSize: number,
  ): Logs {
    if (!this.isStateful) return this.evaluateRows(where, inputs, targets, from, to, batchSize);
    return apart(this.states, () => this.evaluateRows(where, inputs, targets, from, to, batchSize));
  }

  /** @internal The loss and metrics over a range of rows, by batches. */
  evaluateRows(
    where: string,
    inputs: readonly Numbers[],
    targets: readonly Numbers[],
    from: number,
    to: number,
    batchSize: number,
  ): Logs {
    const { evaluation } = this.#requireCompiled('evaluate');
    const sums = new ErrorTotals();
    for (let start = from; start < to; start += batchSize) {
      const count = Math.min(batchSize, to - start);
      evaluation.prepare(where, inputs, count, { seed: this.#seed, epoch: 0 });
      if (this.isStateful) this.states.bind(evaluation.runner, evaluation.run);
      sums.add(
        evaluation.execute(
          inputs,
          targets,
          Int32Array.from({ length: count }, (_, i) => start + i),
        ),
        count,
      );
    }
    return this.logsOf(sums.errors, sums.loss);
  }

  /** @internal Names for losses and metrics: with one output plain, with several also by output. */
  logsOf(errors: BatchErrors, loss = totalLoss(errors)): Logs {
    const { objectives } = this.#requireCompiled('fit');
    const logs: Record<string, number> = {};
    objectives.forEach(({ symbolic, metrics }, i) => {
      const output = objectives.length === 1 ? '' : this.#outputName(symbolic);
      const prefixed = (name: string): string =>
        output === '' ? name : `${output}${name.charAt(0).toUpperCase()}${name.slice(1)}`;
      const error = errors[i];
      if (error === undefined) return;
      if (output !== '') logs[prefixed('loss')] = meanOf(error.loss);
      metrics.forEach((metric, j) => {
        const sum = error.metrics[j];
        if (sum !== undefined) logs[prefixed(metric)] = meanOf(sum);
      });
    });
    return { loss, ...logs };
  }

  /** @internal The number of the next epoch: random numbers count on from one `fit` to the next. */
  nextEpoch(): number {
    return this.#epochs++;
  }

  #outputName(output: SymbolicTensor): string {
    return this.#outputNames.get(output) ?? output.node.layer.title;
  }

  #requireCompiled(what: string): Compiled {
    if (this.#compiled === undefined) {
      throw new Error(`${this.name}: ${what}: call compile({ optimizer, loss }) first`);
    }
    return this.#compiled;
  }

  #setFitting(isFitting: boolean): void {
    this.#isFitting = isFitting;
    for (const layer of this.layers) {
      // An input may stand in models that share nothing else.
      if (layer.weights.specs.length > 0) trainedWeights(layer).fitting = isFitting ? this : undefined;
    }
  }

  #refuseWhileFitting(what: string): void {
    if (this.#isFitting) throw new Error(`${this.name}: ${what}: fit is running; abort it or wait for it`);
  }

  /** Weights belong to layers, which other models may train. */
  #refuseWhileOthersFit(what: string): void {
    const running = runningFit(this.layers);
    if (running === undefined) return;
    const { model, layer } = running;
    throw new Error(
      `${this.name}: ${what}: fit of "${model.name}" is running over ${layer.title}; abort it or wait for it`,
    );
  }

  /** Runs something that may move states on; those that a running `fit` carries stay. */
  #leavingStates<T>(run: () => T): T {
    return this.#isFitting ? leaving(this.states, this.workspace, run) : run();
  }

  #trainingParameters(): Parameters {
    return (this.#parameters ??= new Parameters(this.graph, this.workspace));
  }

  /**
   * The part of the graph that the outputs with a loss need. All of it where layers are stateful: each run then moves
   * every state on, and all plans of the model share one layout of the states.
   */
  #trainedGraph(objectives: readonly Objective[]): Graph {
    const outputs = objectives.map(({ symbolic }) => symbolic);
    if (this.isStateful || outputs.length === this.graph.outputs.length) return this.graph;
    return traceGraph(this.name, neededInputs(this.graph, outputs), outputs);
  }

  #checkSteps(where: string, given: readonly Numbers[], sizes: Sizes): void {
    this.graph.outputs.forEach(({ time }, i) => {
      const came = given[i]?.shape[1];
      if (time !== null && evaluate(time, sizes) !== came) {
        refuse(where, `${evaluate(time, sizes)} time steps`, came);
      }
    });
  }

  #objectivesOf(loss: unknown, metrics: readonly LossName[], where: string): Objective[] {
    const { outputs } = this.graph;
    const lossFor = (i: number, name: string): unknown => {
      if (typeof loss === 'string') return loss;
      if (Array.isArray(loss)) return loss[i];
      if (typeof loss === 'object' && loss !== null) return (loss as Record<string, unknown>)[name];
      return refuse(`${where}: loss`, 'a name, an array or an object by output name', loss);
    };
    if (Array.isArray(loss) && loss.length !== outputs.length) {
      refuse(`${where}: loss`, `${outputs.length} losses, one for each output`, loss);
    }
    if (typeof loss === 'object' && loss !== null && !Array.isArray(loss)) {
      const names = outputs.map((output) => this.#outputName(output));
      const unknown = Object.keys(loss).find((name) => !names.includes(name));
      if (unknown !== undefined) refuse(`${where}: loss`, `output names (${names.join(', ')})`, unknown);
    }
    const objectives = outputs.flatMap((symbolic, i): Objective[] => {
      const name = this.#outputName(symbolic);
      const given = lossFor(i, name);
      if (given === undefined || given === null) return [];
      return [{ symbolic, metrics, loss: lossReader(given, `${where}: loss of "${name}"`) }];
    });
    if (objectives.length === 0) refuse(`${where}: loss`, 'a loss for at least one output', loss);
    return objectives;
  }
}

const listOfLosses: Reader<readonly LossName[]> = (value, where) =>
  Array.isArray(value)
    ? value.map((name: unknown) => lossReader(name, where))
    : refuse(where, 'an array of names', value);
