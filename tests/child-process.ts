/** Runs a script of the tests in a fresh Node process: bundled, with the sources in it. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

export interface Child {
  /** The bundled script. */
  readonly path: string;
  /** Runs the script; gives what it printed. */
  run(args?: readonly string[], nodeOptions?: readonly string[]): string;
  [Symbol.dispose](): void;
}

export async function bundleChild(script: URL): Promise<Child> {
  const folder = mkdtempSync(join(tmpdir(), 'bucle-child-'));
  const outfile = join(folder, 'child.mjs');
  await build({
    entryPoints: [fileURLToPath(script)],
    bundle: true,
    platform: 'node',
    format: 'esm',
    alias: {
      '#files': fileURLToPath(new URL('../src/training/files/file-system.ts', import.meta.url)),
      // The script of a thread is what the build makes of it.
      '#threads': fileURLToPath(new URL('../dist/threads-node.js', import.meta.url)),
      '#progress': fileURLToPath(new URL('../src/training/progress/plain.ts', import.meta.url)),
    },
    outfile,
    logLevel: 'warning',
  });
  return {
    path: outfile,
    run: (args = [], nodeOptions = []) =>
      execFileSync(process.execPath, [...nodeOptions, outfile, ...args], { encoding: 'utf8' }),
    [Symbol.dispose]: () => {
      rmSync(folder, { recursive: true });
    },
  };
}
