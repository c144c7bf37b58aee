/**
 * Golden comparisons of a whole case: `compare` is `assertGolden`, `worst` the largest share of the tolerance so far.
 */
import { assertGolden } from '../golden-data.js';

export interface Comparison {
  readonly compare: typeof assertGolden;
  readonly worst: () => number;
}

export function comparison(): Comparison {
  let worst = 0;
  return {
    compare(what, ours, theirs, kind) {
      const share = assertGolden(what, ours, theirs, kind);
      worst = Math.max(worst, share);
      return share;
    },
    worst: () => worst,
  };
}
