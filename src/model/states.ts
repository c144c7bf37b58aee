import type { Graph } from '../graph/graph.js';
import { printShape } from '../graph/shape.js';
import { mismatch } from '../options/options.js';
import type { Plan, PlanTensor } from '../plan/plan.js';
import { stateOffsets, type PlanRunner, type Run } from '../plan/runner.js';
import { batch } from '../plan/size.js';
import type { Workspace } from '../plan/workspace.js';
import { makeTensor, readNumbers, type Tensor } from '../tensors/tensor.js';

/** Where the states of a batch lie. */
export interface StateBlock {
  readonly address: number;
  readonly bytes: number;
  readonly batch: number;
}

/** The states of a model's stateful layers: its one implicit session, carried from run to run until `reset`. */
export class ImplicitStates {
  readonly #workspace: Workspace;
  readonly #owner: string;
  block: StateBlock | undefined;

  constructor(workspace: Workspace, owner: string) {
    this.#workspace = workspace;
    this.#owner = owner;
  }

  /**
   * Gives a prepared run its states; the batch must be that of the runs since the last reset. Until a run has found its room,
   * nothing is bound to its batch.
   */
  bind(runner: PlanRunner, run: Run): void {
    const rows = run.sizes.get(batch) ?? 0;
    if (this.block === undefined) {
      const bytes = stateOffsets(runner.plan, run.sizes);
      this.block = { address: this.#workspace.allocate(bytes), bytes, batch: rows };
    } else if (this.block.batch !== rows) {
      throw new Error(
        `${this.#owner}: its stateful layers hold the states of a batch of ${this.block.batch}, got a batch of ${rows}; call resetStates() first`,
      );
    }
    if (run.stateAddress !== this.block.address) run.version = -1;
    run.stateAddress = this.block.address;
    runner.prepare(run);
  }

  /** The states, [batch, units] each, in the order in which the layers run. */
  get(plan: Plan): Tensor[] {
    const { block } = this;
    if (block === undefined) throw new Error(`${this.#owner}: getStates: no run has left states since the last reset`);
    return this.#places(plan, block.batch).map(({ features, address, rowFloats }) => {
      const data = new Float32Array(block.batch * features);
      for (let row = 0; row < block.batch; row++) {
        const at = block.address / 4 + address + row * rowFloats;
        data.set(this.#workspace.floats.subarray(at, at + features), row * features);
      }
      return makeTensor(data, [block.batch, features]);
    });
  }

  /** Puts states in place; the next runs have their batch. Nothing is changed where one does not fit. */
  set(plan: Plan, given: unknown): void {
    const where = `${this.#owner}: setStates`;
    const wanted = this.#places(plan, 1);
    if (!Array.isArray(given) || given.length !== wanted.length) {
      mismatch(where, `${wanted.length} states`, Array.isArray(given) ? given.length : typeof given);
    }
    const read = wanted.map(({ name, features }, i) => {
      const numbers = readNumbers(given[i], `${where}: ${name}`);
      const { shape } = numbers;
      if (shape.length !== 2 || shape[1] !== features || shape[0] === 0) {
        mismatch(`${where}: ${name}`, `shape ${printShape([null, features], ['batch'])}`, printShape(shape));
      }
      return numbers;
    });
    const rows = read[0]?.shape[0] ?? 0;
    if (read.some(({ shape }) => shape[0] !== rows)) {
      mismatch(where, 'states of one batch', read.map(({ shape }) => shape[0]).join(' and '));
    }
    const bytes = stateOffsets(plan, new Map([[batch, rows]]));
    const longest = Math.max(...read.map(({ data }) => data.length));
    const [staging, address] = [this.#workspace.allocate(4 * longest), this.#workspace.allocate(bytes)];
    this.reset();
    this.block = { address, bytes, batch: rows };
    this.#places(plan, rows).forEach((place, i) => {
      this.#workspace.floats.set(read[i]?.data ?? [], staging / 4);
      // As all that comes in: what is below 2^-100 becomes 0.
      this.#workspace.kernels.importRows(staging, address + 4 * place.address, rows, 1, place.features);
    });
    this.#workspace.release(staging);
  }

  /** Where the states lie in a block of so many rows: floats from its start, and from row to row. */
  #places(plan: Plan, rows: number): { name: string; features: number; address: number; rowFloats: number }[] {
    const offsets = new Map<PlanTensor, number>();
    stateOffsets(plan, new Map([[batch, rows]]), offsets);
    return Array.from(offsets, ([{ name, rowBytes, sequence }, offset]) => {
      return { name, features: sequence?.features ?? 0, address: offset / 4, rowFloats: rowBytes / 4 };
    });
  }

  /** Back to zeros; the next run may have another batch. */
  reset(): void {
    if (this.block !== undefined) this.#workspace.release(this.block.address);
    this.block = undefined;
  }
}

/** Stateful layers hold the states of one batch size, so a run over many rows must fall into batches of that size. */
export function checkWholeBatches(where: string, rows: number, batchSize: number): void {
  if (rows > batchSize && rows % batchSize > 0) {
    throw new RangeError(
      `${where}: stateful layers need batches of one size: expected a multiple of ${batchSize} rows, got ${rows}`,
    );
  }
}

export function hasStatefulLayers(graph: Graph): boolean {
  return graph.nodes.some(({ layer }) => layer.definition.isStateful?.(layer.config) === true);
}
