/** An SVG of one series: its three parts, and the forecasts over the unseen one. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import type { Series } from './data.js';
import type { Result } from './report.js';
import type { Split } from './windows.js';

const folder = 'examples/forecast/output';
const width = 860;
/** So many steps can be told apart in one panel; of a longer unseen part the end is drawn once more, enlarged. */
const legibleSteps = 60;

/**
 * Okabe & Ito's colours, which colour-blind readers can tell apart too; the naive forecast broad and pale, for the
 * others often lie upon it.
 */
const lines = [
  { color: '#000000', width: 2.2, dash: [1, 0] },
  { color: '#b8b8b8', width: 4.5, dash: [1, 0] },
  { color: '#e69f00', width: 1.6, dash: [1, 0] },
  { color: '#d55e00', width: 1.6, dash: [6, 3] },
  { color: '#0072b2', width: 1.6, dash: [1, 0] },
  { color: '#009e73', width: 1.6, dash: [6, 3] },
];

const look: TopLevelSpec['config'] = {
  font: 'Helvetica, Arial, sans-serif',
  axis: {
    labelFontSize: 12,
    titleFontSize: 12,
    titleFontWeight: 'normal',
    gridColor: '#ececec',
    domainColor: '#888888',
    tickColor: '#888888',
  },
  legend: { labelFontSize: 12, symbolSize: 400, symbolStrokeWidth: 3 },
  title: { fontSize: 13, anchor: 'start' },
  view: { stroke: null },
};

/** Writes the chart and gives its path. */
export async function writeChart(
  file: string,
  series: Series,
  split: Split,
  results: readonly Result[],
): Promise<string> {
  const view = new View(parse(compile(specification(series, split, results)).spec), { renderer: 'none' });
  const svg = await view.toSVG();
  view.finalize();
  mkdirSync(folder, { recursive: true });
  const path = resolve(join(folder, file));
  writeFileSync(path, svg);
  return path;
}

function specification(series: Series, split: Split, results: readonly Result[]): TopLevelSpec {
  const unseen = series.prices.length - split.unseen;
  const panels = [
    wholeSeries(series, split),
    forecasts(
      series,
      split.unseen,
      results,
      `The unseen part: ${unseen} ${series.step}s, each forecast a ${series.step} ahead`,
    ),
  ];
  if (unseen > legibleSteps) {
    panels.push(
      forecasts(
        series,
        series.prices.length - legibleSteps,
        results,
        `Its last ${legibleSteps} ${series.step}s, enlarged`,
      ),
    );
  }
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: 'white',
    padding: 16,
    title: {
      text: `${series.name}: closes and their forecasts, one ${series.step} ahead`,
      fontSize: 18,
      anchor: 'start',
      offset: 14,
    },
    vconcat: panels,
    spacing: 28,
    resolve: { legend: { color: 'independent', strokeDash: 'independent' } },
    config: look,
  };
}

type Panel = Extract<TopLevelSpec, { vconcat: unknown }>['vconcat'][number];

const dateAxis = { field: 'date', type: 'temporal', scale: { type: 'utc' }, title: 'date' } as const;
const yearAxis = { ...dateAxis, axis: { format: '%Y', tickCount: 'year' } } as const;
const stepAxis = ({ step }: Series) =>
  ({ ...dateAxis, axis: { format: step === 'month' ? '%b %Y' : '%-d %b %Y', labelFlush: false } }) as const;
const priceAxis = ({ unit }: Series) =>
  ({ field: 'price', type: 'quantitative', scale: { zero: false }, title: `close, ${unit}` }) as const;

/** Every close, with the three parts shaded and named. */
function wholeSeries(series: Series, split: Split): Panel {
  const { dates, prices } = series;
  const part = (name: string, from: number, to: number) => ({
    name,
    from: dates[from],
    to: dates[to],
    middle: dates[Math.floor((from + to) / 2)],
  });
  const parts = [
    part('training', 0, split.validation),
    part('validation', split.validation, split.unseen),
    part('unseen', split.unseen, dates.length - 1),
  ];
  return {
    title: 'The whole series, split by time',
    width,
    height: 200,
    layer: [
      {
        data: { values: parts },
        mark: { type: 'rect', opacity: 0.5 },
        encoding: {
          x: { ...yearAxis, field: 'from' },
          x2: { field: 'to' },
          color: {
            field: 'name',
            type: 'nominal',
            scale: { domain: ['training', 'validation', 'unseen'], range: ['#e8eef5', '#f7efdc', '#f6dfdc'] },
            legend: null,
          },
        },
      },
      {
        data: { values: parts },
        mark: { type: 'text', baseline: 'top', fontSize: 12, fontStyle: 'italic', color: '#444444' },
        encoding: { x: { ...yearAxis, field: 'middle' }, y: { value: 6 }, text: { field: 'name' } },
      },
      {
        data: { values: prices.map((price, index) => ({ date: dates[index], price })) },
        mark: { type: 'line', strokeWidth: 1.3, color: '#000000' },
        encoding: { x: yearAxis, y: priceAxis(series) },
      },
    ],
    resolve: { scale: { color: 'independent' } },
  };
}

/** The closes from `first` on beside every forecast of them. */
function forecasts(series: Series, first: number, results: readonly Result[], title: string): Panel {
  const actual = { name: 'Actual', values: series.prices.slice(first) };
  const curves = [
    actual,
    ...results.map(({ name, forecast }) => ({ name, values: forecast.slice(-actual.values.length) })),
  ];
  const crowded = actual.values.length > legibleSteps;
  const domain = curves.map(({ name }) => name);
  const rows = curves.flatMap(({ name, values }) =>
    values.map((price, index) => ({ name, price, date: series.dates[first + index] })),
  );
  return {
    title,
    width,
    height: 300,
    data: { values: rows },
    // In this order the naive forecast is at the bottom and the actual closes are on top.
    layer: [...domain.slice(1), ...domain.slice(0, 1)].map((name) => ({
      transform: [{ filter: { field: 'name', equal: name } }],
      mark: { type: 'line', strokeWidth: (lines[domain.indexOf(name)]?.width ?? 1) * (crowded ? 0.5 : 1) },
      encoding: {
        x: stepAxis(series),
        y: priceAxis(series),
        color: {
          field: 'name',
          type: 'nominal',
          scale: { domain, range: lines.map(({ color }) => color) },
          legend: { title: null, orient: 'top', columnPadding: 24 },
        },
        strokeDash: { field: 'name', type: 'nominal', scale: { domain, range: lines.map(({ dash }) => dash) } },
      },
    })),
  };
}
