// src/ → JavaScript that users import. Three forms of the same entry points:
//   ESM      with the parts they share split off, so that a bundler drops what is not used, and so that `bucle` and
//            `bucle/layers` in one program are one library
//   CommonJS the very same files, converted one by one for the same reason
//   workerd  ESM that imports the modules as .wasm files, since workerd does not compile bytes
import { build, transform } from 'esbuild';
import { readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';

export const entryPoints = {
  index: 'src/index.ts',
  layers: 'src/layers/index.ts',
  inference: 'src/inference.ts',
  relaxed: 'src/relaxed.ts',
  convert: 'src/convert.ts',
};

/** Reached through `#progress` of package.json, so that only Node and its like load cli-progress. */
const progress = {
  'progress-terminal': 'src/training/progress/terminal.ts',
  'progress-plain': 'src/training/progress/plain.ts',
};

/**
 * @param {string} folder
 * @param {Record<string, string>} [entries]
 */
export async function bundle(folder, entries = { ...entryPoints, ...progress }) {
  const { metafile } = await build({
    ...options(entries),
    outdir: folder,
    plugins: [layersApart, loaderWithoutTextDecoder],
  });
  await Promise.all(
    Object.keys(metafile.outputs).map(async (file) => {
      await dropBareImports(file);
      await writeCommonJs(file);
    }),
  );
}

/**
 * @param {string} folder
 * @param {Record<string, string>} [entries]
 */
export async function bundleForWorkerd(folder, entries = entryPoints) {
  const { metafile } = await build({
    ...options(entries),
    outdir: folder,
    plugins: [layersApart, loaderWithoutTextDecoder, modulesAsFiles],
    loader: { '.wasm': 'copy' },
    assetNames: '[name]',
  });
  const scripts = Object.keys(metafile.outputs).filter((file) => file.endsWith('.js'));
  await Promise.all(scripts.map(dropBareImports));
}

/**
 * @param {Record<string, string>} entries
 * @returns {import('esbuild').BuildOptions & { metafile: true }}
 */
function options(entries) {
  return {
    entryPoints: entries,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    target: 'es2022',
    chunkNames: 'chunks/[name]-[hash]',
    external: ['#progress', 'cli-progress', 'node:*'],
    metafile: true,
    logLevel: 'warning',
  };
}

/**
 * Where a file needs another only through a third, esbuild imports it for its side effects all the same. There are none,
 * as package.json says, and bundlers would warn about each.
 * @param {string} file
 */
async function dropBareImports(file) {
  const source = await readFile(file, 'utf8');
  await writeFile(file, source.replaceAll(/^import "\.[^"]+";\n/gm, ''));
}

/**
 * file.js → file.cjs, and likewise the files that it imports.
 * @param {string} file
 */
async function writeCommonJs(file) {
  // The name tells esbuild to import CommonJS packages the way Node does from ESM; the platform, to list the exports for
  // Node's `import { … } from` of a CommonJS file.
  const source = await readFile(file, 'utf8');
  const { code } = await transform(source, {
    format: 'cjs',
    platform: 'node',
    target: 'es2022',
    sourcefile: `${basename(file, '.js')}.mjs`,
  });
  await writeFile(
    file.replace(/\.js$/, '.cjs'),
    code.replaceAll(/\b(require|import)\("(\.[^"]+)\.js"\)/g, '$1("$2.cjs")'),
  );
}

/**
 * `export * as layers` of src/index.ts imports the finished layers.js. Bundled, it would put an object of all layers into
 * the file that holds the layers, and no bundler would drop any for users of `bucle/layers`.
 * @type {import('esbuild').Plugin}
 */
const layersApart = {
  name: 'layers-apart',
  setup(build) {
    build.onResolve({ filter: /^\.\/layers\/index\.js$/ }, ({ importer }) =>
      basename(importer) === 'index.ts' ? { path: './layers.js', external: true, sideEffects: false } : undefined,
    );
  },
};

/**
 * Bundles the loader in, with a stand-in for TextDecoder in this one file: others may mean the real one.
 * @type {import('esbuild').Plugin}
 */
const loaderWithoutTextDecoder = {
  name: 'loader-without-text-decoder',
  setup(build) {
    build.onLoad({ filter: /@assemblyscript[\\/]loader[\\/]index\.js$/ }, async ({ path }) => {
      const standIn = resolve('scripts/text-decoder-stand-in.js');
      const source = await readFile(path, 'utf8');
      return {
        contents: `import { TextDecoder } from ${JSON.stringify(standIn)};\n${source}`,
        resolveDir: dirname(path),
      };
    });
  },
};

/**
 * src/kernels/generated/<target>.js becomes an import of <target>.wasm, and compiled.ts, which compiles the text, becomes
 * compiled.workerd.ts, which is handed the module.
 * @type {import('esbuild').Plugin}
 */
const modulesAsFiles = {
  name: 'modules-as-files',
  setup(build) {
    build.onResolve({ filter: /\/compiled\.js$/ }, ({ resolveDir }) => ({
      path: resolve(resolveDir, 'compiled.workerd.ts'),
    }));
    build.onResolve({ filter: /\/generated\/[\w-]+\.js$/ }, ({ path }) => ({
      path: basename(path, '.js'),
      namespace: 'wasm-module',
    }));
    build.onLoad({ filter: /.*/, namespace: 'wasm-module' }, ({ path }) => ({
      contents: `export { default as hex } from './${path}.wasm';`,
      resolveDir: resolve('build'),
    }));
  },
};
