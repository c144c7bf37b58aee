/**
 * The days that ought to be found, by the calendar: six holidays that nearly all employers in the United States
 * give, and two that many do. Few births are planned for them. The list was made before any detector was run, but after a
 * look at the series.
 */
import { dateOf, weekdayOf } from './data.js';

const [monday, thursday] = [1, 4];

/** Names by date. */
export function holidays(year: number): ReadonlyMap<string, string> {
  const thanksgiving = firstFrom(dateOf(year, 11, 22), thursday);
  return new Map([
    [dateOf(year, 1, 1), 'New Year'],
    [firstFrom(dateOf(year, 5, 25), monday), 'Memorial Day'],
    [dateOf(year, 7, 4), 'Independence Day'],
    [firstFrom(dateOf(year, 9, 1), monday), 'Labor Day'],
    [thanksgiving, 'Thanksgiving'],
    [dateOf(year, 11, Number(thanksgiving.slice(8)) + 1), 'day after Thanksgiving'],
    [dateOf(year, 12, 24), 'Christmas Eve'],
    [dateOf(year, 12, 25), 'Christmas'],
  ]);
}

export function holidayOf(date: string): string | undefined {
  return holidays(Number(date.slice(0, 4))).get(date);
}

/** The first such weekday on or after a day of the same month. */
function firstFrom(date: string, weekday: number): string {
  const [year, month, day] = date.split('-').map(Number);
  return dateOf(year, month, day + ((weekday - weekdayOf(date) + 7) % 7));
}
