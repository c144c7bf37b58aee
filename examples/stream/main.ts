/**
 * Watches the births of each day as if they came in live, and says which days are not as expected. It may be stopped at
 * any time (Ctrl-C, or --until <day>); the next start goes on where it stopped, with the same bits.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { mean } from 'd3-array';
import { holidayOf } from './calendar.js';
import { chart, paintFor, shortDate, sparkline, weekdayName } from './chart.js';
import { detectByRules } from './compare.js';
import { usBirths, type Day } from './data.js';
import { Detector } from './detector.js';
import { expectNextDays, trainModel, training, type Model } from './model.js';
import { alarmLine, table, verdict } from './report.js';
import { calibrate } from './spread.js';
import { Store, type Entry, type State } from './store.js';

const daysBetweenSaves = 30;
const daysOfChart = 70;
const daysOfSparkline = 28;
/** So long a start without the state is compared. */
const forgetfulDays = 14;
/** In a terminal a day lasts so many milliseconds, for something to be seen; elsewhere it takes what it takes. */
const pace = process.stdout.isTTY ? 4 : 0;

const days = usBirths();
const births = Float32Array.from(days, (day) => day.births);
const placeOf = (date: string) => days.findIndex((day) => day.date === date);
/** Training up to 1998; 1999 sets the threshold; the years from 2000 on are watched. */
const parts = { calibration: placeOf('1999-01-01'), live: placeOf('2000-01-01') };
const lastDay = days[days.length - 1].date;

const { values: given } = parseArgs({ options: { until: { type: 'string', default: 'end' } } });
const until = given.until === 'end' ? lastDay : given.until;
if (placeOf(until) < parts.live) throw new Error(`--until: expected a day from 2000-01-01 to ${lastDay}, got ${until}`);

const store = new Store(fileURLToPath(new URL('output', import.meta.url)));
const paint = paintFor(process.stdout);
const stop = new AbortController();
process.once('SIGINT', () => {
  stop.abort();
  // As of a program that the signal ended, so that no second start follows.
  process.exitCode = 130;
});

console.log('\nBirths in the United States, day by day.');
const model = await readOrTrain();
const found = store.readState();
// After the last day there is nothing to go on with: it begins anew.
const state = found?.date === lastDay ? undefined : found;
const journal = store.openJournal(state);
const known = journal.length;
let saved = known;
const first = parts.live + known;
const detector = state === undefined ? begin() : goOn(state);
await watch();
report();

async function readOrTrain(): Promise<Model> {
  const kept = store.readModel();
  if (kept !== undefined) {
    console.log('Model read from output/model.safetensors.');
    return kept;
  }
  const began = performance.now();
  const trained = await trainModel(training, births.slice(0, parts.calibration));
  await store.writeModel(trained);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`Trained on ${days[0].date} to ${days[parts.calibration - 1].date} in ${seconds} s.`);
  return trained;
}

function begin(): Detector {
  const expected = expectNextDays(model, births.slice(0, parts.live));
  const errors = [...births.subarray(1, parts.live)].map((value, i) => value - expected[i]);
  const holidays = days.slice(parts.calibration, parts.live).filter(({ date }) => holidayOf(date)).length;
  const calibration = calibrate(errors.slice(0, parts.calibration - 1), errors.slice(parts.calibration - 1), holidays);
  console.log(
    `The year 1999 sets the threshold: ${holidays} alarms from a score of ${calibration.threshold.toFixed(1)}.`,
  );
  console.log(`It begins to watch on ${days[parts.live].date}.\n`);
  return Detector.after(model, births.slice(0, parts.live), calibration);
}

function goOn(from: State): Detector {
  console.log(`State read from output/state.json: it goes on after ${from.date}.\n`);
  return Detector.resume(model, from);
}

