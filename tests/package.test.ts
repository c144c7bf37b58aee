// What is published, and so what `npm run build` made: its size, its entry points, and the compiled modules inside.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import { build, transform } from 'esbuild';
import { rollup } from 'rollup';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kernelInterfaces, parseKernels } from '../scripts/kernel-interfaces.mjs';
import { toText } from '../scripts/module-text.mjs';
import { bundleForBrowser, gzipSize } from '../scripts/size.mjs';
import { compile } from '../src/kernels/compiled.js';
import { backwardTable } from '../src/layers/backward/index.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const { exports: packageExports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  exports: Record<string, { import: { default: string } }>;
};
const entryPoints = [
  'bucle',
  'bucle/layers',
  'bucle/inference',
  'bucle/relaxed',
  'bucle/convert',
  'bucle/data',
  'bucle/realtime',
  'bucle/worker',
];

/** Keras's names of layers, and ours of those that only others use. */
const classNames = [...Object.keys(backwardTable), 'Bidirectional', 'TimeDistributed'];

describe('bundled for a browser', () => {
  // The goal is 30,000; a limit that it is beyond would be no test, so this one keeps it from growing.
  test('bucle/inference with every layer does not grow, minified and gzipped', async () => {
    const bundle = await bundleForBrowser(`export * from 'bucle/inference'`);
    expect(gzipSize(bundle)).toBeLessThan(49_000);
  });

  test('bucle/inference holds the inference kernels alone, and needs no other file', async () => {
    const bundle = await bundleForBrowser(`export * from 'bucle/inference'`);
    expect(bundle).toContain(JSON.stringify(textOf('inference')));
    expect(bundle).not.toContain(JSON.stringify(textOf('training')));
    expect(bundle).not.toContain('productGradient');
    expect(bundle).not.toMatch(/\bimport\b/);
  });

  test('bucle/inference loads where there is nothing but ECMAScript and WebAssembly', async () => {
    const bundle = await bundleForBrowser(
      `import * as inference from 'bucle/inference'; globalThis.loaded = inference;`,
    );
    // A new context has neither TextDecoder nor atob, URL, performance or timers, like an AudioWorklet.
    const context = createContext();
    runInContext(bundle, context);
    expect(runInContext('typeof loaded.loadModel', context)).toBe('function');
    expect(runInContext('typeof TextDecoder', context)).toBe('undefined');
  });

  test.each([
    ['esbuild', bundleForBrowser],
    ['rollup', bundleByRollup],
  ])('an application with two layers ships the TypeScript of these alone: %s', async (_, bundle) => {
    const making = await bundle(`
      import { sequential } from 'bucle/inference';
      import { dense, lstm } from 'bucle/layers';
      export const model = sequential({ layers: [lstm({ units: 8, inputShape: [null, 3] }), dense({ units: 1 })] });`);
    const loading = await bundle(`
      import { modelLoader } from 'bucle/inference';
      import { dense, lstm } from 'bucle/layers';
      export const loadModel = modelLoader({ dense, lstm });`);
    for (const application of [making, loading]) {
      const shipped = classNames.filter((name) => application.includes(JSON.stringify(name)));
      expect(shipped.sort()).toEqual(['Dense', 'LSTM']);
    }
    const everything = await bundle(`export * from 'bucle/layers'`);
    expect(classNames.filter((name) => !everything.includes(JSON.stringify(name)))).toEqual([]);
  });

  test('bucle/data holds no kernels', async () => {
    const bundle = await bundleForBrowser(`export * from 'bucle/data'`);
    for (const name of ['inference', 'training']) expect(bundle).not.toContain(JSON.stringify(textOf(name)));
    expect(gzipSize(bundle)).toBeLessThan(15_000);
  });

  test('bucle prints plain progress lines, without cli-progress', async () => {
    const bundle = await bundleForBrowser(`export * from 'bucle'`);
    expect(bundle).not.toMatch(/\bimport\b|\brequire\(/);
    expect(bundle).not.toContain('cli-progress');
  });
});

describe('packed', () => {
  let folder: string;
  let tarball: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'bucle-'));
    npm('pack', '--ignore-scripts', '--pack-destination', folder);
    tarball = join(folder, readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? 'no tarball');
    const modules = join(folder, 'node_modules');
    mkdirSync(modules);
    execFileSync('tar', ['-xzf', tarball, '-C', modules]);
    execFileSync('mv', [join(modules, 'package'), join(modules, 'bucle')]);
    for (const dependency of ['cli-progress', 'string-width']) {
      symlinkSync(join(root, 'node_modules', dependency), join(modules, dependency));
    }
  });

  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  test('the tarball holds the documents, the manifest and dist', () => {
    const contents = readdirSync(join(folder, 'node_modules/bucle')).sort();
    expect(contents).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'dist', 'docs', 'package.json']);
  });

  test('publint finds nothing', () => {
    expect(tool('publint/src/cli.js', tarball, '--strict')).toContain('All good!');
  });

  test('arethetypeswrong finds nothing', () => {
    const verdict = tool('@arethetypeswrong/cli/dist/index.js', tarball, '--profile', 'node16', '--format', 'ascii');
    expect(verdict.match(/node16 \(from CJS\): 🟢/g)).toHaveLength(entryPoints.length + 1);
  });

  test('every entry point can be imported and required, with the same exports', () => {
    const program = `
      import { createRequire } from 'node:module';
      const require = createRequire(import.meta.url);
      const names = (module) => Object.keys(module).filter((name) => name !== 'default').sort();
      const entries = ${JSON.stringify(entryPoints)};
      const found = {};
      for (const entry of entries) found[entry] = [names(await import(entry)), names(require(entry))];
      console.log(JSON.stringify(found));`;
    writeFileSync(join(folder, 'exports.mjs'), program);
    const found = JSON.parse(
      execFileSync(process.execPath, [join(folder, 'exports.mjs')], { encoding: 'utf8' }),
    ) as Record<string, [string[], string[]]>;
    expect(Object.keys(found)).toEqual(entryPoints);
    for (const [imported, required] of Object.values(found)) {
      expect(imported.length).toBeGreaterThan(0);
      expect(required).toEqual(imported);
    }
  });

  test.each([[['es2022']], [['es2022', 'dom']]])(
    'every declaration compiles for who checks libraries too, imported and required: with %j',
    (lib) => {
      const consumer = entryPoints.map((entry, i) => `export * as entry${String(i)} from '${entry}';`).join('\n');
      expect(typeErrors(lib, consumer)).toBe('');
    },
  );

  test("a block adapter's output may be of any buffer, as an AudioWorklet's is to TypeScript", () => {
    const consumer = `
      import type { BlockAdapter } from 'bucle/realtime';
      export const push = (adapter: BlockAdapter, block: Float32Array, out: Float32Array) => adapter.push(block, out);`;
    expect(typeErrors(['es2022'], consumer)).toBe('');
  });

  test("fit takes the DOM's AbortSignal", () => {
    const consumer = `
      import type { FitOptions } from 'bucle';
      export const options: FitOptions = { signal: new AbortController().signal };`;
    expect(typeErrors(['es2022', 'dom'], consumer)).toBe('');
  });

  test('threads start from CommonJS, and from a program that was bundled', async () => {
    const program = `
      const { layers, sequential } = require('bucle');
      const { fit } = require('bucle/worker');
      const model = sequential({ layers: [layers.dense({ units: 1, inputShape: [1] })] });
      model.compile({ optimizer: 'sgd', loss: 'mse' });
      fit(model, [[1], [2]], [[2], [4]], { workers: 2, verbose: 0 }).then(({ history }) => console.log(history.loss.length));`;
    const [plain, bundled] = ['threads.cjs', 'bundled.cjs'].map((name) => join(folder, name));
    writeFileSync(plain, program);
    await build({ entryPoints: [plain], outfile: bundled, bundle: true, platform: 'node', tsconfigRaw: {} });
    for (const path of [plain, bundled]) {
      expect(execFileSync(process.execPath, [path], { encoding: 'utf8' })).toBe('1\n');
    }
  });

  test('workerd is given modules as files, and no text of them', () => {
    const dist = join(folder, 'node_modules/bucle/dist/workerd');
    const files = readdirSync(dist, { recursive: true, encoding: 'utf8' });
    expect(files.filter((name) => name.endsWith('.wasm')).sort()).toEqual([
      'inference-relaxed.wasm',
      'inference.wasm',
      'training-relaxed.wasm',
      'training.wasm',
    ]);
    const scripts = files.filter((name) => name.endsWith('.js')).map((name) => readFileSync(join(dist, name), 'utf8'));
    expect(scripts.some((text) => /from "\.\.?\/inference\.wasm"/.test(text))).toBe(true);
    expect(scripts.filter((text) => text.includes('0061736d'))).toEqual([]);
  });

  /** What tsc says of a program beside the package, as a module and as CommonJS. */
  function typeErrors(lib: readonly string[], program: string): string {
    const project = mkdtempSync(join(folder, 'consumer-'));
    for (const name of ['module.mts', 'commonjs.cts']) writeFileSync(join(project, name), program);
    const compilerOptions = {
      module: 'nodenext',
      target: 'es2022',
      lib,
      types: [],
      strict: true,
      noEmit: true,
      skipLibCheck: false,
    };
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    return spawnSync(process.execPath, [compiler, '--project', project], { encoding: 'utf8' }).stdout;
  }
});

