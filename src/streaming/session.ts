import type { Graph } from '../graph/graph.js';
import { checksOf, checkValues, readTensors, setSizes, type TensorsLike, type ValueCheck } from '../graph/inputs.js';
import { sizeOf } from '../graph/weights.js';
import { printShape } from '../graph/shape.js';
import { asGiven, fields, mismatch, optional, positiveInteger } from '../options/options.js';
import { known } from '../plan/known.js';
import { Run, stateOffsets } from '../plan/runner.js';
import { stepsBefore } from '../plan/growth.js';
import { batch, evaluate, type Sizes } from '../plan/size.js';
import type { Workspace } from '../plan/workspace.js';
import { makeTensor, readNumbers, type Numbers, type Tensor, type TensorLike } from '../tensors/tensor.js';
import { foldSteps } from './phase.js';
import { rowAxes, type StreamOutput, type StreamPlan } from './stream-plan.js';

export interface StreamOptions {
  /** How many sequences run side by side. Default 1. */
  batch?: number;
  /** Values of the inputs without a time axis, such as initial states: [batch, features] each, as for `predict`. */
  fixed?: TensorsLike;
}

/** Steps that run at once; longer pushes run in blocks of so many. */
const blockSteps = 64;

/**
 * A model running step by step: what was pushed so far is remembered as states, so that any chunking gives the bits of the
 * whole run. Sessions of a model are independent of each other.
 */
export class Session {
  readonly batch: number;
  readonly #name: string;
  readonly #workspace: Workspace;
  readonly #plan: StreamPlan;
  readonly #fixed: readonly Numbers[];
  readonly #run = new Run();
  /** The sizes of a whole push, which may run in several blocks. */
  readonly #sizes: Sizes = new Map();
  /** What matters of the steps since the start: a small integer, however long the stream is. */
  #before = 0;
  /** Rows that a push has given so far, of each output. */
  readonly #given: number[] = [];
  readonly #where: string;
  readonly #onlyTarget: Float32Array[] = [];
  /** Axes of a step, and its values. */
  readonly #axes: readonly number[];
  readonly #width: number;
  /** What layers want of the values beside their shape. */
  readonly #checks: readonly ValueCheck[];
  readonly #stateBytes: number;
  #state: number;
  #closed = false;

  /** Use `model.stream()`. */
  constructor(name: string, graph: Graph, workspace: Workspace, plan: StreamPlan, options: StreamOptions = {}) {
    const read = fields(options, `${name}: stream`, { batch: optional(positiveInteger, 1), fixed: asGiven });
    this.batch = read.batch;
    this.#name = name;
    this.#where = `${name}: push`;
    this.#workspace = workspace;
    this.#plan = plan;
    this.#axes = rowAxes(plan.input);
    this.#width = sizeOf(this.#axes);
    this.#checks = checksOf(this.#where, graph, plan.input);
    this.#fixed = readFixed(name, graph, read.fixed, this.batch);
    this.#run.set(batch, this.batch);
    this.#run.set(plan.steps, 1);
    this.#run.set(stepsBefore, 0);
    this.#stateBytes = stateOffsets(plan.runner.plan, this.#run.sizes);
    this.#state = workspace.allocate(this.#stateBytes);
    this.#run.stateAddress = this.#state;
    this.#start();
  }

