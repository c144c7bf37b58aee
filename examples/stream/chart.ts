/** The last weeks in a terminal: a bar for each day, a mark where it was expected to end. */
import { styleText } from 'node:util';
import { max, min } from 'd3-array';
import { weekdayOf } from './data.js';
import type { Entry } from './store.js';

/** So many births a row of characters. */
const unit = 500;
/** A label every other row would be too many. */
const rowsOfLabel = 4;
const eighths = ' ▁▂▃▄▅▆▇█';
const gutter = 8;

export type Style = 'alarm' | 'expected' | 'faint';
export type Paint = (style: Style, text: string) => string;

export const plain: Paint = (_style, text) => text;

const looks = { alarm: ['bold', 'red'], expected: ['cyan'], faint: ['dim'] } as const;

/** Colours, where the output is a terminal that has them. */
export function paintFor(output: NodeJS.WriteStream): Paint {
  if (!output.isTTY || !output.hasColors()) return plain;
  return (style, text) => looks[style].reduce((painted, look) => styleText(look, painted), text);
}

/** 80 columns hold ten weeks. */
export function chart(entries: readonly Entry[], paint: Paint): string {
  const values = entries.flatMap(({ births, expected }) => [births, expected]);
  const bottom = Math.floor((min(values) ?? 0) / 1000) * 1000;
  const rows = Math.ceil(((max(values) ?? 0) - bottom) / unit);
  const lines: string[] = [];
  for (let row = rows - 1; row >= 0; row--) {
    const label = (row + 1) % rowsOfLabel === 0 ? (bottom + unit * (row + 1)).toLocaleString('en') : '';
    const cells = entries.map(({ births, expected, alarm }) => {
      const filled = (births - bottom) / unit - row;
      const isExpected = Math.ceil((expected - bottom) / unit) - 1 === row;
      if (filled <= 0 && isExpected) return paint('expected', '─');
      const bar = eighths[Math.round(Math.max(0, Math.min(1, filled)) * 8)];
      return alarm && filled > 0 ? paint('alarm', bar) : bar;
    });
    lines.push(`${label.padStart(gutter - 2)} ┤${cells.join('')}`.trimEnd());
  }
  const margin = ' '.repeat(gutter);
  lines.push((margin + entries.map(({ alarm }) => (alarm ? paint('alarm', '▲') : ' ')).join('')).trimEnd());
  lines.push(paint('faint', margin + mondays(entries)));
  return lines.join('\n');
}

/** A date under every other Monday. */
function mondays(entries: readonly Entry[]): string {
  let line = '';
  for (const [i, { date }] of entries.entries()) {
    const label = `╵${shortDate(date)} `;
    if (weekdayOf(date) !== 1 || (i < line.length + 4 && line !== '') || i + label.length > entries.length) continue;
    line = line.padEnd(i) + label;
  }
  return line.trimEnd();
}

export function shortDate(date: string): string {
  return new Date(date).toLocaleDateString('en', { day: 'numeric', month: 'short', timeZone: 'UTC' });
}

/** One line of bars. */
export function sparkline(values: readonly number[]): string {
  const [low, high] = [min(values) ?? 0, max(values) ?? 1];
  return values.map((value) => eighths[1 + Math.round((7 * (value - low)) / Math.max(1, high - low))]).join('');
}

/** Such as "Mon". */
export function weekdayName(date: string): string {
  return new Date(date).toLocaleDateString('en', { weekday: 'short', timeZone: 'UTC' });
}
