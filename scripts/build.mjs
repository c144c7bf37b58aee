// Makes dist/ from src/ and the compiled kernels: JavaScript by esbuild (bundle.mjs), declarations by tsc.
import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { bundle, bundleForWorkerd } from './bundle.mjs';
import { fingerprint, isUpToDate, writeStamp } from './fingerprint.mjs';

const require = createRequire(import.meta.url);
const stamp = 'build/dist.sha256';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const current = fingerprint([
  'src',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'scripts/build.mjs',
  'scripts/bundle.mjs',
]);

if (isUpToDate(stamp, current, ['dist/index.js', 'dist/index.cjs', 'dist/workerd/index.js', 'dist/types/index.d.ts'])) {
  console.log('dist: up to date');
} else {
  const started = performance.now();
  await buildAll();
  writeStamp(stamp, current);
  console.log(`dist: built in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

/** dist/ is replaced as a whole once everything is made: nobody meets half of a build. */
async function buildAll() {
  const scratch = `build/dist-${String(process.pid)}`;
  await mkdir(scratch, { recursive: true });
  try {
    await Promise.all([
      bundle(scratch),
      bundleForWorkerd(join(scratch, 'workerd')),
      declare(scratch),
      writeLoaderLicense(scratch),
    ]);
    await rm('dist', { recursive: true, force: true });
    await rename(scratch, 'dist');
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/**
 * The declarations, twice: TypeScript takes those in a folder whose package.json says `commonjs` for `require`.
 * @param {string} folder
 */
async function declare(folder) {
  const types = join(folder, 'types');
  const compiler = require.resolve('typescript/bin/tsc');
  try {
    await promisify(execFile)(process.execPath, [compiler, '-p', 'tsconfig.build.json', '--outDir', types]);
  } catch (error) {
    console.error(/** @type {{ stdout?: string }} */ (error).stdout ?? error);
    throw new Error('tsc failed', { cause: error });
  }
  await cp(types, join(folder, 'types-cjs'), { recursive: true });
  await writeFile(join(folder, 'types-cjs/package.json'), '{ "type": "commonjs" }\n');
}

/**
 * dist/ holds @assemblyscript/loader (Apache 2.0), whose own package comes without the text of its license.
 * @param {string} folder
 */
async function writeLoaderLicense(folder) {
  const license = await readFile(join(dirname(require.resolve('assemblyscript/package.json')), 'LICENSE'), 'utf8');
  const origin =
    'This package contains @assemblyscript/loader, fitted to modules that exchange numbers alone, under this license:\n\n';
  await writeFile(join(folder, 'LICENSE-assemblyscript-loader.txt'), origin + license);
}
