/** Bits do not depend on the process, nor on what was built before. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect, test } from 'vitest';

test('two fresh processes train to the same bits, one of which trained another model first', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bucle-bits-'));
  try {
    const outfile = join(folder, 'train.mjs');
    await build({
      entryPoints: [fileURLToPath(new URL('train-and-hash.ts', import.meta.url))],
      bundle: true,
      platform: 'node',
      format: 'esm',
      alias: { '#progress': fileURLToPath(new URL('../../src/training/progress/plain.ts', import.meta.url)) },
      outfile,
      logLevel: 'warning',
    });
    const run = (...args: string[]): string => execFileSync(process.execPath, [outfile, ...args], { encoding: 'utf8' });
    const alone = run();
    expect(alone.length).toBeGreaterThan(1000);
    expect(run('busy')).toBe(alone);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
