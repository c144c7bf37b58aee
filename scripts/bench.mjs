// Runs bench/main.ts beside the peers of bench/package.json, which are installed on the first run.
// Relaxed SIMD, which one of the builds uses, is behind a flag in Node 20.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { run } from './run.mjs';

const bench = fileURLToPath(new URL('../bench', import.meta.url));

if (!existsSync(`${bench}/node_modules/.package-lock.json`)) {
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: bench,
    stdio: 'inherit',
    // onnxruntime-node would download a build for graphics cards, which no benchmark here uses.
    env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' },
  });
  if (status !== 0) throw new Error('the peers of bench/package.json could not be installed');
}

if (process.versions.node.startsWith('20.')) process.execArgv.push('--experimental-wasm-relaxed-simd');
process.exitCode = await run('bench/main.ts', process.argv.slice(2));
