/** Nothing to dispose: rounds of 10,000 predictions and 1,000 training steps of changing sizes leave memory as it was. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect, test } from 'vitest';

test('neither linear memory nor the heap grows between rounds 2 and 10', { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bucle-memory-'));
  try {
    const outfile = join(folder, 'rounds.mjs');
    await build({
      entryPoints: [fileURLToPath(new URL('rounds.ts', import.meta.url))],
      bundle: true,
      platform: 'node',
      format: 'esm',
      alias: { '#progress': fileURLToPath(new URL('../../src/training/progress/plain.ts', import.meta.url)) },
      outfile,
      logLevel: 'warning',
    });
    const printed = execFileSync(process.execPath, ['--expose-gc', outfile], { encoding: 'utf8' });
    const rounds = JSON.parse(printed) as { linear: number; heap: number }[];
    expect(rounds.length).toBe(10);
    expect(rounds[9].linear).toBe(rounds[1].linear);
    expect(Math.abs(rounds[9].heap - rounds[1].heap)).toBeLessThan(100 * 1024);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
