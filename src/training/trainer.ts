import { traceGraph, type Graph } from '../graph/graph.js';
import { batchSizeOf, checkMasks, checkValues, readTensors, setSizes, type Names, type Rows } from '../graph/inputs.js';
import type { Layer, SymbolicTensor } from '../graph/layer.js';
import type { RandomPlace } from '../graph/randomness.js';
import type { ImplicitStates, StateBlock } from '../model/states.js';
import { mismatch } from '../options/options.js';
import { known } from '../plan/known.js';
import { stateOffsets } from '../plan/runner.js';
import { batch, evaluate } from '../plan/size.js';
import type { Workspace } from '../plan/workspace.js';
import { WeightConstraints } from './constrain.js';
import type { Data } from './data.js';
import type { BatchErrors } from './error-totals.js';
import type { Logs } from './history.js';
import { logNamesOf, type LogNames } from './log-names.js';
import { copyOf, restore, save } from './kept-states.js';
import { givenForNeeded, neededInputs } from './needed-inputs.js';
import { firstBadTensor, NonFiniteLossError, nothingBad, type BatchPlace } from './non-finite.js';
import { OptimizerState, type SavedOptimizer } from './optimizers/optimizer-state.js';
import { Parameters } from './parameters.js';
import { BatchParts, type Part, type PartResult } from './parts.js';
import type { Objective } from './objective.js';
import { penalizedOutputs, WeightPenalties } from './penalties.js';
import { readWeights, type WeightOptions } from './sample-weights.js';
import { checkTargetSteps, readTargets } from './targets.js';
import { TrainingPlan, type Penalties } from './training-plan.js';

/** What is trained, as a model has it. */
export interface Trained {
  readonly name: string;
  readonly graph: Graph;
  readonly workspace: Workspace;
  readonly isStateful: boolean;
  readonly states: ImplicitStates;
  readonly outputNames: Names;
}

/** What the stateful layers remember of each of so many rows. */
export interface SavedBatchStates {
  readonly batch: number;
  readonly values: Float32Array;
}

/** A compiled model: it trains and evaluates, a batch at a time. */
export class Trainer {
  readonly name: string;
  readonly workspace: Workspace;
  readonly isStateful: boolean;
  /** Whether the logs of training tell the norm of the gradients: the mean over batches. */
  readonly logsGradientNorm: boolean;
  readonly #states: ImplicitStates;
  readonly #modelInputs: Graph['inputs'];
  readonly #outputNames: Names;
  readonly #objectives: readonly Objective[];
  readonly #logNames: readonly LogNames[];
  /** The weights of the layers that are trainable now, when the model is compiled. */
  readonly #parameters: Parameters;
  readonly #constraints: WeightConstraints;
  readonly #penalties: Penalties;
  readonly #plan: TrainingPlan;
  readonly #evaluation: TrainingPlan;
  readonly #optimizer: OptimizerState;
  #parts: BatchParts | undefined;

  /** @throws when the model cannot be trained so; nothing is to be given back then. */
  constructor(where: string, model: Trained, objectives: readonly Objective[], optimizer: unknown, logsNorm = false) {
    const { name, graph, workspace, isStateful } = model;
    this.name = name;
    this.workspace = workspace;
    this.isStateful = isStateful;
    this.logsGradientNorm = logsNorm;
    this.#states = model.states;
    this.#modelInputs = graph.inputs;
    this.#outputNames = model.outputNames;
    this.#objectives = objectives;
    this.#logNames = logNamesOf(where, objectives, model.outputNames, logsNorm);
    const trained = trainedGraph(model, objectives);
    this.#parameters = new Parameters(trained, workspace, ({ isTrained }) => isTrained);
    const { list } = this.#parameters;
    this.#constraints = new WeightConstraints(workspace, list);
    this.#penalties = { weights: new WeightPenalties(workspace, list), outputs: penalizedOutputs(trained) };
    this.#plan = new TrainingPlan(trained, workspace, objectives, this.#penalties, this.#parameters);
    this.#evaluation = new TrainingPlan(trained, workspace, objectives, this.#penalties, null);
    // Last, for it takes memory.
    this.#optimizer = new OptimizerState(`${where}: optimizer`, optimizer, workspace, this.#parameters);
  }

  /** Those whose weights it changes. */
  get layers(): readonly Layer[] {
    return this.#parameters.layers;
  }

  /** Steps that the optimizer has taken. */
  get iterations(): number {
    return this.#optimizer.iterations;
  }

  /** Of the optimizer's last step, before clipping. */
  get gradientNorm(): number {
    return this.#optimizer.gradientNorm;
  }

  set gradientNorm(value: number) {
    this.#optimizer.gradientNorm = value;
  }

  /** Of the optimizer's next step. */
  get learningRate(): number {
    return this.#optimizer.learningRate;
  }

  setLearningRate(where: string, value: unknown): void {
    this.#optimizer.setLearningRate(where, value);
  }

