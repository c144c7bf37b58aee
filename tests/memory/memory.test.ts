/** Nothing to dispose: rounds of predictions and training steps of changing sizes leave memory as it was; a push allocates nothing. */
import { expect, test } from 'vitest';
import { bundleChild } from '../child-process.js';

test('neither linear memory nor the heap grows between rounds 2 and 10', { timeout: 60_000 }, async () => {
  using child = await bundleChild(new URL('rounds.ts', import.meta.url));
  // The optimizing compiler's own data lie in the heap, come and go, and are as large as what is looked for.
  const rounds = JSON.parse(child.run([], ['--expose-gc', '--no-opt'])) as { linear: number; heap: number }[];
  expect(rounds.length).toBe(10);
  expect(rounds.map(({ linear }) => linear).slice(1)).toEqual(Array(9).fill(rounds[1].linear));
  expect(Math.abs(rounds[9].heap - rounds[1].heap)).toBeLessThan(100 * 1024);
});

test(
  '1,000,000 pushes to 1,000 sessions at once and 100,000 opened and closed leave memory as it was',
  { timeout: 120_000 },
  async () => {
    using child = await bundleChild(new URL('sessions.ts', import.meta.url));
    const rounds = JSON.parse(child.run([], ['--expose-gc', '--no-opt'])) as { linear: number; heap: number }[];
    expect(rounds.length).toBe(5);
    expect(rounds.map(({ linear }) => linear)).toEqual(Array(5).fill(rounds[0].linear));
    // A single byte left by each push would be 800 KB.
    expect(Math.abs(rounds[4].heap - rounds[1].heap)).toBeLessThan(256 * 1024);
  },
);

test.each([
  ['a step a row', []],
  ['unequal rates', ['strided']],
])('a push with out allocates nothing: the smallest object has 16 bytes (%s)', { timeout: 60_000 }, async (_, args) => {
  using child = await bundleChild(new URL('pushes.ts', import.meta.url));
  // A young generation so large that no collection hides what was allocated.
  const nodeOptions = ['--expose-gc', '--min-semi-space-size=64', '--max-semi-space-size=64'];
  const { pushes, bytes } = JSON.parse(child.run(args, nodeOptions)) as { pushes: number; bytes: number };
  expect(pushes).toBe(200_000);
  expect(bytes / pushes).toBeLessThan(4);
});
