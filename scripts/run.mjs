// Runs a TypeScript program of this repository: node scripts/run.mjs examples/forecast/main.ts [arguments]
// Its packages stay imports, and 'bucle' is what package.json exports: the built dist/, as users get it.
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

/**
 * @param {string} entry path from the root of the repository
 * @param {readonly string[]} programArguments
 * @returns {Promise<number>} the exit code
 */
export async function run(entry, programArguments) {
  const root = fileURLToPath(new URL('..', import.meta.url));
  // Below the entry's folder, where Node finds the packages that the entry would find.
  const outfile = join(root, dirname(entry), 'build', basename(entry).replace(/\.ts$/, '.mjs'));
  await build({
    entryPoints: [join(root, entry)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    sourcemap: 'inline',
    plugins: [builtLibrary, urlsOfSources],
    logLevel: 'warning',
  });
  const nodeArguments = [...process.execArgv, '--enable-source-maps', outfile, ...programArguments];
  const { error, status } = spawnSync(process.execPath, nodeArguments, { stdio: 'inherit' });
  if (error) throw error;
  return status ?? 1;
}

/**
 * A package may import itself by name, but bench/ is a package of its own.
 * @type {import('esbuild').Plugin}
 */
const builtLibrary = {
  name: 'built-library',
  setup(build) {
    build.onResolve({ filter: /^bucle(\/|$)/ }, ({ path }) => ({ path: import.meta.resolve(path), external: true }));
  },
};

/**
 * A program finds its files beside its source, not beside the bundle.
 * @type {import('esbuild').Plugin}
 */
const urlsOfSources = {
  name: 'urls-of-sources',
  setup(build) {
    build.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      const url = JSON.stringify(pathToFileURL(path).href);
      return { contents: source.replaceAll('import.meta.url', url), loader: 'ts' };
    });
  },
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [entry, ...programArguments] = process.argv.slice(2);
  if (entry === undefined) throw new Error('usage: node scripts/run.mjs <file.ts> [arguments]');
  process.exitCode = await run(entry, programArguments);
}
