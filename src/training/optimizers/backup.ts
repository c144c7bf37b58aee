import type { Workspace } from '../../plan/workspace.js';

/** Floats in memory. */
export interface Block {
  readonly address: number;
  readonly count: number;
}

/**
 * A copy of blocks, to undo with what is done to them. It lies in the workspace's scratch block, where a plan leaves its last
 * run: so it is good only until a plan is prepared, and costs no memory where a batch needs more than the weights.
 */
export class Backup {
  readonly #workspace: Workspace;
  readonly #blocks: readonly Block[];
  readonly #bytes: number;

  constructor(workspace: Workspace, blocks: readonly Block[]) {
    this.#workspace = workspace;
    this.#blocks = blocks;
    this.#bytes = blocks.reduce((sum, { count }) => sum + 4 * count, 0);
  }

  /** @throws RangeError when memory cannot hold the copy. */
  save(): void {
    let copy = this.#workspace.scratch(this.#bytes) / 4;
    const { floats } = this.#workspace;
    for (const { address, count } of this.#blocks) {
      floats.copyWithin(copy, address / 4, address / 4 + count);
      copy += count;
    }
  }

  restore(): void {
    let copy = this.#workspace.scratch(this.#bytes) / 4;
    const { floats } = this.#workspace;
    for (const { address, count } of this.#blocks) {
      floats.copyWithin(address / 4, copy, copy + count);
      copy += count;
    }
  }
}
