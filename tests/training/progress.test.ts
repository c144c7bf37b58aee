import { Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { progressBar } from '../../src/training/progress/terminal.js';
import { TimeLeft } from '../../src/training/progress/time-left.js';

test('time left goes by the batches trained so far', () => {
  let now = 5000;
  const left = new TimeLeft(() => now);
  now += 2000;
  expect(left.after(0, 3, 1, 10)).toBe('0:58');
  now += 2000;
  expect(left.after(0, 3, 2, 10)).toBe('0:56');
  // Validation at the end of an epoch counts too.
  now = 5000 + 40_000;
  expect(left.after(1, 3, 10, 10)).toBe('0:20');
  expect(left.after(2, 3, 10, 10)).toBe('0:00');
});

test('a resumed training begins to count where it is', () => {
  let now = 0;
  const left = new TimeLeft(() => now);
  now = 3000;
  expect(left.after(1, 2, 5, 10)).toBe('0:15');
});

test.each([
  [59.4, '0:59'],
  [60, '1:00'],
  [3599, '59:59'],
  [3600 + 61, '1:01:01'],
  [36_000, '10:00:00'],
])('%d seconds are written %s', (seconds, text) => {
  let now = 0;
  const left = new TimeLeft(() => now);
  now = seconds * 1000;
  expect(left.after(0, 1, 1, 2)).toBe(text);
});

function createTerminal(): { stream: NodeJS.WriteStream; written: string[] } {
  const written: string[] = [];
  const terminal = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      written.push(stripVTControlCharacters(chunk.toString()));
      done();
    },
  });
  const stream = Object.assign(terminal, { isTTY: true, columns: 200 }) as unknown as NodeJS.WriteStream;
  return { stream, written };
}

test('the bar shows the time that is left while batches come, and logs alone at the end of an epoch', async () => {
  const { stream, written } = createTerminal();
  const bar = progressBar(stream);
  bar.batch(0, 1, 1, 2, { loss: 0.5 });
  // It is drawn ten times a second at most.
  await new Promise((resolve) => setTimeout(resolve, 200));
  bar.batch(0, 1, 2, 2, { loss: 0.25 });
  bar.epoch(0, 1, { loss: 0.25, valLoss: 1 });
  bar.close();
  const text = written.join('');
  expect(text).toMatch(/epoch 1\/1 \[█+░*\] 1\/2 batches {2}0:00 left {2}loss 0\.5000/);
  expect(text).toMatch(/2\/2 batches {2}loss 0\.2500 {2}valLoss 1\.000\s*$/);
});

test('of batches that nobody counts, the bar is drawn from the second epoch on', () => {
  const { stream, written } = createTerminal();
  const bar = progressBar(stream);
  bar.batch(0, 2, 1, null, { loss: 0.5 });
  bar.batch(0, 2, 2, null, { loss: 0.5 });
  bar.epoch(0, 2, { loss: 0.5 });
  expect(written.join('')).toBe('');
  bar.batch(1, 2, 1, 2, { loss: 0.25 });
  bar.batch(1, 2, 2, 2, { loss: 0.25 });
  bar.close();
  expect(written.join('')).toMatch(/epoch 2\/2 \[█+░*\] \d\/2 batches/);
});
