/** The parts of examples/stream, on a series made up here: that of the example is installed only when it runs. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { holidayOf, holidays } from '../../examples/stream/calendar.js';
import { chart, plain } from '../../examples/stream/chart.js';
import { detectByRules, hitsAmong } from '../../examples/stream/compare.js';
import { parseBirths, plusDays } from '../../examples/stream/data.js';
import { Detector } from '../../examples/stream/detector.js';
import { buildModel, expectNextDays, trainModel, type Model } from '../../examples/stream/model.js';
import { calibrate } from '../../examples/stream/spread.js';
import { Store, type Entry } from '../../examples/stream/store.js';

const folder = mkdtempSync(join(tmpdir(), 'bucle-stream-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const options = { windowDays: 28, stride: 3, epochs: 15, units: 8 };
const start = '2001-01-01';
const [calibrationDay, liveDay, count] = [560, 700, 840];
const holes = [600, 640, 733, 800];
/** Weeks with a weekend, a slow wave, and days on which nearly nobody came. */
const days = Array.from({ length: count }, (_, i) => ({
  date: plusDays(start, i),
  births: holes.includes(i) ? 400 : (i % 7 < 5 ? 1000 : 700) + 20 * Math.sin(i / 40) + ((i * 37) % 11),
}));
const values = Float32Array.from(days, ({ births }) => births);

describe('a detector', () => {
  let model: Model;
  beforeAll(async () => {
    model = await trainModel(options, values.slice(0, calibrationDay));
  });

  const errorsOf = (expected: Float32Array) => Array.from(values.slice(1), (value, i) => value - expected[i]);
  const create = () => {
    const errors = errorsOf(expectNextDays(model, values));
    const before = errors.slice(0, calibrationDay - 1);
    return Detector.after(
      model,
      values.slice(0, liveDay),
      calibrate(before, errors.slice(before.length, liveDay - 1), 2),
    );
  };
  const watch = (detector: Detector, from: number, to: number): Entry[] =>
    days.slice(from, to).map((day, i) => ({ ...day, ...detector.observe(values[from + i]) }));

  test('raises an alarm for the days that are out of line, and for no other', () => {
    const alarms = watch(create(), liveDay, count).filter(({ alarm }) => alarm);
    expect(alarms.map(({ date }) => days.findIndex((day) => day.date === date))).toEqual([733, 800]);
  });

  test('that goes on from its files, with the model from a file, says the same bits as one that never stopped', async () => {
    const store = new Store(folder);
    const journal = store.openJournal(undefined);
    const stopped = create();
    const first = watch(stopped, liveDay, 750);
    await store.writeModel(model);
    store.save({ date: days[749].date, ...stopped.save() }, first);
    stopped.close();

    const later = new Store(folder);
    const sameModel = later.readModel();
    const state = later.readState();
    if (state === undefined || sameModel === undefined) throw new Error('the state or the model is not there');
    journal.push(...later.openJournal(state), ...watch(Detector.resume(sameModel, state), 750, count));

    expect(journal).toEqual(watch(create(), liveDay, count));
    const whole = expectNextDays(model, values);
    expect(journal.map(({ expected }) => expected)).toEqual([...whole.slice(liveDay - 1, count - 1)]);
  });

  test('refuses the state of another model', () => {
    const other = buildModel(options, values.slice(0, 100));
    expect(() => Detector.resume(other, create().save())).toThrow(/state/);
  });

  test('training again gives the same bits', async () => {
    const again = await trainModel(options, values.slice(0, calibrationDay));
    expect(again.getWeights().map(({ data }) => data)).toEqual(model.getWeights().map(({ data }) => data));
  });
});

test('a journal that is ahead of the state is cut', () => {
  const store = new Store(mkdtempSync(join(folder, 'ahead-')));
  const entries = days.slice(0, 5).map((day) => ({ ...day, expected: Math.fround(0.1), score: 1 / 3, alarm: false }));
  store.openJournal(undefined);
  const state = { date: days[2].date, expected: 0, spread: 1, threshold: 1, session: '' };
  store.save(state, entries);
  expect(store.openJournal(state)).toEqual(entries.slice(0, 3));
  expect(store.openJournal(state)).toEqual(entries.slice(0, 3));
});

test('the calendar knows the holidays that move', () => {
  expect([...holidays(2003).keys()]).toEqual(
    '01-01 05-26 07-04 09-01 11-27 11-28 12-24 12-25'.split(' ').map((day) => `2003-${day}`),
  );
  expect([...holidays(2000).keys()].slice(1, 6)).toEqual(
    '05-29 07-04 09-04 11-23 11-24'.split(' ').map((day) => `2000-${day}`),
  );
  expect(holidayOf('2001-05-28')).toBe('Memorial Day');
  expect(holidayOf('2001-05-29')).toBeUndefined();
});

test('the days with the highest scores are counted, and rules are scored over the same days', () => {
  expect(hitsAmong(2, [1, 5, 3, 4], [false, true, true, false])).toBe(1);
  expect(hitsAmong(3, [1, 5, 3, 4], [false, true, true, false])).toBe(2);
  const detected = detectByRules(days, { calibration: calibrationDay, live: liveDay });
  expect(detected.map(({ scores }) => scores.length)).toEqual([140, 140, 140]);
  const labelled = days.slice(liveDay).map((_, i) => holes.includes(liveDay + i));
  expect(hitsAmong(2, detected[2].scores, labelled)).toBe(2);
});

test('days that are missing, or not a number, are refused', () => {
  const csv = (...rows: string[]) => ['year,month,date_of_month,day_of_week,births', ...rows].join('\n');
  expect(parseBirths(csv('1999,12,31,5,10', '2000,1,1,6,11')).map(({ date }) => date)).toEqual([
    '1999-12-31',
    '2000-01-01',
  ]);
  expect(() => parseBirths(csv('1999,12,31,5,10', '2000,1,2,7,11'))).toThrow('got 2000-01-02 after 1999-12-31');
  expect(() => parseBirths(csv('1999,12,31,5,'))).toThrow('1999-12-31: expected a positive number');
});

test('the chart fits a terminal, and marks the alarms and what was expected', () => {
  const entries = days.slice(0, 70).map(({ date }, i) => {
    return { date, births: i === 30 ? 7000 : 12_000, expected: 12_000, score: 1, alarm: i === 30 };
  });
  const lines = chart(entries, plain).split('\n');
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  const column = lines.map((line) => line[8 + 30]);
  expect(column.slice(-2, -1)).toEqual(['▲']);
  expect(column).toContain('─');
  expect(lines.at(-2)?.trim()).toBe('▲');
});
