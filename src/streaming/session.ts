import type { Graph } from '../graph/graph.js';
import { readTensors, setSizes, type TensorsLike } from '../graph/inputs.js';
import { asGiven, fields, optional, positiveInteger } from '../options/options.js';
import { Run, stateOffsets } from '../plan/runner.js';
import { batch } from '../plan/size.js';
import type { Workspace } from '../plan/workspace.js';
import { makeTensor, readNumbers, type Numbers, type Tensor, type TensorLike } from '../tensors/tensor.js';
import type { StreamPlan } from './stream-plan.js';

export interface StreamOptions {
  /** How many sequences run side by side. Default 1. */
  batch?: number;
  /** Values of the inputs without a time axis, such as initial states: [batch, features] each, as for `predict`. */
  fixed?: TensorsLike;
}

const noResults: readonly Float32Array[] = [];

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
  readonly #features: number;
  readonly #stateBytes: number;
  #state: number;
  #closed = false;

  /** Use `model.stream()`. */
  constructor(name: string, graph: Graph, workspace: Workspace, plan: StreamPlan, options: StreamOptions = {}) {
    const read = fields(options, `${name}: stream`, { batch: optional(positiveInteger, 1), fixed: asGiven });
    this.batch = read.batch;
    this.#name = name;
    this.#workspace = workspace;
    this.#plan = plan;
    this.#features = plan.input.features;
    this.#fixed = readFixed(name, graph, read.fixed, this.batch);
    this.#run.set(batch, this.batch);
    this.#run.set(plan.steps, 1);
    this.#stateBytes = stateOffsets(plan.runner.plan, this.#run.sizes);
    this.#state = workspace.allocate(this.#stateBytes);
    this.#run.stateAddress = this.#state;
    this.#start();
  }

  /**
   * Runs the steps of a chunk. With `out` nothing is allocated: it runs in the hot path.
   * @param x for batch 1: [features], a flat Float32Array of whole rows, or [time, features]; else [batch, time, features].
   * @param out where the output goes, of a model with one output: as many values as the result has.
   * @returns the outputs of these steps, [time, features] or [batch, time, features]: one tensor, or an array for several
   *   outputs; a layer that collapses time gives one row, as of the last step. With `out`, the number of rows.
   * @throws TypeError when the shape does not fit; Error when the session is closed.
   */
  push(x: Float32Array | TensorLike, out: Float32Array): number;
  push(x: Float32Array | TensorLike): Tensor;
  push(x: Float32Array | TensorLike, out?: Float32Array): Tensor | Tensor[] | number {
    if (this.#closed) throw new Error(`${this.#name}: this session is closed`);
    if (x instanceof Float32Array && this.batch === 1) return this.#pushRows(x, this.#wholeRows(x.length), out);
    const { data, shape } = readNumbers(x, `${this.#name}: push`);
    return this.#pushRows(data, this.#stepsOf(shape), out);
  }

  /** For models with several outputs: as `push`, always an array. */
  pushAll(x: Float32Array | TensorLike): Tensor[] {
    const result: Tensor | Tensor[] = this.push(x);
    return Array.isArray(result) ? (result as Tensor[]) : [result];
  }

  /** Back to the start: zeros, or the initial states that `fixed` gives. */
  reset(): void {
    if (this.#closed) throw new Error(`${this.#name}: this session is closed`);
    this.#workspace.kernels.zero(this.#state, this.#stateBytes);
    this.#start();
  }

  /** Gives the session's memory back to the model. A closed session cannot be used. */
  close(): void {
    if (!this.#closed) this.#workspace.release(this.#state);
    this.#closed = true;
  }

  /** Runs what the fixed inputs decide once, and copies the initial states into place. */
  #start(): void {
    const { start, runner } = this.#plan;
    if (start === null) return;
    const run = new Run();
    setSizes(run, start.inputs, this.#fixed, this.batch);
    start.runner.prepare(run);
    start.inputs.forEach((symbolic, i) => {
      const staging = start.compiled.staging.get(symbolic);
      const given = this.#fixed[i];
      if (staging !== undefined && given !== undefined) {
        this.#workspace.floats.set(given.data, start.runner.address(staging, run) / 4);
      }
    });
    start.runner.execute(run);
    for (const { from, to } of start.states) {
      const source = start.runner.address(from, run);
      this.#workspace.kernels.copy(runner.address(to, this.#run), source, this.batch * to.rowBytes);
    }
  }

  #wholeRows(length: number): number {
    const rows = length / this.#features;
    if (!Number.isInteger(rows)) {
      throw new TypeError(
        `${this.#name}: push: expected whole rows of ${this.#features} features, got ${length} values`,
      );
    }
    return rows;
  }

  #stepsOf(shape: readonly number[]): number {
    const features = this.#features;
    const isBatched = shape.length === 3 && shape[0] === this.batch && shape[2] === features;
    if (isBatched) return shape[1] ?? 0;
    if (this.batch === 1 && shape.length === 1 && shape[0] === features) return 1;
    if (this.batch === 1 && shape.length === 2 && (shape[1] === features || shape[0] === 0)) return shape[0] ?? 0;
    const expected = this.batch === 1 ? `[${features}] or [time, ${features}]` : `[${this.batch}, time, ${features}]`;
    throw new TypeError(`${this.#name}: push: expected shape ${expected}, got [${shape.join(', ')}]`);
  }

  #pushRows(data: Float32Array, steps: number, out: Float32Array | undefined): Tensor | Tensor[] | number {
    const { outputs } = this.#plan;
    if (out !== undefined) {
      this.#checkOut(out, steps);
      this.#runBlocks(data, steps, noResults, out);
      return rowsOf((outputs[0]?.symbolic.time ?? null) !== null, steps);
    }
    const results = outputs.map(({ symbolic }) => {
      const rows = rowsOf(symbolic.time !== null, steps);
      const shape = this.batch === 1 ? [rows, symbolic.features] : [this.batch, rows, symbolic.features];
      return makeTensor(new Float32Array(this.batch * rows * symbolic.features), shape);
    });
    this.#runBlocks(
      data,
      steps,
      results.map((result) => result.data),
    );
    const [only] = results;
    return results.length === 1 && only !== undefined ? only : results;
  }

  #checkOut(out: Float32Array, steps: number): void {
    const { outputs } = this.#plan;
    const only = outputs[0];
    if (only === undefined || outputs.length > 1) {
      throw new TypeError(`${this.#name}: push: out serves models with one output, this one has ${outputs.length}`);
    }
    const wanted = this.batch * rowsOf(only.symbolic.time !== null, steps) * only.symbolic.features;
    if (!(out instanceof Float32Array) || out.length < wanted) {
      throw new TypeError(
        `${this.#name}: push: expected out to be a Float32Array of at least ${wanted} values, got ${out instanceof Float32Array ? String(out.length) : typeof out}`,
      );
    }
  }

  /** @param out where the only output goes, instead of `results`. */
  #runBlocks(data: Float32Array, steps: number, results: readonly Float32Array[], out?: Float32Array): void {
    for (let done = 0; done < steps; done += blockSteps) {
      this.#runBlock(data, steps, done, Math.min(blockSteps, steps - done), results, out);
    }
  }

  /**
   * Runs steps `from` … `from + count − 1` of a push. In the hot path: a view, an array or a destructured one would be an
   * allocation (tests/memory/memory.test.ts), so it copies in loops.
   */
  #runBlock(
    data: Float32Array,
    steps: number,
    from: number,
    count: number,
    results: readonly Float32Array[],
    out: Float32Array | undefined,
  ): void {
    const { runner, outputs, staging, steps: symbol } = this.#plan;
    const run = this.#run;
    run.set(symbol, count);
    runner.prepare(run);
    const { floats } = this.#workspace;
    const features = this.#features;
    const target = runner.address(staging, run) / 4;
    for (let b = 0; b < this.batch; b++) {
      copy(data, (b * steps + from) * features, floats, target + b * count * features, count * features);
    }
    runner.execute(run);
    for (let i = 0; i < outputs.length; i++) {
      const output = outputs[i];
      const result = out ?? results[i];
      if (output === undefined || result === undefined) continue;
      const width = output.symbolic.features;
      const hasTime = output.symbolic.time !== null;
      const rows = hasTime ? count : 1;
      const total = hasTime ? steps : 1;
      const first = hasTime ? from : 0;
      const source = runner.address(output.dense, run) / 4;
      for (let b = 0; b < this.batch; b++) {
        copy(floats, source + b * rows * width, result, (b * total + first) * width, rows * width);
      }
    }
  }
}

function rowsOf(hasTime: boolean, steps: number): number {
  return hasTime ? steps : Math.min(1, steps);
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
    throw new TypeError(`${name}: stream: fixed: expected ${rows} row(s), got ${given[0]?.shape[0]}`);
  }
  return given.map(({ data, shape }) => ({ data: data.slice(), shape }));
}
