/** What is printed once all forecasts of a series are known. */
import Table from 'cli-table3';
import type { Series } from './data.js';
import { isLastPriceShifted, type Score } from './metrics.js';

export interface Result {
  readonly name: string;
  readonly forecast: readonly number[];
  readonly score: Score;
  /** Microseconds; the naive forecast computes nothing. */
  readonly stepTime?: number;
}

export function table({ unit }: Series, naive: Result, results: readonly Result[]): string {
  const lines = new Table({
    head: ['', `RMSE, ${unit}`, '÷ naive', `MAE, ${unit}`, '÷ naive', 'streamed step, µs'],
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [], compact: true },
  });
  for (const { name, score, stepTime } of [naive, ...results]) {
    lines.push([
      name,
      score.rmse.toFixed(2),
      (score.rmse / naive.score.rmse).toFixed(3),
      score.mae.toFixed(2),
      (score.mae / naive.score.mae).toFixed(3),
      stepTime?.toFixed(2) ?? '–',
    ]);
  }
  return lines.toString();
}

export function verdict(naive: Result, results: readonly Result[]): string {
  const best = results.reduce((leader, result) => (result.score.rmse < leader.score.rmse ? result : leader));
  const percent = (Math.abs(1 - best.score.rmse / naive.score.rmse) * 100).toFixed(1);
  return best.score.rmse < naive.score.rmse
    ? `Best: ${best.name}, its RMSE ${percent} % below that of the naive forecast.`
    : `Best: the naive forecast; the network next to it, ${best.name}, has an RMSE ${percent} % above.`;
}

/** One plain sentence for each forecast that is no more than the last price, a step late. */
export function warnings({ step }: Series, results: readonly Result[]): string[] {
  return results
    .filter(({ score }) => isLastPriceShifted(score))
    .map(({ name, score }) => {
      const times = (score.rmse / score.distanceToLast).toFixed(1);
      const reason = `its forecasts lie ${times} times closer to that close than to the one they forecast`;
      return `Warning: ${name} gives little more than the last close shifted by a ${step}: ${reason}.`;
    });
}
