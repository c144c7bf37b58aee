/**
 * The functions of assembly/math as such, in a module that is compiled here: they take and give vectors, which cannot cross to JavaScript,
 * and some are not reached by any kernel over all of their range.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createMemoryStream, main } from 'assemblyscript/asc';
import { beforeAll, describe, expect, test } from 'vitest';
import { relaxedSimdIsSupported } from './load.js';

const names = ['expQuad', 'expm1Quad', 'logQuad', 'log1pQuad', 'flushTiny'] as const;
type Name = (typeof names)[number] | 'expQuads';

const apply = (name: string) => `
export function ${name}OfAll(pointer: usize, quads: i32): void {
  for (let i = 0; i < quads; i++) v128.store(pointer + 16 * i, ${name}(v128.load(pointer + 16 * i)));
}`;

const entry = `
import { expQuad, expQuads } from './math/exp';
import { expm1Quad } from './math/expm1';
import { log1pQuad, logQuad } from './math/log';
import { flushTiny, lastQuadMask } from './math/lanes';
${names.map(apply).join('\n')}
export function expQuadsOfAll(pointer: usize, quads: i32): void {
  expQuads(pointer, quads, 16, i32x4.splat(0));
}
export function heapBase(): usize {
  return __heap_base;
}
export function mask(features: i32, pointer: usize): void {
  v128.store(pointer, lastQuadMask(features));
}`;

interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly heapBase: () => number;
  readonly mask: (features: number, pointer: number) => void;
}
type Functions = Record<`${Name}OfAll`, (pointer: number, quads: number) => void>;

const assembly = fileURLToPath(new URL('../../assembly/', import.meta.url));

async function compile(isRelaxed: boolean): Promise<Exports & Functions> {
  let bytes: Uint8Array | undefined;
  const options = ['--config', 'none', '--optimizeLevel', '3', '--noAssert', '--runtime', 'stub', '--use', 'abort='];
  options.push('--enable', 'simd', '--initialMemory', '16', '--disableWarning', '112', '--outFile', 'math.wasm');
  if (isRelaxed) options.push('--enable', 'relaxed-simd');
  const stderr = createMemoryStream();
  const { error } = await main(['entry.ts', '--baseDir', assembly, ...options], {
    readFile: (name) => {
      if (name === 'entry.ts') return entry;
      try {
        return readFileSync(assembly + name, 'utf8');
      } catch {
        return null;
      }
    },
    writeFile: (name, contents) => {
      if (name.endsWith('.wasm')) bytes = contents as Uint8Array;
    },
    listFiles: () => null,
    stderr,
  });
  if (error || !bytes) throw new Error(stderr.toString());
  const { instance } = await WebAssembly.instantiate(new Uint8Array(bytes));
  return instance.exports as unknown as Exports & Functions;
}

/** Float32 numbers from 2^low to 2^high, so many from each power of two. */
function magnitudes(low: number, high: number, each: number): number[] {
  const values: number[] = [];
  for (let exponent = low; exponent < high; exponent++) {
    for (let i = 0; i < each; i++) {
      values.push(Math.fround(2 ** exponent * (1 + (Math.imul(i, 0x9e3779b1) >>> 9) / 2 ** 23)));
    }
  }
  return values;
}

const builds = relaxedSimdIsSupported ? ['deterministic', 'relaxed'] : ['deterministic'];

describe.each(builds)('%s', (build) => {
  let module: Exports & Functions;
  beforeAll(async () => {
    module = await compile(build === 'relaxed');
  });

  function run(name: Name, x: readonly number[]): Float32Array {
    const pointer = (module.heapBase() + 15) & ~15;
    const quads = Math.ceil(x.length / 4);
    const missing = pointer + quads * 16 - module.memory.buffer.byteLength;
    if (missing > 0) module.memory.grow(Math.ceil(missing / 65536));
    new Float32Array(module.memory.buffer, pointer, x.length).set(x);
    module[`${name}OfAll`](pointer, quads);
    return new Float32Array(module.memory.buffer, pointer, x.length).slice();
  }

  function expectWithin(name: Name, x: readonly number[], truth: (x: number) => number, ulps: number): void {
    for (const [i, found] of run(name, x).entries()) {
      const wanted = truth(Math.fround(x[i]));
      const unit = 2 ** (Math.max(-126, Math.floor(Math.log2(Math.abs(wanted)))) - 23);
      const isRight = Object.is(found, Math.fround(wanted)) || Math.abs(found - wanted) <= ulps * unit;
      if (!isRight) expect.fail(`${name}(${x[i]}) = ${found} instead of ${wanted}`);
    }
  }

  const positive = magnitudes(-149, 128, 2000);

  test('log is within 2 units of the last place, from the smallest subnormal number on', () => {
    expectWithin('logQuad', positive, Math.log, 2);
    expectWithin('logQuad', magnitudes(-2, 2, 100_000), Math.log, 2);
    expectWithin('logQuad', [0, -0, Infinity, -Infinity, NaN, -1, -1e-45, 1], Math.log, 0);
  });

  test('log1p is within 2 units on [0, 1]', () => {
    expectWithin('log1pQuad', [...magnitudes(-126, -20, 500), ...magnitudes(-20, 0, 20_000), 0, 1, NaN], Math.log1p, 2);
  });

  test('expm1 is within 2 units below 0', () => {
    const below = [...magnitudes(-126, -20, 500), ...magnitudes(-20, 8, 20_000)].map((x) => -x);
    expectWithin('expm1Quad', [...below, 0, -0.5, -Infinity, NaN, -90, -1e30], (x) => Math.expm1(x) + 0, 2);
  });

  test('exp, one vector at a time, is within 2 units', () => {
    const values = [...magnitudes(-30, 6, 5000), ...magnitudes(6, 7, 5000).filter((x) => x < 87.3)];
    expectWithin('expQuad', [...values, ...values.map((x) => -x)], Math.exp, 2);
    expectWithin('expQuad', [0, -0, Infinity, -Infinity, NaN, 100, -150, 88.75], Math.exp, 0);
  });

  test('exp has the same bits one vector at a time and two', () => {
    const values = [...magnitudes(-10, 7, 501), 1];
    expect(run('expQuads', values)).toEqual(run('expQuad', values));
  });

  test('flushTiny makes +0 of what is below 2⁻¹⁰⁰', () => {
    const edge = 2 ** -100;
    const below = Math.fround(edge * (1 - 2 ** -24));
    expect([...run('flushTiny', [edge, -edge, below, -below, NaN, Infinity, -0, 1e-45])]).toEqual([
      edge,
      -edge,
      0,
      0,
      NaN,
      Infinity,
      0,
      0,
    ]);
  });

  test('lastQuadMask has the true lanes of the last quad', () => {
    const pointer = (module.heapBase() + 15) & ~15;
    for (let features = 1; features < 13; features++) {
      module.mask(features, pointer);
      const lanes = [...new Int32Array(module.memory.buffer, pointer, 4)];
      expect(lanes).toEqual([0, 1, 2, 3].map((lane) => (lane < ((features + 3) % 4) + 1 ? -1 : 0)));
    }
  });
});
