// The spec for each runtime, bundled the way that a user's bundler would: bucle is what package.json exports, from dist/.
import { cp, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
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
      external: ['bucle', 'bucle/*'],
    }),
    installInto(node),
    build({
      ...common,
      entryPoints: [join(here, 'chromium/page.mjs'), join(here, 'chromium/worklet.mjs')],
      outdir: chromium,
      platform: 'browser',
      plugins: [builtLibrary],
    }),
    build({
      ...common,
      entryPoints: [join(here, 'workerd/worker.mjs')],
      outdir: workerd,
      platform: 'neutral',
      conditions: ['workerd'],
      loader: { '.wasm': 'copy' },
      assetNames: '[name]',
      plugins: [builtLibrary],
    }),
  ]);
  return { node: join(node, 'main.mjs'), chromium };
}

/**
 * What installing the package leaves in a user's folder. This repository's own tsconfig.json and imports are out of reach there, which Bun
 * and Deno would go by.
 * @param {string} folder
 */
async function installInto(folder) {
  const library = join(folder, 'node_modules/bucle');
  await mkdir(library, { recursive: true });
  const user = { type: 'module', private: true, dependencies: { bucle: '*' } };
  await Promise.all([
    writeFile(join(folder, 'package.json'), JSON.stringify(user)),
    // Bun takes the nearest.
    writeFile(join(folder, 'tsconfig.json'), '{}'),
    cp(join(root, 'package.json'), join(library, 'package.json')),
    cp(join(root, 'dist'), join(library, 'dist'), { recursive: true }),
    symlink(join(root, 'node_modules/cli-progress'), join(folder, 'node_modules/cli-progress')),
  ]);
}

/**
 * A package may import itself by name, but this folder is a package of its own: imports are resolved from the root.
 * @type {import('esbuild').Plugin}
 */
const builtLibrary = {
  name: 'built-library',
  setup(build) {
    build.onResolve({ filter: /^bucle(\/|$)/ }, ({ path, kind, pluginData }) => {
      if (pluginData === 'from the root') return undefined;
      return build.resolve(path, { kind, resolveDir: root, pluginData: 'from the root' });
    });
  },
};
