/// <reference lib="esnext.disposable" preserve="true" />
import type { Graph } from '../graph/graph.js';
import { checkValues, readTensors, type TensorsLike } from '../graph/inputs.js';
import { printShape } from '../graph/shape.js';
import { asGiven, fields, mismatch, optional, positiveInteger } from '../options/options.js';
import { makeTensor, readNumbers, type Numbers, type Tensor, type TensorLike } from '../tensors/tensor.js';
import { forecast, type ForecastOptions } from './forecast.js';
import { startAtRest } from './rest.js';
import { PushReader } from './push-reader.js';
import { encodeState, readState, writeStates, type SavedState } from './state-bytes.js';
import type { Streamed, StreamInput } from './stream-plan.js';
import { StreamRun } from './stream-run.js';

/** Older runtimes have no such symbol, and no `using`. */
const known: Partial<Pick<SymbolConstructor, 'dispose'>> = Symbol;
const dispose: typeof Symbol.dispose = known.dispose ?? (Symbol.for('Symbol.dispose') as typeof Symbol.dispose);

export interface StreamOptions {
  /** How many sequences run side by side. Default 1, or as many as the states have. */
  batch?: number;
  /** Values of the inputs without a time axis, such as initial states: [batch, features] each, as for `predict`. */
  fixed?: TensorsLike;
  /** Where `session.save` left off: the session goes on from there. Several states, of one sequence or more each, make a batch. */
  state?: Uint8Array | readonly Uint8Array[];
  /**
   * A step: the session starts as if it had been pushed for ever, such as silence or a mean, instead of from zeros before the first
   * step. Of models with convolutions and pooling only, which forget. Computed once and kept.
   */
  rest?: TensorLike;
}

/**
 * A model running step by step: what was pushed so far is remembered as states, so that any chunking gives the bits of the
 * whole run. Sessions of a model are independent of each other.
 */
export class Session {
  readonly batch: number;
  /** @internal */
  readonly run: StreamRun;
  readonly #streamed: Streamed;
  readonly #beginning: Beginning;
  readonly #reader: PushReader;
  readonly #onlyData: Float32Array[] = [];
  readonly #onlyTarget: Float32Array[] = [];
  #closed = false;

  /** Use `model.stream()`. @param from what to start from; another session: to go on from where it is */
  constructor(streamed: Streamed, from: StreamOptions | Session = {}) {
    const { name, workspace, plan } = streamed;
    const isFork = from instanceof Session;
    const beginning = isFork ? from.#beginning : readBeginning(streamed, from);
    this.batch = beginning.batch;
    this.#streamed = streamed;
    this.#beginning = beginning;
    this.#reader = new PushReader(streamed);
    this.run = new StreamRun(plan, workspace, this.batch);
    if (isFork) {
      this.run.copyFrom(from.run);
      return;
    }
    try {
      const { fixed, states } = beginning;
      if (fixed !== null) this.#start(fixed);
      if (states.length > 0) writeStates(`${name}: stream: state`, workspace, this.run, states);
    } catch (error) {
      this.run.release();
      throw error;
    }
  }

