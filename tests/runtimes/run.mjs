// Runs the spec in Node, Deno, Bun, Chromium (a page and an AudioWorklet) and workerd, and compares the hashes of what they computed.
//   npm run test:runtimes
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * What a driver reports: an outcome, or why there is none, for each of the places that it has below.
 * @typedef {{ version: string, outcomes: (Outcome | Error)[] }} Report
 * @typedef {import('./spec.ts').Outcome} Outcome
 */

/** For each step of a runtime, in milliseconds. All take some seconds together; a busy machine takes longer. */
const timeout = 30_000;

/** A place: training over epochs, in threads too. */
const training = ', training';

// An interrupted run must end through 'exit': there the drivers kill what they started.
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

install();
// Only now: what was installed. One by one, so that one that is missing fails alone.
const { bundle } = await import('./bundles.mjs');
const bundles = await bundle();
const programs = /** @type {const} */ (['Node', 'Node 24', 'Deno', 'Bun']);
/** @type {{ name: string, places: string[], run: () => Promise<Report> }[]} */
const runtimes = [
  ...programs.map((name) => ({
    name: name.split(' ')[0] ?? name,
    places: ['', training],
    run: async () => (await import('./node/run.mjs')).runIn(name, bundles.node, timeout),
  })),
  {
    name: 'Chromium',
    places: [', page', ', AudioWorklet', training],
    run: async () => (await import('./chromium/run.mjs')).runInChromium(bundles.chromium, timeout),
  },
  {
    name: 'workerd',
    places: [''],
    run: async () => (await import('./workerd/run.mjs')).runInWorkerd(timeout),
  },
];

let [passed, failed] = [0, 0];
/** What the first runtime computed, of what is compared: the spec, and training. @type {Record<string, { title: string, outcome: Outcome }>} */
const firsts = {};
for (const { name, places, run } of runtimes) {
  const started = performance.now();
  const { version, outcomes } = await run().catch((error) => ({ version: '', outcomes: places.map(() => error) }));
  const time = `in ${((performance.now() - started) / 1000).toFixed(1)} s`;
  places.forEach((place, i) => {
    const title = `${name} ${version}`.trim() + place;
    const [shown, problem] = judge(title, place === training ? training : 'spec', outcomes[i]);
    console.log(`${title.padEnd(38)} ${shown}  ${i === 0 ? time : ''}`.trimEnd());
    if (problem === undefined) passed++;
    else {
      failed++;
      console.error(`  FAILED: ${problem.replaceAll('\n', '\n    ')}`);
    }
  });
}
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

/**
 * The first runtime that computed anything is what the others are compared to.
 * @param {string} title
 * @param {string} what
 * @param {Outcome | Error} result
 * @returns {[shown: string, problem?: string]}
 */
function judge(title, what, result) {
  if (result instanceof Error) return ['no hash', result.message];
  const { hash, count, parts, flushesSubnormals } = result;
  const first = (firsts[what] ??= { title, outcome: result });
  const shown = `${hash}  ${count} numbers, subnormals ${flushesSubnormals ? 'flushed' : 'kept   '}`;
  if (hash === first.outcome.hash) return [shown];
  const unlike = Object.keys(first.outcome.parts).filter((part) => parts[part] !== first.outcome.parts[part]);
  return [shown, `differs from ${first.title} in: ${unlike.join(', ')}`];
}

/** Installs what package-lock.json of this folder names, unless it is there. */
function install() {
  const folder = fileURLToPath(new URL('.', import.meta.url));
  const installed = `${folder}/node_modules/.package-lock.json`;
  const isCurrent =
    existsSync(installed) && statSync(installed).mtimeMs >= statSync(`${folder}/package-lock.json`).mtimeMs;
  if (isCurrent) return;
  // No install script is needed: workerd's merely tries its program, which comes as a package of its own.
  const options = ['ci', '--no-audit', '--no-fund', '--ignore-scripts'];
  const { status } = spawnSync('npm', options, { cwd: folder, stdio: 'inherit', timeout: 300_000 });
  if (status !== 0) throw new Error('the packages of tests/runtimes/package.json could not be installed');
}
