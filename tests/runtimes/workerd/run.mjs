// Serves the worker by workerd, on a free port of this machine, and asks it once.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createInterface } from 'node:readline';
import workerd from 'workerd';
import { within } from '../within.mjs';

const config = fileURLToPath(new URL('config.capnp', import.meta.url));
/** Where workerd reports the port that it was given. */
const controlPipe = 3;

/**
 * @param {number} timeout in milliseconds, for each of: starting, the answer
 * @returns {Promise<import('../run.mjs').Report>}
 */
export async function runInWorkerd(timeout) {
  const options = ['--socket-addr=http=127.0.0.1:0', `--control-fd=${controlPipe}`];
  const server = spawn(workerd.default, ['serve', config, ...options], { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
  const kill = () => server.kill('SIGKILL');
  process.once('exit', kill);
  let printed = '';
  for (const stream of [server.stdout, server.stderr]) stream.on('data', (chunk) => (printed += chunk));
  try {
    const port = await within(timeout, 'the start', Promise.race([portOf(server), failureOf(server)]));
    const response = await within(timeout, 'the answer', fetch(`http://127.0.0.1:${port}/`));
    if (!response.ok) throw new Error(`it answered ${response.status}: ${await response.text()}`);
    return { version: workerd.version, outcomes: [await response.json()] };
  } catch (error) {
    throw new Error(`${error.message}\n${printed}`.trim(), { cause: error });
  } finally {
    kill();
    process.off('exit', kill);
  }
}

/**
 * @param {import('node:child_process').ChildProcess} server
 * @returns {Promise<number>}
 */
async function portOf(server) {
  for await (const line of createInterface({ input: server.stdio[controlPipe] })) {
    const { event, port } = JSON.parse(line);
    if (event === 'listen') return port;
  }
  throw new Error('it reported no port');
}

/**
 * @param {import('node:child_process').ChildProcess} server
 * @returns {Promise<never>}
 */
async function failureOf(server) {
  // `once` throws what 'error' brings, such as a missing program.
  const [code, signal] = await once(server, 'close');
  throw new Error(`it ended with ${signal ?? `exit code ${code}`}`);
}
