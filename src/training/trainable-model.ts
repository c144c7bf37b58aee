import { namesOf, type Names, type TensorsLike } from '../graph/inputs.js';
import type { NamedWeight } from '../formats/topology.js';
import type { Assembled } from '../model/assemble.js';
import { Model, type PredictOptions } from '../model/model.js';
import { checkWholeBatches } from '../model/states.js';
import { parametersIn, summarize } from '../model/summary.js';
import {
  asGiven,
  fields,
  flag,
  nonNegativeInteger,
  oneOf,
  optional,
  positiveInteger,
  text,
} from '../options/options.js';
import { explainPlan } from '../plan/explain.js';
import { reportStream, type StreamReport } from './report.js';
import { stepsBefore } from '../plan/growth.js';
import { Run } from '../plan/runner.js';
import { batch } from '../plan/size.js';
import type { Tensor, TensorLike } from '../tensors/tensor.js';
import { batchesOf, rowNumbers } from './data.js';
import { ErrorTotals } from './error-totals.js';
import { files } from '#files';
import type { Batches } from './batches.js';
import { fitModel, type FitHost, type FitOptions } from './fit.js';
import { readGiven } from './given-data.js';
import { GradientPlan, type Gradients } from './gradient-plan.js';
import { KeptTraining, trainingIn } from './kept-training.js';
import type { Fitted } from './running-fit.js';
import type { History, Logs } from './history.js';
import { leaving } from './kept-states.js';
import { lend, type LentModel, type TrainedElsewhere } from './lent-model.js';
import type { LossOption } from './losses.js';
import type { MetricOption } from './metrics.js';
import { readObjectives } from './objectives.js';
import type { OptimizerOption } from './optimizers/optimizer.js';
import { penalizedOutputs } from './penalties.js';
import { weightFields, type WeightOptions } from './sample-weights.js';
import { runningFit, trainedWeights } from './trained-weights.js';
import { Trainer } from './trainer.js';

export interface CompileArguments {
  /** A name, or an object of `optimizers` with options. */
  optimizer: OptimizerOption;
  /** One for every output, or one for each: an array, or an object by output name. An output without one is not trained. */
  loss: LossOption | readonly (LossOption | null)[] | Readonly<Record<string, LossOption>>;
  /**
   * How much each output's loss counts in that of the model: an array in their order, or an object by output name; what is not
   * there counts 1. The losses that are reported by output are without it. Default: all count 1.
   */
  lossWeights?: number | readonly number[] | Readonly<Record<string, number>>;
  /** Reported beside the loss, under the names given here, in camel case: for every output that has a loss, or by output name. */
  metrics?: MetricsOption;
  /** As `metrics`, but sample weights and class weights count in them. */
  weightedMetrics?: MetricsOption;
  /** Whether the logs of training tell `gradientNorm`, the norm of all gradients before clipping: the mean over batches. Default false. */
  logGradientNorm?: boolean;
}

/** The optimizer of a compiled model, as it is now. */
export interface OptimizerReport {
  /** Steps that were taken. */
  readonly iterations: number;
  /** Of the next step. */
  readonly learningRate: number;
  /** The norm of all gradients in the last step, before they were clipped; NaN before the first. */
  readonly gradientNorm: number;
}

export type MetricsOption = readonly MetricOption[] | Readonly<Record<string, MetricOption | readonly MetricOption[]>>;

export interface SaveOptions {
  /** Whether the file holds the optimizer too, so that training can go on from it. Default false. */
  optimizer?: boolean;
}

