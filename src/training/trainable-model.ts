import {
  checkMasks,
  checkValues,
  namesOf,
  prepareRun,
  readTensors,
  setSizes,
  type Names,
  type TensorsLike,
} from '../graph/inputs.js';
import type { NamedWeight } from '../formats/topology.js';
import { sizeOf } from '../tensors/tensor.js';
import type { KernelBuild } from '../kernels/build.js';
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
  refuse,
  text,
} from '../options/options.js';
import { explainPlan } from '../plan/explain.js';
import { reportStream, type StreamReport } from './report.js';
import { stepsBefore } from '../plan/growth.js';
import { Run } from '../plan/runner.js';
import { batch, evaluate, type Sizes } from '../plan/size.js';
import { makeTensor, type Numbers, type Tensor, type TensorLike } from '../tensors/tensor.js';
import { batchesOf, rowNumbers } from './data.js';
import { ErrorTotals } from './error-totals.js';
import { files } from '#files';
import type { Batches } from './batches.js';
import type { Files } from './callbacks/callback.js';
import { fitModel, type FitHost, type FitOptions } from './fit.js';
import { readGiven } from './given-data.js';
import { KeptTraining, trainingIn } from './kept-training.js';
import type { Fitted } from './running-fit.js';
import type { History, Logs } from './history.js';
import { leaving, restore, save } from './kept-states.js';
import type { LossOption } from './losses.js';
import type { MetricOption } from './metrics.js';
import { readObjectives } from './objectives.js';
import type { OptimizerOption } from './optimizers/optimizer.js';
import { Parameters } from './parameters.js';
import { penalizedOutputs } from './penalties.js';
import { weightFields, type WeightOptions } from './sample-weights.js';
import { runningFit, trainedWeights } from './trained-weights.js';
import { Trainer, type SavedBatchStates } from './trainer.js';
import { GradientPlan } from './gradient-plan.js';

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

/** The gradients of Σ output · cotangent. */
export interface Gradients {
  /** For each input (masks excepted), initial states included. */
  readonly inputs: readonly Tensor[];
  /** For each weight that training can change, in the order of `getWeights`. */
  readonly weights: readonly Tensor[];
}

/** @internal What a thread needs to train a model for another. */
export interface LentModel {
  /** A checkpoint. */
  readonly file: Uint8Array;
  readonly build: KernelBuild;
  readonly files: Files;
  /** Lets the model be what it has become so far. */
  show(moment: ModelMoment): void;
  /** What hooks do, between two such moments. */
  setWeights(weights: readonly TensorLike[]): void;
  resetStates(): void;
  /** What the learning rate may be set to. @throws as where it is set. */
  readLearningRate(value: unknown): number;
}

/** @internal What a running training has made of a model so far. */
export interface ModelMoment {
  readonly weights: readonly TensorLike[];
  /** What stateful layers remember. */
  readonly states: SavedBatchStates | null;
}

/** @internal What came of a training in another thread. */
export interface TrainedElsewhere {
  /** A checkpoint. */
  readonly file: Uint8Array;
  /** Of the last gradients: no file holds it. */
  readonly gradientNorm: number;
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
  readonly #kept: KeptTraining;
  #parameters: Parameters | undefined;
  #trainer: Trainer | undefined;
  #gradientPlan: GradientPlan | undefined;
  #isFitting = false;
  /** Whether that is in another thread, which has the optimizer. */
  #isElsewhere = false;

  constructor(assembled: Assembled, seed: number) {
    super(assembled);
    this.outputNames = namesOf(assembled.graph.outputs);
    this.#kept = this.#keeping(seed);
    // Read again when the model is compiled; what is wrong is told at once.
    penalizedOutputs(assembled.graph);
  }

  /** `getWeights` and `setWeights` as they are without what `fit` forbids. */
  #keeping(seed: number): KeptTraining {
    const { name, graph, outputNames } = this;
    const getWeights = (): Tensor[] => super.getWeights();
    const setWeights = (weights: readonly TensorLike[]): void => {
      super.setWeights(weights);
    };
    return new KeptTraining({ name, graph, outputNames, getWeights, setWeights }, seed);
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

  /** What the optimizer does now. @throws Error when the model is not compiled. */
  get optimizer(): OptimizerReport {
    const { iterations, learningRate, gradientNorm } = this.#requireTrainer('optimizer');
    return { iterations, learningRate, gradientNorm };
  }

  /**
   * The learning rate of the optimizer's next step. What it is set to stays until it is set again or the model is compiled.
   * @throws Error when it is set and a schedule decides it, or before `compile`; TypeError for anything but a positive number.
   */
  get learningRate(): number {
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

  /**
   * @internal Lets another thread train, over a copy of the model: what has become of that is taken over. Where nothing has, it is
   * as before.
   * @param train gives what came of it; null: training did not begin
   */
  async fitElsewhere(train: (lent: LentModel) => Promise<TrainedElsewhere | null>): Promise<void> {
    await this.#whileFitting(async (trainer) => {
      const [kept, where] = [this.#kept, `${this.name}: fit`];
      trainer.checkTrainable(where);
      const file = kept.toBytes(trainer, kept.loaded);
      let before: ModelMoment | undefined;
      const show = ({ weights, states }: ModelMoment): void => {
        super.setWeights(weights);
        trainer.restoreStates(where, states);
      };
      const lent: LentModel = {
        file,
        build: this.workspace.build,
        files,
        show: (moment) => {
          before ??= { weights: this.getWeights(), states: trainer.saveStates() };
          show(moment);
        },
        setWeights: (weights) => {
          super.setWeights(weights);
        },
        resetStates: () => {
          super.resetStates();
        },
        readLearningRate: (value) => trainer.readLearningRate(`${where}: learningRate`, value),
      };
      let trained: TrainedElsewhere | null = null;
      this.#isElsewhere = true;
      try {
        trained = await train(lent);
      } finally {
        this.#isElsewhere = false;
        if (trained === null && before !== undefined) show(before);
      }
      if (trained === null) return;
      kept.fromBytes(where, trainer, trained.file).take();
      trainer.gradientNorm = trained.gradientNorm;
      kept.loaded = undefined;
    });
  }

  /**
   * The model as a .safetensors file (docs/formats.md): layers and weights. The same model gives the same bytes.
   * @throws Error for a layer with a function in it, or, with the optimizer, for a schedule that is one: no file can hold these.
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
    const where = `${this.name}: gradients`;
    const inputs = readTensors(where, this.graph.inputs, x);
    checkValues(where, this.graph, inputs);
    const given = readTensors(`${where}: cotangents`, this.graph.outputs, cotangents);
    const rows = inputs[0]?.shape[0] ?? 0;
    if (given[0]?.shape[0] !== rows) refuse(`${where}: cotangents`, `${rows} rows`, given[0]?.shape[0]);
    const parameters = (this.#parameters ??= new Parameters(this.graph, this.workspace));
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
      setWeights: (weights) => {
        super.setWeights(weights);
      },
      resetStates: () => {
        super.resetStates();
      },
      toBytes: (running) => kept.toBytes(running === null ? null : trainer, running ?? undefined),
      checkSavable: (what) => {
        kept.check(what);
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

  #checkSteps(where: string, given: readonly Numbers[], sizes: Sizes): void {
    this.graph.outputs.forEach(({ time }, i) => {
      const came = given[i]?.shape[1];
      if (time !== null && evaluate(time, sizes) !== came) {
        refuse(where, `${evaluate(time, sizes)} time steps`, came);
      }
    });
  }
}