describe('compiled kernels', () => {
  const declared = declaredKernels();

  test.each(['inference', 'inference-relaxed', 'training', 'training-relaxed'])(
    'the %s module exports the kernels that its interface declares, and imports nothing',
    (name) => {
      const module = new WebAssembly.Module(readFileSync(join(root, `build/${name}.wasm`)));
      expect(WebAssembly.Module.imports(module)).toEqual([]);

      const { exports } = new WebAssembly.Instance(module);
      const functions = Object.entries(exports).filter(([, member]) => typeof member === 'function');
      const arity = Object.fromEntries(functions.map(([kernel, member]) => [kernel, (member as () => unknown).length]));
      expect(arity).toEqual(
        name.startsWith('training') ? { ...declared.inference, ...declared.training } : declared.inference,
      );
      expect(exports.memory).toBeInstanceOf(WebAssembly.Memory);
      expect(Object.keys(exports).length).toBe(functions.length + 1);
    },
  );

  test('the text that dist embeds is the compiled module', () => {
    for (const name of ['inference', 'inference-relaxed', 'training', 'training-relaxed']) {
      expect(textOf(name)).toBe(toText(readFileSync(join(root, `build/${name}.wasm`))));
    }
  });

  test('text gives back every byte', () => {
    const bytes = Array.from({ length: 256 }, (_, byte) => byte);
    // A module of nothing but a custom section, named "b": identifier 0, length (LEB128), name, content.
    const module = [0, ...Buffer.from('asm'), 1, 0, 0, 0, 0, 0x82, 0x02, 1, ...Buffer.from('b'), ...bytes];
    const [section] = WebAssembly.Module.customSections(compile(toText(new Uint8Array(module))), 'b');
    expect([...new Uint8Array(section ?? new ArrayBuffer())]).toEqual(bytes);
  });

  test('a kernel that takes or gives anything but numbers is refused', () => {
    const declaration = (signature: string) =>
      `declare namespace __AdaptedExports {\n  /** Exported memory */\n  export const memory: WebAssembly.Memory;\n` +
      `  /**\n   * assembly/x/scale\n   */\n  export function ${signature};\n}\n`;
    expect(parseKernels(declaration('scale(x: number, count: number): void'))).toHaveLength(1);
    expect(() => parseKernels(declaration('scale(x: bigint): void'))).toThrow('kernel scale: expected every parameter');
    expect(() => parseKernels(declaration('scale(x: number): boolean'))).toThrow('got (x: number): boolean');
    expect(() => kernelInterfaces(declaration('scale(x: number): void'), declaration('zero(x: number): void'))).toThrow(
      'assembly/training.ts must export every kernel of assembly/inference.ts, lacks scale',
    );
  });
});