  /** @throws as `setLearningRate`. */
  readLearningRate(where: string, value: unknown): number {
    return this.#optimizer.readLearningRate(where, value);
  }

  /** Where the optimizer keeps an average of the weights, they become it: at the end of `fit`. */
  finalizeWeights(): void {
    this.#optimizer.finalize();
  }

  swapAveragedWeights(where: string): void {
    this.#optimizer.swapAverages(where);
  }

  saveOptimizer(): SavedOptimizer {
    return this.#optimizer.save();
  }

  /** What stateful layers remember; null: no run has left them anything. */
  saveStates(): SavedBatchStates | null {
    const { block } = this.#states;
    const values = save(this.#states, this.workspace);
    return block === undefined || values === undefined ? null : { batch: block.batch, values };
  }

  /** Takes back what `saveOptimizer` and `saveStates` gave. Nothing is changed where one of them does not fit. */
  restore(where: string, optimizer: SavedOptimizer, states: SavedBatchStates | null): void {
    const block = states === null ? undefined : this.#blockOf(`${where}: states`, states);
    try {
      this.#optimizer.restore(`${where}: optimizer`, optimizer);
    } catch (error) {
      if (block !== undefined) this.workspace.release(block.address);
      throw error;
    }
    this.#states.reset();
    this.#states.block = block;
  }

  /** Takes back what `saveStates` gave, and nothing else. */
  restoreStates(where: string, states: SavedBatchStates | null): void {
    const block = states === null ? undefined : this.#blockOf(`${where}: states`, states);
    this.#states.reset();
    this.#states.block = block;
  }

  #blockOf(where: string, { batch: rows, values }: SavedBatchStates): StateBlock {
    const bytes = stateOffsets(this.#plan.runner.plan, new Map([[batch, rows]]));
    if (bytes !== 4 * values.length) mismatch(where, `${bytes / 4} values`, values.length);
    const address = this.workspace.allocate(bytes);
    this.workspace.floats.set(values, address / 4);
    return { address, bytes, batch: rows };
  }

  /** Gives its memory back. */
  release(): void {
    this.#optimizer.release();
  }

  /** Checks inputs and targets against each other, and weights against targets. */
  readData(where: string, x: unknown, y: unknown, allowed: Rows, weighting: WeightOptions = {}): Data {
    const { graph, run } = this.#plan;
    const inputs = readTensors(where, graph.inputs, givenForNeeded(x, this.#modelInputs, graph.inputs), allowed);
    const nameOf = (output: SymbolicTensor): string => this.#outputNames.get(output) ?? '';
    const targets = readTargets(`${where}: targets`, this.#objectives, y, allowed, nameOf);
    const [rows = 0, targetRows = 0] = [inputs[0]?.shape[0], targets[0]?.shape[0]];
    if (rows !== targetRows) mismatch(where, `as many targets as inputs, ${rows}`, targetRows);
    checkValues(where, graph, inputs);
    setSizes(run, graph.inputs, inputs, rows);
    checkMasks(where, graph, run);
    const weighed = this.#objectives.map((objective, i) => ({
      objective,
      name: nameOf(objective.symbolic),
      targets: known(targets[i], 'targets'),
      steps: evaluate(objective.steps, run.sizes),
    }));
    for (const { objective, name, targets: numbers } of weighed) {
      const { time } = objective.symbolic;
      if (time === null) continue;
      checkTargetSteps(`${where}: targets of "${name}"`, objective, numbers, evaluate(time, run.sizes));
    }
    return { inputs, targets, weights: readWeights(where, weighed, weighting), rows };
  }

  /** As given, or as an input's shape fixes it, or 32. */
  batchSizeOf(where: string, given: number | undefined): number {
    return batchSizeOf(where, this.#plan.graph.inputs, given, 32);
  }

  /**
   * One step of the optimizer on the given rows.
   * @throws NonFiniteLossError when something is NaN or infinite: weights, optimizer and states are then as before.
   */
  trainBatch(where: string, data: Data, indices: Int32Array, random: RandomPlace, place: BatchPlace): BatchErrors {
    const plan = this.#plan;
    plan.prepare(where, data, indices.length, random);
    const before = save(this.#states, this.workspace);
    try {
      if (this.isStateful) this.#states.bind(plan.runner, plan.run);
      this.#parameters.zeroGradients();
      return this.#change(plan.execute(data, indices), place, {
        accept: () => {
          plan.accept();
        },
        // Runs the batch again, from the same states, to see where it goes wrong.
        firstBadTensor: () => {
          restore(this.#states, this.workspace, before);
          if (this.isStateful) this.#states.bind(plan.runner, plan.run);
          plan.stage(data, indices);
          return firstBadTensor(plan, this.workspace, this.#parameters);
        },
      });
    } catch (error) {
      restore(this.#states, this.workspace, before);
      throw error;
    }
  }

  /** The same in parts, which others may run. @param run gives what came of each */
  async trainParts(
    where: string,
    { data, indices }: { readonly data: Data; readonly indices: Int32Array },
    random: RandomPlace,
    place: BatchPlace,
    run: (parts: readonly Part[]) => Promise<readonly PartResult[]>,
  ): Promise<BatchErrors> {
    const batchParts = this.parts;
    const parts = batchParts.split(where, data, indices, random);
    const results = await run(parts);
    const { loss, sums } = batchParts.add(results);
    this.#penalties.weights.addGradients();
    return this.#change({ loss: loss + this.#penalties.weights.value(), sums }, place, {
      accept: () => {
        batchParts.average(parts, results);
      },
      firstBadTensor: () => {
        const found = parts.map((part) => {
          batchParts.stage(where, part);
          return firstBadTensor(this.#plan, this.workspace, this.#parameters);
        });
        return found.find((name) => name !== nothingBad) ?? nothingBad;
      },
    });
  }

  /** What cuts batches into parts and runs these. */
  get parts(): BatchParts {
    return (this.#parts ??= new BatchParts(this.#plan, this.#objectives, this.#parameters, this.workspace));
  }

  /** @throws Error when others who build the model would train other layers of it. */
  checkTrainable(where: string): void {
    const trained = new Set(this.#parameters.layers);
    const isToBe = ({ isTrained, weights }: Layer): boolean => weights.specs.length > 0 && isTrained;
    if (this.#plan.graph.leaves.every((layer) => isToBe(layer) === trained.has(layer))) return;
    throw new Error(`${where}: trainable was set since the model was compiled; compile it again`);
  }

  /** Gradients are there: changes the weights by them. */
  #change(
    errors: BatchErrors,
    place: BatchPlace,
    { accept, firstBadTensor: find }: { readonly accept: () => void; readonly firstBadTensor: () => string },
  ): BatchErrors {
    const { loss } = errors;
    const norm = this.#parameters.norm('gradient');
    if (!Number.isFinite(loss) || !Number.isFinite(norm)) {
      const what = Number.isFinite(loss) ? 'a gradient is not finite' : `the loss is ${loss}`;
      throw new NonFiniteLossError(this.name, what, place, find(), norm);
    }
    const outcome = this.#optimizer.step(norm);
    if (typeof outcome === 'object') {
      const { overflown } = outcome;
      throw new NonFiniteLossError(this.name, "the optimizer's step overflows", place, overflown, norm);
    }
    accept();
    if (outcome === 'taken') this.#constraints.apply();
    this.#parameters.refresh();
    return this.logsGradientNorm ? { ...errors, sums: [...errors.sums, norm, 1] } : errors;
  }

  /** The losses and metrics of the given rows, which go on from states of the model's stateful layers. */
  evaluateBatch(where: string, data: Data, indices: Int32Array, states = this.#states): BatchErrors {
    const plan = this.#evaluation;
    // Nothing is random in it.
    plan.prepare(where, data, indices.length, { seed: 0, epoch: 0 });
    if (this.isStateful) states.bind(plan.runner, plan.run);
    return plan.execute(data, indices);
  }

  /** A copy of the states that stateful layers have now, for `evaluateBatch`; `reset` it in the end. */
  copyStates(): ImplicitStates {
    return copyOf(this.#states, this.workspace, this.name);
  }

  /** Whether less or more of what the logs call so is better; undefined: nobody knows. */
  modeOf(logName: string): 'min' | 'max' | undefined {
    if (logName === 'loss') return 'min';
    for (const [i, { loss, metrics }] of this.#logNames.entries()) {
      if (logName === loss) return 'min';
      const metric = this.#objectives[i]?.metrics[metrics.indexOf(logName)];
      if (metric !== undefined) return metric.measure.mode ?? undefined;
    }
    return undefined;
  }

  /** Losses and metrics by name. */
  logsOf({ loss, sums }: BatchErrors): Logs {
    const logs: Record<string, number> = {};
    const values = this.#evaluation.valuesOf(sums);
    this.#logNames.forEach((names, i) => {
      if (names.loss !== null) logs[names.loss] = values[i]?.loss ?? 0;
      names.metrics.forEach((name, j) => {
        logs[name] = values[i]?.metrics[j] ?? 0;
      });
    });
    const [norms, batches] = sums.slice(this.#evaluation.sumCount);
    if (norms !== undefined && batches !== undefined) logs.gradientNorm = norms / batches;
    return { loss, ...logs };
  }
}

/**
 * The part of the graph that the outputs with a loss need. All of it where layers are stateful: each run then moves
 * every state on, and all plans of the model share one layout of the states. All of it too where layers' outputs are
 * penalized, as that counts wherever it is (Keras).
 */
function trainedGraph({ name, graph, isStateful }: Trained, objectives: readonly Objective[]): Graph {
  const outputs = objectives.map(({ symbolic }) => symbolic);
  const isWhole = isStateful || penalizedOutputs(graph).length > 0 || outputs.length === graph.outputs.length;
  if (isWhole) return graph;
  return traceGraph(name, neededInputs(graph, outputs), outputs);
}
