// Opens a page in headless Chromium and runs the spec there: in the page, and in an AudioWorklet.
import { createServer } from 'node:http';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { within } from '../within.mjs';

/** @typedef {import('../spec.ts').Outcome} Outcome */

/**
 * @param {string} folder with the bundles of page.mjs and worklet.mjs
 * @param {number} timeout in milliseconds, for each of: unpacking, starting, the page, the worklet, training
 * @returns {Promise<import('../run.mjs').Report>} of the page, the worklet, and training in the page; each can fail without the others
 */
export async function runInChromium(folder, timeout) {
  const scratch = mkdtempSync(join(tmpdir(), 'bucle-chromium-'));
  const removeScratch = () => rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
  process.once('exit', removeScratch);
  const server = await serve(folder);
  let browser;
  try {
    const executablePath = await within(timeout, 'unpacking Chromium', executable(scratch));
    browser = await launch(executablePath, timeout);
    const page = await browser.newPage();
    page.setDefaultTimeout(timeout);
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    const outcomes = [];
    for (const [what, call, read] of [
      ['the page', 'computeInPage()', (outcome) => outcome],
      ['the AudioWorklet', 'computeInWorklet()', sameTwice],
      ['training in the page', 'trainInPage()', (outcome) => outcome],
    ]) {
      outcomes.push(await within(timeout, what, page.evaluate(call).then(read)).catch((error) => error));
    }
    return { version: browser.version(), outcomes };
  } finally {
    await browser?.close();
    server.close();
    process.off('exit', removeScratch);
    removeScratch();
  }
}

/**
 * Chromium comes as a package, compressed. It unpacks into TMPDIR, and takes whatever is called `chromium` there for
 * unpacked: a fresh folder keeps halves and other versions out.
 * @param {string} scratch
 * @returns {Promise<string>}
 */
async function executable(scratch) {
  if (process.env.CHROMIUM_PATH) return process.env.CHROMIUM_PATH;
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(
      'the packaged Chromium is for Linux on x64: set CHROMIUM_PATH to the path of one that is installed',
    );
  }
  process.env.TMPDIR = scratch;
  const { default: packaged } = await import('@sparticuz/chromium');
  return packaged.executablePath();
}

/**
 * Without the arguments that the package proposes: they switch web security off.
 * @param {string} executablePath
 * @param {number} timeout
 */
async function launch(executablePath, timeout) {
  try {
    return await chromium.launch({ executablePath, timeout, chromiumSandbox: false });
  } catch (error) {
    const advice =
      'if it lacks shared libraries, install libnss3, or set CHROMIUM_PATH to the path of another Chromium';
    throw new Error(`Chromium did not start (${advice}): ${error.message}`, { cause: error });
  }
}

/**
 * Serves the page to this machine alone, under the strictest policy that lets WebAssembly run.
 * @param {string} folder
 */
async function serve(folder) {
  const files = { '/page.js': 'page.js', '/worklet.js': 'worklet.js' };
  const server = createServer(async ({ url }, response) => {
    response.setHeader(
      'Content-Security-Policy',
      // The threads of bucle/worker start from text.
      "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src blob:",
    );
    if (url === '/') {
      response.setHeader('Content-Type', 'text/html');
      response.end('<!doctype html><title>bucle</title><script type="module" src="page.js"></script>');
    } else if (files[url]) {
      response.setHeader('Content-Type', 'text/javascript');
      response.end(await readFile(join(folder, files[url])));
    } else {
      response.writeHead(404).end();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/**
 * @param {Record<'constructed' | 'called', { outcome?: Outcome, error?: string }>} results
 * @returns {Outcome}
 */
function sameTwice({ constructed, called }) {
  if (constructed.error) throw new Error(`in the processor's constructor: ${constructed.error}`);
  if (called.error) throw new Error(`in the audio callback: ${called.error}`);
  if (constructed.outcome.hash !== called.outcome.hash) {
    throw new Error("the processor's constructor and the audio callback compute different bits");
  }
  return called.outcome;
}
