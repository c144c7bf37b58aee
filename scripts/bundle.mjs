// src/ → JavaScript that users import. Three forms of the same entry points:
//   ESM      with the parts they share split off, so that a bundler drops what is not used, and so that `bucle` and
//            `bucle/layers` in one program are one library
//   CommonJS the very same files, converted one by one for the same reason
//   workerd  ESM that imports the modules as .wasm files, since workerd does not compile bytes
import { build, transform } from 'esbuild';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

export const entryPoints = {
  index: 'src/index.ts',
  layers: 'src/layers/index.ts',
  inference: 'src/inference.ts',
  relaxed: 'src/relaxed.ts',
  convert: 'src/convert.ts',
  data: 'src/data.ts',
  realtime: 'src/realtime.ts',
  worker: 'src/worker.ts',
};

/** Reached through the `imports` of package.json, so that only Node and its like load cli-progress, files and its threads. */
const hosted = {
  'progress-terminal': 'src/training/progress/terminal.ts',
  'progress-plain': 'src/training/progress/plain.ts',
  'files-file-system': 'src/training/files/file-system.ts',
  'files-none': 'src/training/files/none.ts',
  'threads-node': 'src/training/threads/node.ts',
  'threads-none': 'src/training/threads/none.ts',
  'threads-web': 'src/training/threads/web.ts',
};

const hostedImports = ['#progress', '#files', '#threads', '#worker-threads'];

/** @param {string} folder */
export async function bundle(folder) {
  const define = {
    THREAD_SCRIPT: JSON.stringify(await threadScript('web')),
    NODE_THREAD_SCRIPT: JSON.stringify(await threadScript('node')),
  };
  const files = await bundleModules(folder, { ...entryPoints, ...hosted }, [layersApart, fittedLoader], define);
  await Promise.all(files.map(writeCommonJs));
}

/** @param {string} folder */
export async function bundleForWorkerd(folder) {
  await bundleModules(folder, entryPoints, [layersApart, fittedLoader, modulesAsFiles]);
}

/**
 * @param {string} folder
 * @param {Record<string, string>} entries
 * @param {import('esbuild').Plugin[]} plugins
 * @param {Record<string, string>} define
 * @returns {Promise<string[]>} the JavaScript files written
 */
async function bundleModules(folder, entries, plugins, define = {}) {
  const { metafile } = await build({
    entryPoints: { ...entries, ...(await filesApart()) },
    outdir: folder,
    plugins,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    target: 'es2022',
    chunkNames: 'chunks/[name]-[hash]',
    external: [...hostedImports, 'cli-progress', 'node:*'],
    define,
    loader: { '.wasm': 'copy' },
    assetNames: '[name]',
    metafile: true,
    logLevel: 'warning',
  });
  await rm(join(folder, 'apart'), { recursive: true });
  const files = Object.keys(metafile.outputs).filter(
    (file) => file.endsWith('.js') && dirname(file) !== `${folder}/apart`,
  );
  await arrangeImports(files);
  return files;
}

/**
 * The script of a thread, as text: all that it needs but the kernels, which it is sent.
 * @param {'web' | 'node'} kind
 * @returns {Promise<string>}
 */
async function threadScript(kind) {
  const alias = {
    '#progress': hosted['progress-plain'],
    '#files': hosted[kind === 'node' ? 'files-file-system' : 'files-none'],
    '#threads': hosted['threads-none'],
  };
  const { outputFiles } = await build({
    entryPoints: [`src/worker/thread-${kind}.ts`],
    bundle: true,
    minifyWhitespace: true,
    minifyIdentifiers: true,
    // Not the syntax: where a tsconfig.json near by says `useDefineForClassFields: false`, Bun 1.4 puts fields before a `super` that
    // is a part of a longer expression.
    minifySyntax: false,
    format: kind === 'node' ? 'cjs' : 'iife',
    platform: kind === 'node' ? 'node' : 'browser',
    target: 'es2022',
    alias: Object.fromEntries(Object.entries(alias).map(([name, path]) => [name, resolve(path)])),
    plugins: [fittedLoader],
    write: false,
    logLevel: 'warning',
  });
  const script = outputFiles.map(({ text }) => text).join('');
  if (kind === 'web') return script;
  // Node runs the text as CommonJS, Deno as a module.
  return `((require)=>{${script}})(typeof require==='function'?require:(name)=>process.getBuiltinModule(name));`;
}

