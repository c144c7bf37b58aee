import type { ForwardContext } from '../graph/context.js';
import type { Call, OutputSpec, SymbolicTensor } from '../graph/layer.js';
import { mismatch } from '../options/options.js';
import { noMask } from './expectations.js';
import { add, ceilDivide, multiply, type Size } from '../plan/size.js';
import type { PlanTensor } from '../plan/plan.js';

/*
 * The mask of what is made of several sequences, as Keras has it: a step counts that counts in any of them. An input without a
 * mask counts everywhere.
 */

/** Of inputs of which some are joined step by step, unless the call was given a mask of its own. */
export function mergedMask(
  name: string,
  { inputs, mask }: Call,
  joined: readonly SymbolicTensor[],
): OutputSpec['mask'] {
  if (mask !== inputs[0]?.mask) return mask;
  const masks = new Set(inputs.map((input) => input.mask));
  const [only = null] = masks;
  if (masks.has(null)) return null;
  if (joined.length < inputs.length)
    mismatch(name, 'masks of as many steps', 'one of an input that stands for every step');
  return masks.size === 1 ? only : 'computed';
}

export function emitMergedMask(context: ForwardContext): void {
  const y = context.computedMask;
  if (y === null) return;
  const [first, ...others] = context.inputMasks.flatMap((mask) => mask ?? []);
  let before = first ?? y;
  for (const other of others) {
    const rows = quadsOf(y);
    context.emit('merge', maximum, before, other, y, rows, 4, rows, 1);
    before = y;
  }
}

/** Of inputs one behind the other in time. */
export function joinedMask(name: string, call: Call): OutputSpec['mask'] {
  noMask(name, call);
  const { inputs } = call;
  return inputs.some(({ mask }) => mask !== null) ? 'computed' : null;
}

export function emitJoinedMask(context: ForwardContext): void {
  const y = context.computedMask;
  if (y === null) return;
  // e⁰ = 1: what has no mask counts.
  context.emit('zero', y, y.bytes);
  context.emit('activate', exponential, y, y, quadsOf(y), 4);
  let offset: Size = 0;
  context.inputMasks.forEach((mask, i) => {
    const [batch = 1, steps = 1] = context.viewOf(i).lengths;
    const bytes = multiply(multiply(steps, batch), 4);
    if (mask !== null) context.emit('copy', { tensor: y, offset }, mask, bytes);
    offset = add(offset, bytes);
  });
}

/** Codes of assembly/merging/merge.ts and assembly/elementwise/activations.ts. */
const maximum = 4;
const exponential = 11;

function quadsOf(mask: PlanTensor): Size {
  return ceilDivide(multiply(mask.bytes, 0.25), 4);
}