/** The days that the world has still to give, one by one. */
async function* feed(): AsyncGenerator<Day> {
  for (const day of days.slice(first)) {
    if (day.date > until || stop.signal.aborted) return;
    if (pace > 0) await wait(pace);
    yield day;
  }
}

async function watch(): Promise<void> {
  const clear = process.stdout.isTTY ? '\r\x1b[K' : '';
  for await (const { date, births: value } of feed()) {
    const entry: Entry = { date, births: value, ...detector.observe(value) };
    journal.push(entry);
    if (entry.alarm) console.log(clear + alarmLine(entry, paint));
    if (clear !== '') {
      const recent = sparkline(journal.slice(-daysOfSparkline).map((day) => day.births));
      process.stdout.write(`${clear}  ${date} ${weekdayName(date)}  ${recent}`);
    }
    if (journal.length % daysBetweenSaves === 0) save();
  }
  process.stdout.write(clear);
  save();
}

function save(): void {
  const last = journal.at(-1);
  if (last === undefined) return;
  store.save({ date: last.date, ...detector.save() }, journal.slice(saved));
  saved = journal.length;
}

function report(): void {
  const last = journal.at(-1);
  if (last === undefined) return;
  const bytes = Buffer.from(detector.save().session, 'base64').length;
  const watched = journal.length - known;
  console.log(
    `\n${watched} days watched. It stops after ${last.date}; the session is ${bytes} bytes of output/state.json.`,
  );
  console.log(sameBits());
  if (known > 0 && watched > forgetfulDays) console.log(withoutState());
  const recent = journal.slice(-daysOfChart);
  console.log(`\nBirths from ${shortDate(recent[0].date)} to ${shortDate(last.date)}, ${last.date.slice(0, 4)}:`);
  console.log(
    `█ as they were, ${paint('expected', '─')} as expected where that is more, ${paint('alarm', '▲')} alarm\n`,
  );
  console.log(chart(recent, paint));
  if (last.date === lastDay) compare();
}

/** All days in one call of a session that was never stopped, against what was said day by day by the starts so far. */
function sameBits(): string {
  const expected = expectNextDays(model, births);
  const differing = journal.filter((entry, i) => !Object.is(entry.expected, expected[parts.live - 1 + i])).length;
  if (differing > 0) throw new Error(`${differing} of ${journal.length} forecasts differ from those of a whole run`);
  return `All ${journal.length} forecasts so far have the bits of a session that was never stopped.`;
}

/** What a start that forgot everything would have been worth. */
function withoutState(): string {
  const forgetful = expectNextDays(model, births.slice(first, first + forgetfulDays));
  const remembered = journal.slice(known + 1, known + 1 + forgetfulDays);
  const errorOf = (expected: (day: Entry, i: number) => number) =>
    Math.round(mean(remembered, (day, i) => Math.abs(day.births - expected(day, i))) ?? NaN).toLocaleString('en');
  return (
    'Without the state it would not know the weekday: in the two weeks after this\nstart the mean error would be ' +
    `${errorOf((_day, i) => forgetful[i])} births, not ${errorOf((day) => day.expected)}.`
  );
}

function compare(): void {
  const labelled = journal.map(({ date }) => holidayOf(date) !== undefined);
  const network = {
    name: 'LSTM',
    error: mean(journal, ({ births: was, expected }) => Math.abs(was - expected)) ?? NaN,
    scores: journal.map(({ score }) => score),
  };
  const detected = [network, ...detectByRules(days, parts)];
  const alarms = journal.filter(({ alarm }) => alarm);
  const hits = alarms.filter(({ date }) => holidayOf(date) !== undefined).length;
  const holidays = labelled.filter(Boolean).length;
  console.log(
    `\nLive: ${alarms.length} alarms in ${journal.length} days, ${hits} of them on the ${holidays} holidays.`,
  );
  console.log('How many of the highest scores are holidays, of the network and of simple rules:\n');
  console.log(table(detected, labelled, alarms.length));
  console.log(verdict(detected, labelled));
}
