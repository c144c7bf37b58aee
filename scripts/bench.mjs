// Runs bench/main.ts beside the peers of bench/package.json, which are installed on the first run.
//   node scripts/bench.mjs [--only <a group, or part of a work's name>] [--quick]
//   node scripts/bench.mjs --install     installs the peers, if they are missing, and no more
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { run } from './run.mjs';

const bench = fileURLToPath(new URL('../bench', import.meta.url));
const programArguments = process.argv.slice(2);

if (!existsSync(`${bench}/node_modules/.package-lock.json`)) {
  // None of the peers' install scripts is needed; onnxruntime-node's downloads a build for graphics cards.
  const options = ['ci', '--no-audit', '--no-fund', '--ignore-scripts'];
  const { status } = spawnSync('npm', options, { cwd: bench, stdio: 'inherit' });
  if (status !== 0) throw new Error('the peers of bench/package.json could not be installed');
}

if (!programArguments.includes('--install')) {
  // One of the builds uses relaxed SIMD, which is behind a flag in Node 20.
  if (process.versions.node.startsWith('20.')) process.execArgv.push('--experimental-wasm-relaxed-simd');
  process.exitCode = await run('bench/main.ts', programArguments);
}
