import { compileGraph, type CompiledGraph } from '../graph/compile.js';
import { emitOutput } from '../graph/ends.js';
import type { Graph } from '../graph/graph.js';
import {
  batchSizeOf,
  checkMasks,
  checkValues,
  prepareRun,
  readTensors,
  rangeOf,
  rowLength,
  setSizes,
  type TensorsLike,
} from '../graph/inputs.js';
import { innerAxes } from '../graph/view.js';
import type { Layer, SymbolicTensor } from '../graph/layer.js';
import { sizeOf } from '../tensors/tensor.js';
import { fields, mismatch, optional, positiveInteger } from '../options/options.js';
import type { PlanTensor } from '../plan/plan.js';
import { fuseSteps } from '../plan/fusion.js';
import { PlanRunner, Run } from '../plan/runner.js';
import { batch, evaluate } from '../plan/size.js';
import type { Workspace } from '../plan/workspace.js';
import { Session, type StreamOptions } from '../streaming/session.js';
import { Together } from '../streaming/together.js';
import { compileStream, type Streamed, type StreamPlan } from '../streaming/stream-plan.js';
import { makeTensor, readNumbers, type Numbers, type Tensor, type TensorLike } from '../tensors/tensor.js';
import type { Assembled } from './assemble.js';
import { layerOf } from './model-layer.js';
import { checkWholeBatches, hasStatefulLayers, ImplicitStates } from './states.js';
import { checkShape } from '../graph/shape.js';

export interface PredictOptions {
  /**
   * Rows that run at once; the results are the same bits for any. Default 32. A stateful model runs all rows at once by
   * default, or batch after batch, each going on from the states of the one before.
   */
  batchSize?: number;
}

interface Predictor {
  readonly compiled: CompiledGraph;
  readonly outputs: readonly PlanTensor[];
  readonly runner: PlanRunner;
  readonly run: Run;
}

/** A graph of layers that can run: over whole sequences, and step by step if it is causal. */
export class Model {
  readonly name: string;
  /** @internal */
  readonly graph: Graph;
  /** @internal */
  readonly workspace: Workspace;
  /** @internal */
  readonly states: ImplicitStates;
  #predictor: Predictor | undefined;
  #streamPlan: StreamPlan | undefined;
  #together: Together | undefined;
  #layer: Layer | undefined;

  /** Use `sequential`, `functional` or `loadModel`. */
  constructor({ name, graph, workspace }: Assembled) {
    this.name = name;
    this.graph = graph;
    this.workspace = workspace;
    this.states = new ImplicitStates(workspace, name);
  }

  /** Whether some layer carries its states from run to run. */
  get isStateful(): boolean {
    return hasStatefulLayers(this.graph);
  }