  /**
   * Runs the steps of a chunk. With `out` nothing is allocated: it runs in the hot path.
   * @param x for batch 1: [features], a flat Float32Array of whole rows, or [time, features]; else [batch, time, features].
   * @param out where the output goes, of a model with one output: as many values as the result has, apart from those of x.
   * @returns the outputs of these steps, [rows, features] or [batch, rows, features]: one tensor, or an array for several
   *   outputs. With strides there are fewer rows than steps, or none; a layer that collapses time gives one row, as of the
   *   last step. With `out`, the number of rows.
   * @throws TypeError when the shape does not fit; Error when the session is closed.
   */
  push(x: Float32Array | TensorLike, out: Float32Array): number;
  push(x: Float32Array | TensorLike): Tensor;
  push(x: Float32Array | TensorLike, out?: Float32Array): Tensor | Tensor[] | number {
    this.#checkOpen();
    // A flat array for one sequence is read as it is: this is the hot path, and reading its shape would allocate.
    const isFlat = x instanceof Float32Array && this.batch === 1;
    const numbers = isFlat ? null : readNumbers(x, this.#where);
    const data = numbers?.data ?? (x as Float32Array);
    const steps = numbers === null ? data.length / this.#width : this.#stepsOf(numbers.shape);
    if (!Number.isInteger(steps))
      mismatch(this.#where, `whole rows of ${this.#width} features`, `${data.length} values`);
    if (this.#checks.length > 0) for (const check of this.#checks) check(data, numbers?.shape);
    if (out !== undefined) {
      this.#setSizes(steps);
      const rows = this.#rowsOf(this.#plan.outputs[0], steps, this.#sizes);
      this.#checkOut(out, rows);
      this.#onlyTarget[0] = out;
      this.#runBlocks(data, steps, this.#onlyTarget);
      return rows;
    }
    this.#setSizes(steps);
    const results = this.#plan.outputs.map((output) => {
      const rows = this.#rowsOf(output, steps, this.#sizes);
      const shape = this.batch === 1 ? [rows, ...output.axes] : [this.batch, rows, ...output.axes];
      return makeTensor(new Float32Array(this.batch * rows * output.width), shape);
    });
    this.#runBlocks(
      data,
      steps,
      results.map((result) => result.data),
    );
    const [only] = results;
    return results.length === 1 && only !== undefined ? only : results;
  }

  /** For models with several outputs: as `push`, always an array. */
  pushAll(x: Float32Array | TensorLike): Tensor[] {
    const result: Tensor | Tensor[] = this.push(x);
    return Array.isArray(result) ? (result as Tensor[]) : [result];
  }

  /** Back to the start: zeros, or the initial states that `fixed` gives. */
  reset(): void {
    this.#checkOpen();
    this.#workspace.kernels.zero(this.#state, this.#stateBytes);
    this.#start();
  }

