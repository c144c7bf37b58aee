// What an import costs its user: each entry point, and some usual choices from them, bundled for a browser, minified.
import { gzipSync } from 'node:zlib';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Bundles a program that imports bucle by name, as a user's bundler would: from dist/, by package.json's `exports`.
 * @param {string} program JavaScript, such as `export * from 'bucle/inference'`
 * @returns {Promise<string>} minified JavaScript
 */
export async function bundleForBrowser(program) {
  const { outputFiles } = await build({
    stdin: { contents: program, resolveDir: root },
    // A user has not this repository's `paths`, which lead from bucle to src/.
    tsconfigRaw: {},
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    write: false,
    logLevel: 'warning',
  });
  return outputFiles.map(({ text }) => text).join('');
}

/** @param {string} text */
export function gzipSize(text) {
  return gzipSync(text, { level: 9 }).length;
}

const programs = {
  'bucle/inference, all of it': `export * from 'bucle/inference'`,
  'bucle/inference, modelLoader of LSTM and Dense': `
    import { modelLoader } from 'bucle/inference';
    import { lstm, dense } from 'bucle/layers';
    export const loadModel = modelLoader({ lstm, dense });`,
  'bucle/layers, all of it': `export * from 'bucle/layers'`,
  'bucle/layers, lstm alone': `export { lstm } from 'bucle/layers'`,
  'bucle, all of it': `export * from 'bucle'`,
  'bucle/relaxed': `export * from 'bucle/relaxed'`,
  'bucle/convert': `export * from 'bucle/convert'`,
  'bucle/data': `export * from 'bucle/data'`,
  'bucle/realtime': `export * from 'bucle/realtime'`,
  'bucle/worker': `export * from 'bucle/worker'`,
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const rows = [];
  for (const [name, program] of Object.entries(programs)) {
    const text = await bundleForBrowser(program);
    rows.push({ import: name, 'minified, bytes': text.length, 'gzip, bytes': gzipSize(text) });
  }
  console.table(rows);
}
