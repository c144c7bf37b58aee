// Runs the spec in a fresh Node, the one that runs the tests.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/**
 * @param {string} program the bundle of main.mjs
 * @param {number} timeout in milliseconds
 * @returns {Promise<import('../run.mjs').Report>}
 */
export async function runInNode(program, timeout) {
  const run = promisify(execFile)(process.execPath, [program], { timeout, killSignal: 'SIGKILL' });
  const { stdout } = await run.catch((error) => {
    throw error.killed ? new Error(`it took longer than ${timeout / 1000} s`, { cause: error }) : error;
  });
  return { version: process.versions.node, outcomes: [JSON.parse(stdout)] };
}