  /** Gives the session's memory back to the model. A closed session cannot be used. */
  close(): void {
    if (this.#closed) return;
    this.#workspace.release(this.#state);
    this.#plan.runner.release(this.#run);
    this.#closed = true;
  }

  /** Runs what the fixed inputs decide once, and copies the initial states into place. */
  #start(): void {
    this.#before = 0;
    const { start, runner } = this.#plan;
    if (start === null) return;
    const run = new Run();
    setSizes(run, start.inputs, this.#fixed, this.batch);
    start.runner.prepare(run);
    start.inputs.forEach((symbolic, i) => {
      const staging = known(start.compiled.staging.get(symbolic), symbolic.node.layer.title);
      this.#workspace.floats.set(this.#fixed[i]?.data ?? [], start.runner.address(staging, run) / 4);
    });
    start.runner.execute(run);
    for (const { from, to } of start.states) {
      const [source, target] = [start.runner.address(from, run), runner.address(to, this.#run)];
      // A copy of a state through importRows flushes what is below 2^-100, as whole runs do (layers/recurrent.ts).
      if (to.rowBytes > 0) this.#workspace.kernels.importRows(source, target, this.batch, 1, to.rowBytes / 4);
      else this.#workspace.kernels.copy(target, source, evaluate(to.bytes, run.sizes));
    }
  }

  #checkOpen(): void {
    if (this.#closed) throw new Error(`${this.#name}: this session is closed`);
  }

  #stepsOf(shape: readonly number[]): number {
    const { batch: sequences } = this;
    const leading = shape.slice(0, shape.length - this.#axes.length);
    const [first = 1, second = 1] = leading;
    if (shape.at(-1) === 0) return 0;
    const fits = this.#axes.every((length, i) => length === shape[leading.length + i]);
    if (fits && leading.length === 2 && first === sequences) return second;
    if (sequences === 1 && leading.length < 2 && (fits || first === 0)) return first;
    const step = printShape(this.#axes);
    const steps = printShape([null, ...this.#axes], ['time']);
    const all = printShape([sequences, null, ...this.#axes], ['', 'time']);
    mismatch(
      this.#where,
      `shape ${sequences > 1 ? all : this.#axes.length === 0 ? steps : `${step} or ${steps}`}`,
      printShape(shape),
    );
  }

  #setSizes(steps: number): void {
    if (this.#plan.isEven) return;
    this.#sizes.set(batch, this.batch);
    this.#sizes.set(stepsBefore, this.#before);
    this.#sizes.set(this.#plan.steps, steps);
  }

  /** Rows of an output that so many steps give. */
  #rowsOf(output: StreamOutput | undefined, steps: number, sizes: Sizes): number {
    if (output === undefined || output.rows === null) return Math.min(1, steps);
    // Looking sizes up takes as long as a small layer (measured: 60 ns a push).
    if (this.#plan.isEven) return steps;
    return evaluate(output.rows, sizes);
  }

  #checkOut(out: unknown, rows: number): void {
    const { outputs } = this.#plan;
    const [only] = outputs;
    if (only === undefined || outputs.length > 1) {
      throw new TypeError(`${this.#where}: out serves models with one output, this one has ${outputs.length}`);
    }
    const wanted = this.batch * rows * only.width;
    if (!(out instanceof Float32Array) || out.length < wanted) {
      const came = out instanceof Float32Array ? out.length : typeof out;
      mismatch(this.#where, `out to be a Float32Array of at least ${wanted} values`, came);
    }
  }

  #runBlocks(data: Float32Array, steps: number, results: readonly Float32Array[]): void {
    for (let i = 0; i < results.length; i++) this.#given[i] = 0;
    for (let done = 0; done < steps; done += blockSteps) {
      this.#runBlock(data, steps, done, Math.min(blockSteps, steps - done), results);
    }
  }

  /**
   * Runs steps `from` … `from + count − 1` of a push. In the hot path: a view, an array or a destructured one would be an
   * allocation (tests/memory/memory.test.ts), so it copies in loops.
   */
  #runBlock(data: Float32Array, steps: number, from: number, count: number, results: readonly Float32Array[]): void {
    const { runner, outputs, staging, steps: symbol, phase, isEven } = this.#plan;
    const run = this.#run;
    run.set(symbol, count);
    if (!isEven) run.set(stepsBefore, this.#before);
    runner.prepare(run);
    const { floats } = this.#workspace;
    const width = this.#width;
    const target = runner.address(staging, run) / 4;
    for (let b = 0; b < this.batch; b++) {
      copy(data, (b * steps + from) * width, floats, target + b * count * width, count * width);
    }
    runner.execute(run);
    if (!isEven) this.#before = foldSteps(phase, this.#before + count);
    for (let i = 0; i < outputs.length; i++) {
      const output = outputs[i];
      const result = results[i];
      if (output === undefined || result === undefined) continue;
      const rows = this.#rowsOf(output, count, run.sizes);
      const total = this.#rowsOf(output, steps, this.#sizes);
      // What has no steps of its own, or as many in each run, is there as of the last block.
      const first = output.rows === null || typeof output.rows === 'number' ? 0 : (this.#given[i] ?? 0);
      this.#given[i] = first + rows;
      const source = runner.address(output.dense, run) / 4;
      for (let b = 0; b < this.batch; b++) {
        copy(floats, source + b * rows * output.width, result, (b * total + first) * output.width, rows * output.width);
      }
    }
  }
}

function copy(from: Float32Array, at: number, to: Float32Array, target: number, count: number): void {
  for (let i = 0; i < count; i++) to[target + i] = from[at + i] ?? 0;
}

function readFixed(name: string, graph: Graph, fixed: unknown, rows: number): Numbers[] {
  const symbols = graph.inputs.filter((symbolic) => symbolic.time === null);
  if (symbols.length === 0) {
    if (fixed !== undefined) throw new TypeError(`${name}: stream: fixed: every input of this model has a time axis`);
    return [];
  }
  if (fixed === undefined) {
    const titles = symbols.map((symbolic) => `"${symbolic.node.layer.title}"`).join(', ');
    throw new TypeError(`${name}: stream: the inputs without a time axis, ${titles}, must be given as fixed`);
  }
  const given = readTensors(`${name}: stream: fixed`, symbols, fixed);
  if (given[0]?.shape[0] !== rows) {
    mismatch(`${name}: stream: fixed`, `${rows} row(s)`, given[0]?.shape[0] ?? 0);
  }
  checkValues(`${name}: stream: fixed`, { ...graph, inputs: symbols }, given);
  return given.map(({ data, shape }) => ({ data: data.slice(), shape }));
}
