import type { ImplicitStates } from '../model/states.js';
import type { Workspace } from '../plan/workspace.js';

/** Runs something on fresh states of its own; the present ones are back afterwards. */
export function apart<T>(states: ImplicitStates, run: () => T): T {
  const present = states.block;
  states.block = undefined;
  try {
    return run();
  } finally {
    states.reset();
    states.block = present;
  }
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

/** A copy of the states' values, to come back to with `restore`. */
export function save({ block }: ImplicitStates, { floats }: Workspace): Float32Array | undefined {
  return block && floats.slice(block.address / 4, (block.address + block.bytes) / 4);
}

/** Back to what `save` gave; undefined: as after `reset`, with the batch kept free. */
export function restore(states: ImplicitStates, { floats }: Workspace, saved: Float32Array | undefined): void {
  if (saved === undefined || states.block === undefined) states.reset();
  else floats.set(saved, states.block.address / 4);
}
