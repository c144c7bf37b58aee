// Compiles assembly/ into the four WebAssembly modules of asconfig.json (build/<target>.wasm), and writes what src/
// imports of them (src/kernels/generated/, not committed):
//   <target>.ts   export const text: string = "…", spelled by module-text.mjs
//   kernels.ts    the modules' exports as TypeScript interfaces
import { execFile } from 'node:child_process';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { fingerprint, isUpToDate, writeStamp } from './fingerprint.mjs';
import { kernelInterfaces } from './kernel-interfaces.mjs';
import { toText } from './module-text.mjs';

const require = createRequire(import.meta.url);
const compilerRoot = dirname(require.resolve('assemblyscript/package.json'));
/** @type {unknown} */
const compiler = require('assemblyscript/package.json');

const builds = /** @type {const} */ (['inference', 'training']);
const targets = builds.flatMap((build) => [
  { name: build, entry: `assembly/${build}.ts` },
  { name: `${build}-relaxed`, entry: `assembly/${build}.ts` },
]);
const generated = 'src/kernels/generated';
const stamp = 'build/kernels.sha256';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const current = fingerprint(
  [
    'assembly',
    'asconfig.json',
    'scripts/build-kernels.mjs',
    'scripts/kernel-interfaces.mjs',
    'scripts/module-text.mjs',
  ],
  [JSON.stringify(compiler)],
);
const outputs = [
  `${generated}/kernels.ts`,
  ...targets.flatMap(({ name }) => [`build/${name}.wasm`, `${generated}/${name}.ts`]),
];

if (isUpToDate(stamp, current, outputs)) {
  console.log('kernels: up to date');
} else {
  await buildAll();
  writeStamp(stamp, current);
}

/** Everything is made in a folder of this process's own and moved into place, so that two builds at once do no harm. */
async function buildAll() {
  const started = performance.now();
  const scratch = `build/kernels-${String(process.pid)}`;
  await mkdir(scratch, { recursive: true });
  await mkdir(generated, { recursive: true });
  try {
    // Two at a time: a compiler needs one core and a few hundred megabytes.
    await Promise.all([targets.slice(0, 2), targets.slice(2)].map((half) => compileInTurn(half, scratch)));

    for (const { name } of targets) {
      const bytes = await readFile(`${scratch}/${name}.wasm`);
      await writeFile(`${scratch}/${name}.ts`, `export const text: string = ${JSON.stringify(toText(bytes))};\n`);
      console.log(`kernels: build/${name}.wasm, ${bytes.length.toLocaleString('en')} bytes`);
    }
    const [inference, training] = await Promise.all(
      builds.map((build) => readFile(`${scratch}/${build}.d.ts`, 'utf8')),
    );
    await writeFile(`${scratch}/kernels.ts`, kernelInterfaces(inference, training));

    for (const path of outputs) await rename(join(scratch, path.slice(path.lastIndexOf('/') + 1)), path);
  } finally {
    await rm(scratch, { recursive: true });
  }
  console.log(`kernels: built in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

/**
 * @param {readonly { name: string, entry: string }[]} list
 * @param {string} folder
 */
async function compileInTurn(list, folder) {
  for (const { name, entry } of list) {
    const options = ['--target', name, '--outFile', `${folder}/${name}.wasm`];
    try {
      const { stderr } = await promisify(execFile)(process.execPath, [`${compilerRoot}/bin/asc.js`, entry, ...options]);
      process.stderr.write(stderr);
    } catch (error) {
      const { stderr } = /** @type {{ stderr?: string }} */ (error);
      console.error(stderr ?? error);
      throw new Error(`asc failed for target ${name}`, { cause: error });
    }
  }
}
