/** The code in the documents runs against src/, prints what they say that it prints, and excerpts are what the files hold. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, describe, expect, test } from 'vitest';
import { layers, losses, metrics } from '../src/index.js';
import { activationNames, inputActivationNames } from './reference/activations.js';

const root = fileURLToPath(new URL('..', import.meta.url));
// Below the root, where Node finds the packages that src/ leaves outside of the bundle.
const folder = join(root, 'build', `docs-${String(process.pid)}`);

/** What is not run, and why: by a part of its text. */
const notRun: readonly { readonly holds: string; readonly reason: string; readonly excerptOf: string }[] = [
  {
    holds: 'const definition: LayerDefinition<MaskingConfig>',
    reason: 'a part of a file, shown to be explained',
    excerptOf: 'src/layers/masking.ts',
  },
  {
    holds: 'export const maskingBackward: Backward<MaskingConfig>',
    reason: 'a part of a file, shown to be explained',
    excerptOf: 'src/layers/backward/masking.ts',
  },
  {
    holds: 'export function maskingBackward(mask: usize',
    reason: 'a kernel: AssemblyScript, which is no TypeScript',
    excerptOf: 'assembly/elementwise/masking-backward.ts',
  },
];

interface Block {
  /** File and line. */
  readonly where: string;
  readonly code: string;
  /** The block of plain text that follows after a line "prints …": what the code prints. */
  readonly printed: string | undefined;
}

const readmes = readdirSync(join(root, 'examples'), { recursive: true, encoding: 'utf8' })
  .filter((name) => basename(name) === 'README.md' && !name.includes('node_modules'))
  .map((name) => join('examples', name));
const pages = readdirSync(join(root, 'docs'))
  .filter((name) => name.endsWith('.md'))
  .map((name) => join('docs', name));
const files = ['README.md', ...pages, ...readmes];
const blocks = files.flatMap(blocksOf);
const excerpts = blocks.filter((block) => reasonFor(block) !== undefined);
const programs = blocks.filter((block) => reasonFor(block) === undefined);

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

test('at most three blocks are not run, and each of the list is there once', () => {
  expect(notRun.length).toBeLessThanOrEqual(3);
  for (const { holds } of notRun) expect(blocks.filter(({ code }) => code.includes(holds))).toHaveLength(1);
});

describe('runs', () => {
  test.each(programs)('$where', async ({ code, printed }) => {
    const found = await run(code);
    if (printed !== undefined) expect(fromFirstAddress(found)).toBe(fromFirstAddress(printed));
  });
});

describe('is a part of the file that it is taken from', () => {
  test.each(excerpts)('$where', (block) => {
    const file = reasonFor(block)?.excerptOf ?? '';
    expect(readFileSync(join(root, file), 'utf8')).toContain(block.code);
  });
});

describe('README names', () => {
  const section = /^## Layers\n(.*?)^## /ms.exec(readFileSync(join(root, 'README.md'), 'utf8'))?.[1] ?? '';
  const named = (text: string): string[] => Array.from(text.matchAll(/`(\w+)`/g), ([, name]) => name);

  test('every layer once', () => {
    const cells = Array.from(section.matchAll(/^\| (`[^|]*)\|/gm), ([, cell]) => cell);
    expect(cells.flatMap(named).sort()).toEqual(Object.keys(layers).sort());
  });

  test('every activation', () => {
    const names = named(/^- Activations: .*?^- /ms.exec(section)?.[0] ?? '');
    const aliases = ['swish', 'hardSwish'];
    expect(names.sort()).toEqual([...activationNames, ...inputActivationNames, ...aliases].sort());
  });
});

test('the page on training names every loss and metric once', () => {
  const page = readFileSync(join(root, 'docs/training.md'), 'utf8');
  const named = (of: string): string[] => {
    const [item = ''] = new RegExp(`^- \`${of}\`: .*?\\.\n`, 'ms').exec(page) ?? [];
    const withoutShortNames = item.slice(item.indexOf(':')).replaceAll(/\([^)]*\)/g, '');
    return Array.from(withoutShortNames.matchAll(/`(\w+)`/g), ([, name]) => name);
  };
  expect(named('losses').sort()).toEqual(Object.keys(losses).sort());
  expect(named('metrics').sort()).toEqual(Object.keys(metrics).sort());
});

function reasonFor({ code }: Block): (typeof notRun)[number] | undefined {
  return notRun.find(({ holds }) => code.includes(holds));
}

function blocksOf(file: string): Block[] {
  const text = readFileSync(join(root, file), 'utf8');
  const fences = /^```ts\n(.*?)^```$(?:\n\nprints [^\n]*\n\n```text\n(.*?)^```$)?/gms;
  return [...text.matchAll(fences)].map(({ index, 1: code = '', 2: printed }) => ({
    where: `${file}:${String(text.slice(0, index).split('\n').length)}`,
    code,
    printed,
  }));
}

const threads = join(root, 'dist/threads-node.js');

/** Runs a program in a process of its own, and gives what it prints. */
async function run(code: string): Promise<string> {
  const outfile = join(folder, `${String(programs.findIndex((block) => block.code === code))}.mjs`);
  // The names 'bucle', 'bucle/layers' … lead to src/ by the paths of tsconfig.json, as they do in type checking.
  await build({
    stdin: { contents: code, loader: 'ts', resolveDir: join(root, 'tests'), sourcefile: 'block.ts' },
    tsconfig: join(root, 'tsconfig.json'),
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['cli-progress'],
    // The script of a thread is what the build makes of it.
    alias: { '#threads': threads, '#worker-threads': threads },
    logLevel: 'silent',
  });
  return execFileSync(process.execPath, [...process.execArgv, outfile], { encoding: 'utf8', cwd: folder });
}

/** Text with every address counted from the lowest one: where a workspace's first block lies depends on the kernels. */
function fromFirstAddress(text: string): string {
  const address = /\b\d{4,}\b/g;
  const lowest = Math.min(...Array.from(text.matchAll(address), ([digits]) => Number(digits)));
  return text
    .replace(address, (digits) => `+${String(Number(digits) - lowest)}`)
    .replace(/ +/g, ' ')
    .trim();
}