/**
 * With each layer an entry point of its own, each comes into a file of its own, and bundlers, told by package.json that
 * files have no side effects, drop the files of the layers that are not imported. Inside one file they keep what they
 * cannot prove to be unused: `{ ...behaviour }` and `oneOf(names)` are enough. Likewise the builds of the kernels, so that
 * no runtime is handed a module that it does not use. The entries themselves are thrown away.
 * @returns {Promise<Record<string, string>>}
 */
async function filesApart() {
  const layers = (await readdir('src/layers')).filter((name) => name.endsWith('.ts') && name !== 'index.ts');
  const builds = (await readdir('src/kernels')).filter((name) => name.endsWith('-build.ts'));
  const paths = [...builds.map((name) => `src/kernels/${name}`), ...layers.map((name) => `src/layers/${name}`)];
  return Object.fromEntries(paths.map((path) => [`apart/${basename(path, '.ts')}`, path]));
}

/**
 * Puts the imports of each file in order:
 * - Where a file needs another only through a third, esbuild imports it for its side effects all the same. There are none,
 *   as package.json says, and bundlers would warn about each.
 * - The files of kernels come first. A bundle then holds them in front of all code, where their text, which nothing else
 *   resembles, does not stand between code and code for gzip, which looks back no more than 32 KB: 1 % of a bundle.
 * @param {readonly string[]} files
 */
async function arrangeImports(files) {
  const sources = await Promise.all(files.map((file) => readFile(file, 'utf8')));
  const kernels = new Set(
    files.filter((_, i) => sources[i]?.includes('// src/kernels/generated/')).map((f) => basename(f)),
  );
  await Promise.all(
    files.map((file, i) => {
      const source = (sources[i] ?? '').replaceAll(/^import "\.[^"]+";\n/gm, '');
      const first = (source.match(/^import \{[^}]*\} from "[^"]+";\n/gm) ?? []).filter((statement) =>
        kernels.has(statement.slice(statement.lastIndexOf('/') + 1, -3)),
      );
      const rest = first.reduce((text, statement) => text.replace(statement, ''), source);
      return writeFile(file, [...first, rest].join(''));
    }),
  );
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
 * What @assemblyscript/loader does for strings, arrays, classes and imports, the kernels have none of: they exchange
 * numbers alone, and src/kernels/instance.ts takes the instance's own exports. Bundled, the loader does without:
 * nine tenths of it then fall away, and with them a TextDecoder, made as it loads, that an AudioWorklet has not.
 */
const loaderForNumbers = [
  ['const extended = preInstantiate(imports);', 'const extended = {};'],
  ['postInstantiate(extended, instance)', 'instance.exports'],
  ['const utf16 = new TextDecoder', 'const utf16 = /* @__PURE__ */ new TextDecoder'],
  ['Object.hasOwn = Object.hasOwn || function', 'const hasOwn = function'],
];

/** @type {import('esbuild').Plugin} */
const fittedLoader = {
  name: 'fitted-loader',
  setup(build) {
    build.onLoad({ filter: /@assemblyscript[\\/]loader[\\/]index\.js$/ }, async ({ path }) => {
      let contents = await readFile(path, 'utf8');
      for (const [from = '', to = ''] of loaderForNumbers) {
        if (!contents.includes(from)) throw new Error(`${path}: expected "${from}"`);
        contents = contents.replaceAll(from, to);
      }
      return { contents };
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
      contents: `export { default as text } from './${path}.wasm';`,
      resolveDir: resolve('build'),
    }));
  },
};