  /** The model as a layer of another one: `sequential({ layers: [model, …] })` and wrappers take the model itself. */
  asLayer(): Layer {
    return (this.#layer ??= layerOf(this.name, this.graph));
  }

  /**
   * Calls the model on symbolic tensors, as a layer: its weights are shared.
   * @returns the symbolic output; of a model with several outputs an array.
   */
  apply(inputs: SymbolicTensor | readonly SymbolicTensor[]): SymbolicTensor | SymbolicTensor[] {
    return this.asLayer().apply(inputs);
  }

  /** Every layer once, in Keras's order. */
  get layers(): readonly Layer[] {
    return this.graph.layers;
  }

  /** @throws Error when no layer has this name; it lists those there are. */
  getLayer(name: string): Layer {
    const found = this.layers.find((layer) => layer.name === name);
    if (found !== undefined) return found;
    const names = this.layers.map((layer) => layer.title).join(', ');
    throw new Error(`${this.name}: no layer is called "${name}"; there are ${names}`);
  }

  /**
   * Runs the model over whole sequences.
   * @param x the input, [batch, time, features] or [batch, features]; several: an array, or an object by input name.
   * @returns the output, a copy that you own; an array for a model with several outputs.
   * @throws TypeError when a shape does not fit; RangeError for a batch of 0.
   */
  predict(x: TensorsLike, options: PredictOptions = {}): Tensor {
    return onlyOf(this.predictAll(x, options));
  }

  /** As `predict`, always an array: for models with several outputs. */
  predictAll(x: TensorsLike, options: PredictOptions = {}): Tensor[] {
    const where = `${this.name}: predict`;
    const read = fields(options, where, { batchSize: optional(positiveInteger, undefined) });
    const given = readTensors(where, this.graph.inputs, x, 'batches');
    const rows = given[0]?.shape[0] ?? 0;
    const wanted = batchSizeOf(where, this.graph.inputs, read.batchSize, this.isStateful ? rows : 32);
    checkValues(where, this.graph, given);
    if (this.isStateful) checkWholeBatches(where, rows, wanted);
    const batchSize = Math.min(wanted, rows);
    const predictor = this.predictor();
    setSizes(predictor.run, this.graph.inputs, given, batchSize);
    checkMasks(where, this.graph, predictor.run);
    const results = this.#emptyResults(predictor, rows);
    for (let from = 0; from < rows; from += batchSize) {
      const count = Math.min(batchSize, rows - from);
      predictor.run.set(batch, count);
      this.#predictBatch(where, predictor, given, from, count, results);
    }
    return results;
  }

  /**
   * Starts a session that runs the model step by step.
   * @throws Error when a layer needs the whole sequence; it names the layer.
   */
  stream(options: StreamOptions = {}): Session {
    return new Session(this.#streamed(), options);
  }

  /**
   * Steps many sessions of this model in one call, which is faster than one by one; each has the bits that it would have alone.
   * They may stand at different places of their streams.
   * @param x of all sequences of all sessions, one behind the other: [sequences, features], a step of each, or [sequences, time,
   *   features]; of a model with several inputs with time an array, or an object by input name.
   * @param out where the outputs of all go, of a model with one output that has a row for each step: then no tensors are made.
   * @returns for each session what its own `push` would give; with `out` the number of rows of a sequence.
   * @throws TypeError for a shape, or a session of another model or given twice; Error for a closed one. Nothing has run then.
   */
  push(sessions: readonly Session[], x: TensorsLike, out: Float32Array): number;
  push(sessions: readonly Session[], x: TensorsLike): Tensor[];
  push(sessions: readonly Session[], x: TensorsLike, out?: Float32Array): Tensor[] | number {
    const together = (this.#together ??= new Together(this.#streamed()));
    if (out !== undefined) return together.pushInto(sessions, x, out);
    return together.push(sessions, x).map((tensors) => onlyOf(tensors));
  }

  #streamed(): Streamed {
    const { name, graph, workspace } = this;
    return { name, graph, workspace, plan: this.streamPlan() };
  }

  /** Stateful layers start from zeros again, with any batch size. */
  resetStates(): void {
    this.states.reset();
  }

  /**
   * Copies of the states of the stateful layers, [batch, units] each: layer by layer as they run, an LSTM's h, then its c.
   * @throws Error where no run has left any since the last reset.
   */
  getStates(): Tensor[] {
    return this.states.get(this.predictor().runner.plan);
  }

  /**
   * Sets them, in the order of `getStates`: the next run goes on from them, with their batch.
   * @throws TypeError when their number or a shape does not fit; nothing is changed then.
   */
  setStates(states: readonly TensorLike[]): void {
    this.states.set(this.predictor().runner.plan, states);
  }

  /** Copies of all weights, layer by layer in Keras's order. */
  getWeights(): Tensor[] {
    return this.graph.leaves.flatMap((layer) => {
      const values = layer.weights.get();
      return layer.weights.specs.map((spec, i) => makeTensor(values[i] ?? new Float32Array(), spec.shape));
    });
  }

  /**
   * Sets all weights, in the order of `getWeights`.
   * @throws TypeError when the number of weights or a shape does not fit; nothing is changed then.
   */
  setWeights(weights: readonly TensorLike[]): void {
    const specs = this.graph.leaves.flatMap((layer) => layer.weights.specs.map((spec) => ({ layer, spec })));
    if (!Array.isArray(weights) || weights.length !== specs.length) {
      const came = Array.isArray(weights) ? weights.length : typeof weights;
      mismatch(`${this.name}: setWeights`, `${specs.length} weights`, came);
    }
    const values = specs.map(({ layer, spec }, i) => {
      const where = `${this.name}: setWeights: ${layer.title}/${spec.name}`;
      const { data, shape } = readNumbers(weights[i], where);
      checkShape(where, spec.shape, shape);
      return data;
    });
    for (const layer of this.graph.leaves) layer.weights.set(values.splice(0, layer.weights.specs.length));
  }

  /** @internal The plan of sessions, compiled on first use. */
  protected streamPlan(): StreamPlan {
    return (this.#streamPlan ??= compileStream(this.name, this.graph, this.workspace));
  }

  /** @internal The plan of `predict`, compiled on first use. */
  protected predictor(): Predictor {
    if (this.#predictor === undefined) {
      const compiled = compileGraph(this.graph, 'predict');
      const outputs = this.graph.outputs.map((symbolic) =>
        emitOutput(compiled.plan, symbolic, compiled.tensorOf(symbolic)),
      );
      fuseSteps(compiled.plan);
      const runner = new PlanRunner(this.workspace, compiled.plan);
      this.#predictor = { compiled, outputs, runner, run: new Run() };
    }
    return this.#predictor;
  }

  #emptyResults({ run }: Predictor, rows: number): Tensor[] {
    return this.graph.outputs.map((symbolic) => {
      const steps = symbolic.time === null ? [] : [evaluate(symbolic.time, run.sizes)];
      const shape = [rows, ...steps, ...innerAxes(symbolic.shape), symbolic.features];
      return makeTensor(new Float32Array(sizeOf(shape)), shape);
    });
  }

  #predictBatch(
    where: string,
    { compiled, outputs, runner, run }: Predictor,
    given: readonly Numbers[],
    from: number,
    count: number,
    results: readonly Tensor[],
  ): void {
    prepareRun(where, runner, run, given);
    if (this.isStateful) this.states.bind(runner, run);
    this.graph.inputs.forEach((symbolic, i) => {
      const [staging, numbers] = [compiled.staging.get(symbolic), given[i]];
      if (staging === undefined || numbers === undefined) return;
      this.workspace.floats.set(rangeOf(numbers, from, count), runner.address(staging, run) / 4);
    });
    runner.execute(run);
    outputs.forEach((dense, i) => {
      const result = results[i];
      if (result === undefined) return;
      const length = rowLength(result);
      const at = runner.address(dense, run) / 4;
      result.data.set(this.workspace.floats.subarray(at, at + count * length), from * length);
    });
  }
}

/** One tensor for one output is the rule; several come as an array, which the types leave to `predictAll` and `pushAll`. */
function onlyOf(results: Tensor[]): Tensor {
  const [only] = results;
  return results.length === 1 && only !== undefined ? only : (results as unknown as Tensor);
}
