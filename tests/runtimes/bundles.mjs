// The spec for each runtime, bundled the way that a user's bundler would: bucle is what package.json exports, from dist/.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));

/** @type {import('esbuild').BuildOptions} */
const common = {
  bundle: true,
  format: 'esm',
  target: 'es2023',
  // A user has not this repository's `paths`, which lead from bucle to src/.
  tsconfigRaw: {},
  logLevel: 'warning',
};

/** @returns {Promise<{ node: string, chromium: string }>} the program for Node, the folder for Chromium */
export async function bundle() {
  const folder = join(here, 'build');
  await rm(folder, { recursive: true, force: true });
  const [node, chromium, workerd] = ['node', 'chromium', 'workerd'].map((name) => join(folder, name));
  await Promise.all([
    build({
      ...common,
      entryPoints: [join(here, 'node/main.mjs')],
      outdir: node,
      outExtension: { '.js': '.mjs' },
      platform: 'node',
      plugins: [builtLibrary({ external: true })],
    }),
    build({
      ...common,
      entryPoints: [join(here, 'chromium/page.mjs'), join(here, 'chromium/worklet.mjs')],
      outdir: chromium,
      platform: 'browser',
      plugins: [builtLibrary({ external: false })],
    }),
    build({
      ...common,
      entryPoints: [join(here, 'workerd/worker.mjs')],
      outdir: workerd,
      platform: 'neutral',
      conditions: ['workerd'],
      loader: { '.wasm': 'copy' },
      assetNames: '[name]',
      plugins: [builtLibrary({ external: false })],
    }),
  ]);
  return { node: join(node, 'main.mjs'), chromium };
}

/**
 * A package may import itself by name, but this folder is a package of its own: imports are resolved from the root. Node
 * loads the built files themselves; elsewhere they come into the bundle.
 * @param {{ external: boolean }} options
 * @returns {import('esbuild').Plugin}
 */
function builtLibrary({ external }) {
  return {
    name: 'built-library',
    setup(build) {
      build.onResolve({ filter: /^bucle(\/|$)/ }, async ({ path, kind, pluginData }) => {
        if (pluginData === 'from the root') return undefined;
        const resolved = await build.resolve(path, { kind, resolveDir: root, pluginData: 'from the root' });
        return external ? { path: pathToFileURL(resolved.path).href, external } : resolved;
      });
    },
  };
}
