import { ImplicitStates } from '../model/states.js';
import type { Workspace } from '../plan/workspace.js';

/** States of their own that start as the present ones are; their `reset` gives their memory back. */
export function copyOf({ block }: ImplicitStates, workspace: Workspace, owner: string): ImplicitStates {
  const copy = new ImplicitStates(workspace, owner);
  if (block !== undefined) {
    const address = workspace.allocate(block.bytes);
    workspace.floats.copyWithin(address / 4, block.address / 4, (block.address + block.bytes) / 4);
    copy.block = { ...block, address };
  }
  return copy;
}

/** Runs something that goes on from the present states; they are back afterwards. */
export function leaving<T>(states: ImplicitStates, workspace: Workspace, run: () => T): T {
  const present = save(states, workspace);
  try {
    return run();
  } finally {
    restore(states, workspace, present);
  }
}

/** Values of states; undefined: no run has had any yet. */
export type SavedStates = Float32Array | undefined;

/** A copy of the states' values, to come back to with `restore`. */
export function save({ block }: ImplicitStates, { floats }: Workspace): SavedStates {
  return block && floats.slice(block.address / 4, (block.address + block.bytes) / 4);
}

/** Back to what `save` gave; undefined: as after `reset`, bound to no batch. */
export function restore(states: ImplicitStates, { floats }: Workspace, saved: SavedStates): void {
  if (saved === undefined || states.block === undefined) states.reset();
  else floats.set(saved, states.block.address / 4);
}
