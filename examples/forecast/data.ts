/** The two price series, read from the files that the package `vega-datasets` brings. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { csvParse } from 'd3-dsv';
import { utcParse } from 'd3-time-format';

export interface Series {
  readonly name: string;
  /** What one step of the series is. */
  readonly step: 'month' | 'day';
  /** The unit of the prices, as a table or an axis names it. */
  readonly unit: string;
  readonly dates: readonly Date[];
  readonly prices: readonly number[];
}

/** Monthly closes, January 2000 to March 2010. */
export function amazon(): Series {
  const rows = readRows('stocks.csv').filter((row) => row.symbol === 'AMZN');
  return {
    name: 'Amazon (AMZN)',
    step: 'month',
    unit: 'dollars',
    ...readColumns('stocks.csv', rows, { date: 'date', format: '%b %d %Y', price: 'price' }),
  };
}

/** Daily closes, January 2000 to April 2020. */
export function sp500(): Series {
  return {
    name: 'S&P 500',
    step: 'day',
    unit: 'index points',
    ...readColumns('sp500-2000.csv', readRows('sp500-2000.csv'), { date: 'date', format: '%Y-%m-%d', price: 'close' }),
  };
}

type Row = Readonly<Record<string, string | undefined>>;

/** The package exports its script alone, so its data files are found beside it. */
function readRows(file: string): readonly Row[] {
  const packageEntry = createRequire(import.meta.url).resolve('vega-datasets');
  return csvParse(readFileSync(join(dirname(packageEntry), '..', 'data', file), 'utf8'));
}

function readColumns(
  file: string,
  rows: readonly Row[],
  columns: { date: string; format: string; price: string },
): { dates: Date[]; prices: number[] } {
  const parseDate = utcParse(columns.format);
  const dates: Date[] = [];
  const prices: number[] = [];
  for (const row of rows) {
    const date = parseDate(row[columns.date] ?? '');
    const price = Number(row[columns.price]);
    if (date === null || !(price > 0)) {
      throw new Error(`${file}: expected a date and a positive price, got ${JSON.stringify(row)}`);
    }
    const last = dates.at(-1);
    if (last !== undefined && date <= last) {
      throw new Error(
        `${file}: expected rows in order of time, got ${JSON.stringify(row)} after ${last.toISOString()}`,
      );
    }
    dates.push(date);
    prices.push(price);
  }
  return { dates, prices };
}
