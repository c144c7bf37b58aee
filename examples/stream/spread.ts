/** How large an error is beside the errors that are usual of late. */
import { mean } from 'd3-array';

/** Of the way from the old spread to a new error: the last seven weeks have most of the weight. */
const share = 0.02;
/** An error counts for at most so many spreads, or each holiday would excuse the next one. */
const most = 3;

export class RunningSpread {
  #spread: number;

  constructor(spread: number) {
    this.#spread = spread;
  }

  get value(): number {
    return this.#spread;
  }

  /** The score of an error, before the spread takes notice of it. */
  score(error: number): number {
    const size = Math.abs(error);
    const score = size / this.#spread;
    this.#spread += share * (Math.min(size, most * this.#spread) - this.#spread);
    return score;
  }
}

export interface Calibration {
  readonly spread: number;
  readonly threshold: number;
}

/**
 * The spread after two stretches of errors, and the threshold that would have given so many alarms in the second one. What
 * is watched later has no part in it.
 */
export function calibrate(before: readonly number[], errors: readonly number[], alarms: number): Calibration {
  const spread = new RunningSpread(mean(before, Math.abs) ?? NaN);
  const scores = errors.map((error) => spread.score(error)).sort((a, b) => b - a);
  return { spread: spread.value, threshold: scores[alarms - 1] };
}
