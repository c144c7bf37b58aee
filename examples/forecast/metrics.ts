/** How good a forecast is, in the unit of the prices, and whether it is one at all. */
import { mean, zip } from 'd3-array';

export interface Score {
  readonly rmse: number;
  readonly mae: number;
  /** Root mean square distance between a forecast and the last price known when it was made. */
  readonly distanceToLast: number;
}

export function score(forecast: readonly number[], actual: readonly number[], lastKnown: readonly number[]): Score {
  return {
    rmse: rootMeanSquareError(forecast, actual),
    mae: meanAbsoluteError(forecast, actual),
    distanceToLast: rootMeanSquareError(forecast, lastKnown),
  };
}

/**
 * A plot of such a forecast looks excellent, for the eye does not see a shift by one step; yet it says "as now" and
 * little more. The line drawn here: it lies at least twice as close to the last price as to the price it is to
 * forecast.
 */
export function isLastPriceShifted({ distanceToLast, rmse }: Score): boolean {
  return distanceToLast * 2 <= rmse;
}

export function rootMeanSquareError(forecast: readonly number[], actual: readonly number[]): number {
  return Math.sqrt(mean(errors(forecast, actual), (error) => error ** 2) ?? NaN);
}

export function meanAbsoluteError(forecast: readonly number[], actual: readonly number[]): number {
  return mean(errors(forecast, actual), Math.abs) ?? NaN;
}

function errors(forecast: readonly number[], actual: readonly number[]): number[] {
  if (forecast.length !== actual.length) {
    throw new Error(`metrics: expected ${actual.length} forecasts, got ${forecast.length}`);
  }
  return zip(forecast, actual).map(([said = NaN, was = NaN]) => said - was);
}
