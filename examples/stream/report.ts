/** What is printed: a line for each alarm, and the table once all days are known. */
import Table from 'cli-table3';
import { holidayOf } from './calendar.js';
import { weekdayName, type Paint } from './chart.js';
import { hitsAmong, type Detected } from './compare.js';
import type { Entry } from './store.js';

const count = (value: number) => Math.round(value).toLocaleString('en');

export function alarmLine({ date, births, expected, score }: Entry, paint: Paint): string {
  const numbers = `${count(births).padStart(6)} births, expected ${count(expected).padStart(6)}`;
  const name = holidayOf(date) ?? paint('faint', '–');
  return `${paint('alarm', '▲')} ${date} ${weekdayName(date)}  ${numbers}  score ${score.toFixed(1).padStart(4)}  ${name}`;
}

/** Precision and recall of each at the same numbers of alarms, first at the number that was raised live. */
export function table(detected: readonly Detected[], labelled: readonly boolean[], raised: number): string {
  const holidays = labelled.filter(Boolean).length;
  const numbers = [raised, holidays, Math.round(holidays * 1.5)];
  const lines = new Table({
    head: ['expected is', 'mean error,\nbirths', ...numbers.map((alarms) => `${alarms} alarms:\nprec., recall`)],
    colAligns: ['left', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 1 },
  });
  for (const { name, error, scores } of detected) {
    const columns = numbers.map((alarms) => {
      const hits = hitsAmong(alarms, scores, labelled);
      return `${percent(hits / alarms)},${percent(hits / holidays)}`;
    });
    lines.push([name, count(error), ...columns]);
  }
  return lines.toString();
}

/** Who finds most, whoever it is. */
export function verdict(detected: readonly Detected[], labelled: readonly boolean[]): string {
  const alarms = labelled.filter(Boolean).length;
  const found = detected.map(({ name, scores }) => ({ name, hits: hitsAmong(alarms, scores, labelled) }));
  const [best, next] = found.sort((a, b) => b.hits - a.hits);
  return `With ${alarms} alarms each, “${best.name}” finds most of the ${alarms} holidays, ${best.hits}; “${next.name}” finds ${next.hits}.`;
}

const percent = (part: number) => `${(part * 100).toFixed(0)} %`.padStart(5);
