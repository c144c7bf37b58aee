/** Training that is killed at any moment, and started again each time, ends with the bits of one that was left alone. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadModel } from '../../src/index.js';
import { bundleChild, type Child } from '../child-process.js';
import { createRandom } from '../random.js';

const kills = 50;
const folder = mkdtempSync(join(tmpdir(), 'bucle-kill-'));
const path = join(folder, 'backup.safetensors');
let child: Child;

beforeAll(async () => {
  child = await bundleChild(new URL('train-with-backups.ts', import.meta.url));
});
afterAll(() => {
  child[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});

/** Runs the training and kills it after some milliseconds; what it printed, if it was done before. */
async function runFor(milliseconds: number): Promise<string | null> {
  const running = spawn(process.execPath, [child.path, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  running.stdout.on('data', (text: Buffer) => (printed += text.toString()));
  const ended = new Promise<NodeJS.Signals | null>((resolve) => {
    running.on('close', (_code, signal) => {
      resolve(signal);
    });
  });
  const timer = setTimeout(() => running.kill('SIGKILL'), milliseconds);
  const signal = await ended;
  clearTimeout(timer);
  return signal === null ? printed.trim() : null;
}

test(`a training that is killed ${kills} times`, { timeout: 120_000 }, async () => {
  const undisturbed = child.run([join(folder, 'undisturbed.safetensors')]).trim();
  expect(undisturbed).toMatch(/^[0-9a-f]{64}$/);
  const random = createRandom(61);
  const ends: string[] = [];
  const places = new Set<string>();
  for (let killed = 0; killed < kills;) {
    const printed = await runFor(random.uniform(80, 260));
    if (printed !== null) {
      // It was done: once more from the start.
      ends.push(printed);
      rmSync(path);
      continue;
    }
    killed++;
    if (!existsSync(path)) continue;
    // No moment leaves a file that cannot be read.
    const bytes = new Uint8Array(readFileSync(path));
    loadModel(bytes);
    places.add(/"batch\\*":\d+/.exec(new TextDecoder('latin1').decode(bytes.subarray(0, 20_000)))?.[0] ?? '');
  }
  ends.push(child.run([path]).trim());
  expect(new Set(ends)).toEqual(new Set([undisturbed]));
  expect(places.size).toBeGreaterThan(1);
  // Temporary files of killed processes may lie there, but under other names.
  expect(readdirSync(folder)).toContain('backup.safetensors');
});

test('a resume that forgets the optimizer’s state ends with another hash', () => {
  const half = join(folder, 'half.safetensors');
  child.run([half, 'half']);
  const undisturbed = readFileSync(join(folder, 'undisturbed.safetensors'));
  expect(undisturbed.length).toBeGreaterThan(0);
  expect(child.run([half, 'forget'])).not.toBe(child.run([join(folder, 'undisturbed.safetensors')]));
});