  /**
   * Runs the steps of a chunk. With `out` nothing is allocated: it runs in the hot path.
   * @param x for batch 1: [features], a flat Float32Array of whole rows, or [time, features]; else [batch, time, features]. Of a
   *   model with several inputs with time as many steps of each: an array, or an object by input name.
   * @param out where the output goes, of a model with one output: as many values as the result has, apart from those of x.
   * @returns the outputs of these steps, [rows, features] or [batch, rows, features]: one tensor, or an array for several
   *   outputs. With strides there are fewer rows than steps, or none; a layer that collapses time gives one row, as of the
   *   last step. With `out`, the number of rows.
   * @throws TypeError when the shape does not fit; Error when the session is closed.
   */
  push(x: Float32Array | TensorsLike, out: Float32Array): number;
  push(x: Float32Array | TensorsLike): Tensor;
  push(x: Float32Array | TensorsLike, out?: Float32Array): Tensor | Tensor[] | number {
    this.checkOpen();
    const { run } = this;
    const steps = this.#read(x);
    run.setSteps(steps);
    const { outputs } = this.#streamed.plan;
    if (out !== undefined) {
      const rows = this.#checkOut(out, steps);
      this.#onlyTarget[0] = out;
      run.push(this.#onlyData, steps, this.#onlyTarget);
      return rows;
    }
    const results = outputs.map((output) => {
      const rows = run.rowsOf(output, steps);
      const shape = this.batch === 1 ? [rows, ...output.axes] : [this.batch, rows, ...output.axes];
      return makeTensor(new Float32Array(this.batch * rows * output.width), shape);
    });
    run.push(
      this.#onlyData,
      steps,
      results.map((result) => result.data),
    );
    const [only] = results;
    return results.length === 1 && only !== undefined ? only : results;
  }

  /** For models with several outputs: as `push`, always an array. */
  pushAll(x: Float32Array | TensorsLike): Tensor[] {
    const result: Tensor | Tensor[] = this.push(x);
    return Array.isArray(result) ? (result as Tensor[]) : [result];
  }

  /**
   * What comes next when the model is fed with its own outputs, as if `n` further steps were pushed; the session stays as it is.
   * @returns [n, features], or [batch, n, features]: the output of the last push, then those of the steps that it and its
   *   followers are fed as.
   * @throws Error before the first output; TypeError where outputs do not fit the input.
   */
  forecast(n: number, options: ForecastOptions = {}): Tensor {
    this.checkOpen();
    return forecast(`${this.#streamed.name}: forecast`, this, this.#streamed.plan, n, options);
  }

  /** Another session that goes on from here; this one stays as it is. */
  fork(): Session {
    this.checkOpen();
    return new Session(this.#streamed, this);
  }

  /**
   * The session's state as bytes (docs/formats.md), for `model.stream({ state })` of this model in any runtime.
   * @param sequence of a batch, only this one; default: all
   */
  save(sequence?: number): Uint8Array {
    this.checkOpen();
    const { name, graph, workspace } = this.#streamed;
    const wanted = Array.from({ length: this.batch }, (_, i) => i).filter((i) => i === (sequence ?? i));
    if (wanted.length === 0) mismatch(`${name}: save`, `a sequence from 0 to ${this.batch - 1}`, String(sequence));
    return encodeState(graph, workspace, this.run, wanted);
  }

  /** Back to the start: zeros, the initial states that `fixed` gives, or rest. */
  reset(): void {
    this.checkOpen();
    const { fixed } = this.#beginning;
    if (fixed === null && this.#streamed.plan.start !== null) {
      throw new Error(`${this.#streamed.name}: reset: the session was opened from a state, without fixed`);
    }
    this.#start(fixed ?? []);
  }

  /** Gives the session's memory back to the model. A closed session cannot be used. */
  close(): void {
    if (this.#closed) return;
    this.run.release();
    this.#closed = true;
  }

  /** `using session = model.stream()` closes it at the end of its block. */
  [dispose](): void {
    this.close();
  }

  /** @internal */
  checkOpen(): void {
    if (this.#closed) throw new Error(`${this.#streamed.name}: this session is closed`);
  }

  #start(fixed: readonly Numbers[]): void {
    const { name, graph, workspace } = this.#streamed;
    const { rest } = this.#beginning;
    this.run.start(fixed);
    if (rest !== null) startAtRest(`${name}: stream: rest`, graph, workspace, this.run, rest);
  }

  /** Reads what is pushed into `#onlyData`; gives the number of steps. */
  #read(x: Float32Array | TensorsLike): number {
    const { inputs } = this.#streamed.plan;
    const [only] = inputs;
    // A flat array for one sequence is read as it is: this is the hot path, and reading its shape would allocate.
    if (!(x instanceof Float32Array) || this.batch > 1 || inputs.length > 1 || only === undefined) {
      const { data, steps } = this.#reader.read(x, (where, input, shape) => this.#stepsOf(where, input, shape));
      data.forEach((values, i) => (this.#onlyData[i] = values));
      return steps;
    }
    const steps = x.length / only.width;
    if (!Number.isInteger(steps)) {
      mismatch(this.#reader.where, `whole rows of ${only.width} features`, `${x.length} values`);
    }
    this.#reader.check(0, x);
    this.#onlyData[0] = x;
    return steps;
  }

  #stepsOf(where: string, { axes }: StreamInput, shape: readonly number[]): number {
    const { batch: sequences } = this;
    const leading = shape.slice(0, shape.length - axes.length);
    const [first = 1, second = 1] = leading;
    if (shape.at(-1) === 0) return 0;
    const fits = axes.every((length, i) => length === shape[leading.length + i]);
    if (fits && leading.length === 2 && first === sequences) return second;
    if (sequences === 1 && leading.length < 2 && (fits || first === 0)) return first;
    const step = printShape(axes);
    const steps = printShape([null, ...axes], ['time']);
    const all = printShape([sequences, null, ...axes], ['', 'time']);
    mismatch(
      where,
      `shape ${sequences > 1 ? all : axes.length === 0 ? steps : `${step} or ${steps}`}`,
      printShape(shape),
    );
  }

  /** Gives the number of rows. */
  #checkOut(out: unknown, steps: number): number {
    const { outputs } = this.#streamed.plan;
    const [only] = outputs;
    if (only === undefined || outputs.length > 1) {
      throw new TypeError(`${this.#reader.where}: out serves models with one output, this one has ${outputs.length}`);
    }
    const rows = this.run.rowsOf(only, steps);
    this.#reader.checkOut(out, this.batch * rows * only.width);
    return rows;
  }
}

/** How a session begins. */
interface Beginning {
  readonly batch: number;
  /** null: what it goes on from has them. */
  readonly fixed: readonly Numbers[] | null;
  readonly rest: Float32Array | null;
  readonly states: readonly SavedState[];
}

function readBeginning({ name, graph, workspace }: Streamed, options: StreamOptions): Beginning {
  const where = `${name}: stream`;
  const read = fields(options, where, {
    batch: optional(positiveInteger, undefined),
    fixed: asGiven,
    state: asGiven,
    rest: asGiven,
  });
  const { state } = read;
  const given: unknown[] = state === undefined ? [] : Array.isArray(state) ? state : [state];
  const states = given.map((bytes) => readState(`${where}: state`, graph, workspace, bytes));
  const saved = states.reduce((sum, { sequences }) => sum + sequences, 0);
  const batch = read.batch ?? (saved || 1);
  if (state !== undefined && saved !== batch) mismatch(`${where}: state`, `${batch} sequence(s)`, saved);
  if (state !== undefined && read.rest !== undefined) mismatch(where, 'state or rest', 'both');
  const rest = read.rest === undefined ? null : readNumbers(read.rest, `${where}: rest`).data.slice();
  const isKept = state !== undefined && read.fixed === undefined;
  return { batch, fixed: isKept ? null : readFixed(name, graph, read.fixed, batch), rest, states };
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
