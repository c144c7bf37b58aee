import type { Plan, PlanTensor } from '../plan/plan.js';
import { batch, multiply, symbol, type Size } from '../plan/size.js';
import { streamKey } from './stream-key.js';

/** Symbols of a training run beside its sizes: the user's seed, and the epoch or step that random numbers count. */
export const seed = symbol('seed');
export const epoch = symbol('epoch');

/** Seed and count of a batch's random numbers. */
export interface RandomPlace {
  readonly seed: number;
  readonly epoch: number;
}

/** Key and counter of a call's random numbers: the same for the same sample, whatever the batch (docs/numerics.md). */
export interface RandomNumbers {
  readonly seed: Size;
  readonly stream: number;
  readonly epoch: Size;
  /** int32 [B]: which samples of the data set the rows are. */
  readonly indices: PlanTensor;
}

/** Where the calls of a plan get their random numbers from. */
export class Randomness {
  /** int32 [B], the samples' indices in the data set; null while nothing asks for random numbers. */
  indices: PlanTensor | null = null;

  /** Those of one call of a layer, by its title in the graph, for one purpose. */
  of(plan: Plan, title: string, purpose: string): RandomNumbers {
    this.indices ??= plan.dense('sample indices', [batch]);
    plan.given.add(this.indices);
    return { seed, epoch, stream: streamKey(`${title}/${purpose}`), indices: this.indices };
  }
}

/**
 * How many sequences a layer sees for each sample: one; inside TimeDistributed, where T·B lie side by side, as many as there are
 * steps around it. What counts samples sees them as further steps.
 */
export function sequencesPerSample(sequences: Size): Size {
  if (typeof sequences === 'number' || sequences.op !== 'multiply') return 1;
  return multiply(sequences.left, sequencesPerSample(sequences.right));
}
