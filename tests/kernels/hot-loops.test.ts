import binaryen from 'binaryen';
import { expect, test } from 'vitest';
import { type BuildName, load } from './load.js';

/** Each function's text in WebAssembly's text form, by its internal name, and the internal names of the exports. */
function disassemble(build: BuildName): { bodies: Map<string, string>; exported: Map<string, string> } {
  const module = binaryen.readBinary(load(build).bytes);
  const bodies = new Map<string, string>();
  for (let i = 0; i < module.getNumFunctions(); i++) {
    const { name, body } = binaryen.getFunctionInfo(module.getFunctionByIndex(i));
    bodies.set(name, binaryen.emitText(body));
  }
  const exported = new Map<string, string>();
  for (let i = 0; i < module.getNumExports(); i++) {
    const { name, value } = binaryen.getExportInfo(module.getExportByIndex(i));
    exported.set(name, value);
  }
  module.dispose();
  return { bodies, exported };
}

/** The parts of a function's text that are loops without another loop inside. */
function innermostLoops(text: string): string[] {
  const loops: string[] = [];
  for (const { index } of text.matchAll(/\(loop\b/g)) {
    let depth = 0;
    let end = index;
    do {
      if (text[end] === '(') depth++;
      if (text[end] === ')') depth--;
      end++;
    } while (depth > 0);
    const loop = text.slice(index, end);
    if (!loop.slice(1).includes('(loop')) loops.push(loop);
  }
  return loops;
}

const calls = (text: string) => [...text.matchAll(/\(call \$([^\s)]+)/g)].map(([, name]) => name);

/** The innermost loops of an exported function and of all that it calls. */
function loopsOf(build: BuildName, name: string): string[] {
  const { bodies, exported } = disassemble(build);
  const loops: string[] = [];
  const waiting = [exported.get(name)];
  const seen = new Set<string>();
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    const text = bodies.get(next) ?? '';
    loops.push(...innermostLoops(text));
    waiting.push(...calls(text));
  }
  return loops;
}

const hot: readonly (readonly [BuildName, string])[] = [
  ['inference', 'product'],
  ['inference', 'activate'],
  ['inference', 'softmax'],
  ['inference-relaxed', 'product'],
  ['inference-relaxed', 'activate'],
  ['training', 'productGradient'],
  ['training', 'columnSums'],
];

test.each(hot)('no call is left in the inner loops of %s, %s', (build, name) => {
  const loops = loopsOf(build, name);
  expect(loops.length).toBeGreaterThan(0);
  expect(loops.flatMap(calls)).toEqual([]);
});

test('the relaxed build, and only that, has relaxed multiply–adds', () => {
  for (const build of ['inference', 'training'] as const) {
    expect(loopsOf(build, 'product').join()).not.toContain('relaxed');
    const products = loopsOf(`${build}-relaxed`, 'product').join();
    expect(products).toContain('f32x4.relaxed_madd');
    expect(products).not.toContain('f32x4.mul');
  }
});

test('the modules import nothing', () => {
  for (const build of ['inference', 'inference-relaxed', 'training', 'training-relaxed'] as const) {
    expect(WebAssembly.Module.imports(new WebAssembly.Module(load(build).bytes))).toEqual([]);
  }
});
