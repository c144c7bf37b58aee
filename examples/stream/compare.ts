/** What the network finds beside simple rules, each with as many alarms. */
import { mean, median, range } from 'd3-array';
import type { Day } from './data.js';
import { calibrate, RunningSpread } from './spread.js';

/** Where the years of training, of calibration and of watching begin and end, as places in the series. */
export interface Parts {
  readonly calibration: number;
  readonly live: number;
}

export interface Detected {
  readonly name: string;
  /** Mean absolute error of what was expected. */
  readonly error: number;
  /** One for each day that was watched. */
  readonly scores: readonly number[];
}

/** What rules expect of a day, from the days before it. The first is a threshold on the value itself. */
const rules: readonly { name: string; expect: (births: readonly number[], day: number) => number }[] = [
  { name: 'mean of a year', expect: (births, day) => mean(births.slice(day - 364, day)) ?? NaN },
  { name: 'a week ago', expect: (births, day) => births[day - 7] },
  {
    name: 'median, 5 weekdays',
    expect: (births, day) => median(range(1, 6), (week) => births[day - 7 * week]) ?? NaN,
  },
];
/** The rules look back no further. */
const warmUp = 364;

/** Their errors are scored as those of the network are. */
export function detectByRules(days: readonly Day[], { calibration, live }: Parts): Detected[] {
  const births = days.map((day) => day.births);
  return rules.map(({ name, expect }) => {
    const errors = range(warmUp, births.length).map((day) => births[day] - expect(births, day));
    const between = (from: number, to?: number) => errors.slice(from - warmUp, to && to - warmUp);
    const { spread } = calibrate(between(warmUp, calibration), between(calibration, live), 1);
    const running = new RunningSpread(spread);
    const watched = between(live);
    return { name, error: mean(watched, Math.abs) ?? NaN, scores: watched.map((error) => running.score(error)) };
  });
}

/** How many of the `alarms` days with the highest scores are labelled. */
export function hitsAmong(alarms: number, scores: readonly number[], labelled: readonly boolean[]): number {
  const byScore = range(scores.length).sort((a, b) => scores[b] - scores[a]);
  return byScore.slice(0, alarms).filter((day) => labelled[day]).length;
}
