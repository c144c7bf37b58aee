/** How many children were born in the United States on each day, read from the file that the package brings. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { csvParse } from 'd3-dsv';

export interface Day {
  /** Such as 2001-12-25. */
  readonly date: string;
  readonly births: number;
}

const source = '@stdlib/datasets-cdc-nchs-us-births-1994-2003';
const milliseconds = 24 * 60 * 60 * 1000;

/** 1994 to 2003, from the National Center for Health Statistics. */
export function usBirths(): readonly Day[] {
  const manifest = createRequire(import.meta.url).resolve(`${source}/package.json`);
  return parseBirths(readFileSync(join(dirname(manifest), 'data', 'data.csv'), 'utf8'));
}

export function parseBirths(csv: string): readonly Day[] {
  const days: Day[] = [];
  for (const row of csvParse(csv)) {
    const date = dateOf(Number(row.year), Number(row.month), Number(row.date_of_month));
    const births = Number(row.births);
    if (!(births > 0))
      throw new Error(`${source}: ${date}: expected a positive number, got ${row.births ?? 'nothing'}`);
    const last = days.at(-1)?.date;
    if (last !== undefined && date !== plusDays(last, 1)) {
      throw new Error(`${source}: expected every day once and in order, got ${date} after ${last}`);
    }
    days.push({ date, births });
  }
  return days;
}

/** Months count from 1; a day past the month's end belongs to the next month. */
export function dateOf(year: number, month: number, day: number): string {
  return new Date(Date.UTC(year, month - 1, day)).toISOString().slice(0, 10);
}

export function plusDays(date: string, days: number): string {
  return new Date(Date.parse(date) + days * milliseconds).toISOString().slice(0, 10);
}

/** 0: Sunday. */
export function weekdayOf(date: string): number {
  return new Date(date).getUTCDay();
}