export interface EvaluateOptions extends WeightOptions {
  /** Default 32, or what the input's shape fixes. */
  batchSize?: number;
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
  /** @internal */
  readonly outputNames: Names;
  /** What `fit` may change while it runs, and others may not. */
  readonly #own = {
    getWeights: (): Tensor[] => super.getWeights(),
    setWeights: (weights: readonly TensorLike[]): void => {
      super.setWeights(weights);
    },
    resetStates: (): void => {
      super.resetStates();
    },
  };
  readonly #kept: KeptTraining;
  #trainer: Trainer | undefined;
  #gradientPlan: GradientPlan | undefined;
  #isFitting = false;
  /** Whether that is in another thread, which has the optimizer. */
  #isElsewhere = false;

  constructor(assembled: Assembled, seed: number) {
    super(assembled);
    const { name, graph } = assembled;
    this.outputNames = namesOf(graph.outputs);
    this.#kept = new KeptTraining({ name, graph, outputNames: this.outputNames, ...this.#own }, seed);
    // Read again when the model is compiled; what is wrong is told at once.
    penalizedOutputs(graph);
  }

  /** Whether training changes weights of it. To set it sets it of all its layers; compile afterwards. */
  get trainable(): boolean {
    return this.graph.leaves.some((layer) => layer.weights.specs.length > 0 && layer.isTrained);
  }

  set trainable(value: boolean) {
    for (const layer of this.layers) layer.trainable = value;
  }

  /** Number of values in all weights. */
  countParameters(): number {
    return parametersIn(this.graph.leaves);
  }

  /** The layers with output shapes and numbers of parameters, as text; `print` gets it too, `console.log` by default. */
  summary(print: (text: string) => void = console.log): string {
    const text = summarize(this.name, this.graph);
    print(text);
    return text;
  }

  /**
   * What running step by step takes: receptive field, latency and rate of each output, bytes of state, multiply–adds and time for a
   * step. It runs a stream of zeros under a clock for some milliseconds; printed as a string it is a table.
   * @throws Error when the model cannot run step by step, as `stream`.
   */
  report(): StreamReport {
    return reportStream(this.name, this.graph, this.workspace, this.streamPlan());
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
    run.set(stepsBefore, 0);
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

  override setStates(states: readonly TensorLike[]): void {
    this.#refuseWhileFitting('setStates');
    super.setStates(states);
  }

  override setWeights(weights: readonly TensorLike[]): void {
    this.#refuseWhileFitting('setWeights');
    this.#refuseWhileOthersFit('setWeights');
    super.setWeights(weights);
    this.#kept.loaded = undefined;
  }

  /**
   * Says how to train: optimizer, losses, metrics. Calling it again starts the optimizer anew; weights stay. What the optimizer
   * remembers is this model's own, also where it shares layers with others, and goes when the model does.
   * @throws TypeError for a name or an option that is unknown or out of range; nothing is changed then.
   */
  compile(options: CompileArguments): void {
    this.#refuseWhileFitting('compile');
    const where = `${this.name}: compile`;
    const others = { lossWeights: asGiven, metrics: asGiven, weightedMetrics: asGiven };
    const log = { logGradientNorm: optional(flag, false) };
    const read = fields(options, where, { optimizer: asGiven, loss: asGiven, ...others, ...log });
    const objectives = readObjectives(where, this.workspace, this.outputNames, read);
    const trainer = new Trainer(where, this, objectives, read.optimizer, read.logGradientNorm);
    this.#trainer?.release();
    this.#trainer = trainer;
    this.#kept.compiledWith({ ...options });
  }

  /** What the optimizer does now. @throws Error when the model is not compiled, or `fit` of bucle/worker has the optimizer. */
  get optimizer(): OptimizerReport {
    this.#refuseElsewhere('optimizer', 'wait for it');
    const { iterations, learningRate, gradientNorm } = this.#requireTrainer('optimizer');
    return { iterations, learningRate, gradientNorm };
  }

  /**
   * The learning rate of the optimizer's next step. What it is set to stays until it is set again or the model is compiled.
   * @throws Error when it is set and a schedule decides it, or before `compile`; TypeError for anything but a positive number.
   */
  get learningRate(): number {
    this.#refuseElsewhere('learningRate', 'a hook can read training.learningRate');
    return this.#requireTrainer('learningRate').learningRate;
  }

  set learningRate(value: number) {
    this.#refuseElsewhere('learningRate', 'a hook can set training.learningRate');
    this.#requireTrainer('learningRate').setLearningRate(`${this.name}: learningRate`, value);
  }

  /**
   * The weights and their moving average (`useEma`) change places: to evaluate, predict or save with the average. Called again, it
   * brings the weights back; until then training is refused. `fit` ends with the average in any case.
   * @throws Error when there is no average.
   */
  swapAveragedWeights(): void {
    this.#refuseElsewhere('swapAveragedWeights', 'wait for it');
    // Callbacks of this model's own fit may, between two batches.
    if (!this.#isFitting) this.#refuseWhileOthersFit('swapAveragedWeights');
    this.#requireTrainer('swapAveragedWeights').swapAveragedWeights(`${this.name}: swapAveragedWeights`);
  }

  /** The weights become their moving average, where the optimizer keeps one: what `fit` does in the end. */
  finalizeWeights(): void {
    this.#refuseWhileFitting('finalizeWeights');
    this.#refuseWhileOthersFit('finalizeWeights');
    this.#requireTrainer('finalizeWeights').finalizeWeights();
  }

  /**
   * Trains over epochs. Yields to the event loop every 30 ms or so.
   * @param x inputs, as for `predict`; those that no output with a loss needs are not read, and may be left out. Or batches to
   *   iterate over, [x, y] or [x, y, sampleWeight] each: then there is no y.
   * @param y targets, shaped as the outputs that have a loss.
   * @returns losses and metrics of every epoch.
   * @throws NonFiniteLossError when a loss, gradient or step is NaN or infinite; the weights of the last good batch stay.
   */
  async fit(batches: Batches, options?: FitOptions): Promise<History>;
  async fit(x: TensorsLike, y: TensorsLike, options?: FitOptions): Promise<History>;
  async fit(...args: [TensorsLike | Batches, (TensorsLike | FitOptions)?, FitOptions?]): Promise<History> {
    return this.fitFor({}, args);
  }

  /** @internal */
  async fitFor(
    host: FitHost,
    [first, second, third]: readonly [TensorsLike | Batches, (TensorsLike | FitOptions)?, FitOptions?],
  ): Promise<History> {
    const { given, options } = readGiven<FitOptions>(this.outputNames, [first, second, third]);
    return this.#whileFitting((trainer) => {
      const fitted = this.#fitted(trainer);
      const forgetLoaded = (): void => {
        fitted.forgetLoaded();
        host.begun?.();
      };
      return fitModel({ ...fitted, forgetLoaded }, trainer, given, options, host);
    });
  }

  /** @internal As `fit`, but another thread trains: see `lend`. */
  async fitElsewhere(train: (lent: LentModel) => Promise<TrainedElsewhere | null>): Promise<void> {
    await this.#whileFitting(async (trainer) => {
      this.#isElsewhere = true;
      try {
        const lender = { workspace: this.workspace, ...this.#own };
        await lend(`${this.name}: fit`, lender, trainer, this.#kept, train);
      } finally {
        this.#isElsewhere = false;
      }
    });
  }

  /**
   * The model as a .safetensors file (docs/formats.md): layers and weights. The same model gives the same bytes.
   * @throws Error for a layer with a function in it, or, with the optimizer, for a schedule that is one: no file can hold these; with
   *   the optimizer also where `trainable` was set since the model was compiled.
   */
  toSafetensors(options: SaveOptions = {}): Uint8Array {
    const { optimizer } = this.#readSaveOptions('toSafetensors', options);
    return this.#kept.toBytes(optimizer ? this.#requireTrainer('toSafetensors') : null);
  }

  /**
   * Writes the file, through a temporary one and a rename: whoever reads it meets the old one or the new one.
   * @throws Error where there is no file system: `toSafetensors` gives the bytes there.
   */
  async save(path: string, options: SaveOptions = {}): Promise<void> {
    const { optimizer } = this.#readSaveOptions('save', options);
    const bytes = this.#kept.toBytes(optimizer ? this.#requireTrainer('save') : null);
    await files.write(text(path, `${this.name}: save: path`), bytes);
  }

  /** @internal Compiles the model as a file's was, and takes over what its training remembers. */
  goOnFrom(metadata: Readonly<Record<string, string>>, tensors: readonly NamedWeight[]): void {
    const found = trainingIn('loadModel: training', metadata, tensors);
    if (found === undefined) return;
    this.compile(found.compile as CompileArguments);
    this.#kept.restore('loadModel: training', this.#requireTrainer('loadModel'), found.checkpoint);
    this.#kept.loaded = found.checkpoint;
  }

  /** One step of the optimizer on one batch; gives the batch's loss (before the step) and metrics. */
  trainOnBatch(x: TensorsLike, y: TensorsLike, options: WeightOptions = {}): Logs {
    this.#refuseWhileFitting('trainOnBatch');
    this.#refuseWhileOthersFit('trainOnBatch');
    const [trainer, where] = [this.#requireTrainer('trainOnBatch'), `${this.name}: trainOnBatch`];
    const data = trainer.readData(where, x, y, 'one batch', fields(options, where, weightFields));
    const random = { seed: this.#kept.seed, epoch: this.#kept.counts.steps };
    const errors = trainer.trainBatch(where, data, rowNumbers(0, data.rows), random, {});
    this.#kept.counts.steps++;
    this.#kept.loaded = undefined;
    return trainer.logsOf(errors);
  }

  /** The loss and the metrics over data, without training. While `fit` runs, states are left as by `predict`. */
  evaluate(x: TensorsLike, y: TensorsLike, options: EvaluateOptions = {}): Logs {
    const [trainer, where] = [this.#requireTrainer('evaluate'), `${this.name}: evaluate`];
    const read = fields(options, where, { batchSize: optional(positiveInteger, undefined), ...weightFields });
    const data = trainer.readData(where, x, y, 'batches', read);
    const batchSize = trainer.batchSizeOf(where, read.batchSize);
    if (this.isStateful) checkWholeBatches(where, data.rows, batchSize);
    const totals = new ErrorTotals();
    this.#leavingStates(() => {
      for (const indices of batchesOf(rowNumbers(0, data.rows), batchSize)) {
        totals.add(trainer.evaluateBatch(where, data, indices), indices.length);
      }
    });
    return trainer.logsOf(totals);
  }

  /**
   * Gradients of Σ output · cotangent by inputs, initial states and weights, without dropout; the model need not be compiled.
   * Stateful layers start from the states they have, and keep them.
   * @param cotangents one for each output, shaped as the outputs.
   */
  gradients(x: TensorsLike, cotangents: TensorsLike): Gradients {
    this.#gradientPlan ??= new GradientPlan(this);
    return this.#gradientPlan.run(`${this.name}: gradients`, x, cotangents);
  }

  #readSaveOptions(what: string, options: SaveOptions): { readonly optimizer: boolean } {
    const read = fields(options, `${this.name}: ${what}`, { optimizer: optional(flag, false) });
    if (!read.optimizer) return read;
    this.#requireTrainer(what);
    this.#refuseElsewhere(what, 'a hook can call training.save');
    return read;
  }

  #fitted(trainer: Trainer): Fitted {
    const kept = this.#kept;
    return {
      model: this,
      counts: kept.counts,
      files,
      ...this.#own,
      toBytes: (running) => kept.toBytes(running === null ? null : trainer, running ?? undefined),
      checkSavable: (what) => {
        kept.check(what, trainer);
      },
      fromBytes: (where, bytes) => kept.fromBytes(where, trainer, bytes),
      loaded: (where) => {
        const checkpoint = kept.loaded;
        if (checkpoint === undefined) return undefined;
        const take = () => {
          kept.restore(where, trainer, checkpoint);
        };
        return { checkpoint, take };
      },
      forgetLoaded: () => {
        kept.loaded = undefined;
      },
      shareable: () => ({ file: kept.toBytes(null), compile: kept.arguments({ optimizer: 'sgd' }) }),
    };
  }

  /** @internal */
  get trainer(): Trainer {
    return this.#requireTrainer('trainer');
  }

  #requireTrainer(what: string): Trainer {
    if (this.#trainer === undefined) {
      throw new Error(`${this.name}: ${what}: call compile({ optimizer, loss }) first`);
    }
    return this.#trainer;
  }

  async #whileFitting<T>(fit: (trainer: Trainer) => Promise<T>): Promise<T> {
    const trainer = this.#requireTrainer('fit');
    if (this.#isFitting) throw new Error(`${this.name}: fit: another fit of this model is running`);
    this.#refuseWhileOthersFit('fit');
    this.#setFitting(trainer, true);
    try {
      return await fit(trainer);
    } finally {
      this.#setFitting(trainer, false);
    }
  }

  #setFitting({ layers }: Trainer, isFitting: boolean): void {
    this.#isFitting = isFitting;
    for (const layer of layers) trainedWeights(layer).fitting = isFitting ? this : undefined;
  }

  #refuseWhileFitting(what: string): void {
    if (this.#isFitting) throw new Error(`${this.name}: ${what}: fit is running; abort it or wait for it`);
  }

  #refuseElsewhere(what: string, instead: string): void {
    if (!this.#isElsewhere) return;
    throw new Error(`${this.name}: ${what}: fit is running in another thread, where the optimizer is; ${instead}`);
  }

  /** Weights belong to layers, which other models may train. */
  #refuseWhileOthersFit(what: string): void {
    const running = runningFit(this.graph.leaves);
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
}
