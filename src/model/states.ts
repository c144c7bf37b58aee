import type { Graph } from '../graph/graph.js';
import { stateOffsets, type PlanRunner, type Run } from '../plan/runner.js';
import { batch } from '../plan/size.js';
import type { Workspace } from '../plan/workspace.js';

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
