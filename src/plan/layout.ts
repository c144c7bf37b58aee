import { known } from './known.js';
import { tensorsOf, type Plan, type PlanTensor } from './plan.js';

/** The steps between which a tensor's values matter. */
interface Lifetime {
  first: number;
  last: number;
}

interface Placed extends Lifetime {
  readonly start: number;
  readonly end: number;
}

/** Where each scratch tensor of a plan lies in the scratch block, and how long that block must be. */
export interface Layout {
  readonly offsets: ReadonlyMap<PlanTensor, number>;
  readonly bytes: number;
}

/**
 * Lays the scratch tensors of a plan into one block. Tensors whose lifetimes do not meet may share bytes; each one takes
 * the lowest place that is free for all of its life.
 */
export function layOut(plan: Plan, capacities: ReadonlyMap<PlanTensor, number>): Layout {
  const offsets = new Map<PlanTensor, number>();
  const placed: Placed[] = [];
  let bytes = 0;
  for (const [tensor, lifetime] of lifetimes(plan)) {
    const size = capacities.get(tensor) ?? 0;
    const contemporaries = placed.filter((other) => other.first <= lifetime.last && lifetime.first <= other.last);
    let start = 0;
    for (const other of contemporaries) {
      if (start + size <= other.start) break;
      start = Math.max(start, other.end);
    }
    insertByStart(placed, { ...lifetime, start, end: start + size });
    offsets.set(tensor, start);
    bytes = Math.max(bytes, start + size);
  }
  return { offsets, bytes };
}

function lifetimes(plan: Plan): Map<PlanTensor, Lifetime> {
  const found = new Map<PlanTensor, Lifetime>();
  for (const tensor of plan.given) found.set(tensor, { first: -1, last: -1 });
  plan.steps.forEach((step, index) => {
    for (const tensor of tensorsOf(step)) {
      if (tensor.region !== 'scratch') continue;
      const lifetime = found.get(tensor);
      if (lifetime === undefined) found.set(tensor, { first: index, last: index });
      else lifetime.last = index;
    }
  });
  for (const tensor of plan.wanted) {
    known(found.get(tensor), tensor.name).last = plan.steps.length;
  }
  return found;
}

function insertByStart(placed: Placed[], block: Placed): void {
  const at = placed.findIndex((other) => other.start > block.start);
  placed.splice(at < 0 ? placed.length : at, 0, block);
}