/** Kernel names and their numbers of parameters, from the interfaces that src/ is typed by. */
function declaredKernels(): { inference: Record<string, number>; training: Record<string, number> } {
  const text = readFileSync(join(root, 'src/kernels/generated/kernels.ts'), 'utf8');
  const [, inference = '', training = ''] = text.split(/^export interface \w+/m);
  const members = (body: string) =>
    Object.fromEntries(
      [...body.matchAll(/^ {2}(\w+): \(([^)]*)\) =>/gm)].map(([, name = '', parameters = '']) => [
        name,
        parameters === '' ? 0 : parameters.split(', ').length,
      ]),
    );
  return { inference: members(inference), training: members(training) };
}

/**
 * Bundles a program as rollup does, minified so that strings look as esbuild writes them: `bucle` by package.json's `exports`.
 */
async function bundleByRollup(program: string): Promise<string> {
  const bundle = await rollup({
    input: 'program',
    onLog: (_level, { message }) => {
      throw new Error(message);
    },
    // What @rollup/plugin-node-resolve reads from package.json's `sideEffects`.
    treeshake: { moduleSideEffects: (id) => id === 'program' },
    plugins: [
      {
        name: 'bucle',
        resolveId: (id) => {
          if (id === 'program') return id;
          return id.startsWith('bucle') ? join(root, packageExports[id.replace('bucle', '.')].import.default) : null;
        },
        load: (id) => (id === 'program' ? program : null),
      },
    ],
  });
  const { output } = await bundle.generate({ format: 'esm' });
  return (await transform(output[0].code, { minify: true })).code;
}

function textOf(name: string): string {
  const file = readFileSync(join(root, `src/kernels/generated/${name}.ts`), 'utf8');
  return JSON.parse(/".*"/.exec(file)?.[0] ?? '""') as string;
}

function npm(...options: string[]): string {
  return execFileSync('npm', options, { cwd: root, encoding: 'utf8', stdio: 'pipe' });
}

/** A command line tool of node_modules, by the path of its script; it throws if the tool exits with an error. */
function tool(path: string, ...options: string[]): string {
  return execFileSync(process.execPath, [join(root, 'node_modules', path), ...options], {
    cwd: dirname(options[0] ?? root),
    encoding: 'utf8',
  });
}
