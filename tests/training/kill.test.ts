/** Training that is killed at any moment, and started again each time, ends with the bits of one that was left alone. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadModel } from '../../src/index.js';
import { readSafetensors } from '../../src/formats/load-safetensors.js';
import { writeSafetensors } from '../../src/formats/safetensors.js';
import { bundleChild, type Child } from '../child-process.js';
import { createRandom } from '../random.js';

const kills = 50;
const folder = mkdtempSync(join(tmpdir(), 'bucle-kill-'));
let child: Child;

beforeAll(async () => {
  child = await bundleChild(new URL('train-with-backups.ts', import.meta.url));
});
afterAll(() => {
  child[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});

const filesOf = (name: string) => [join(folder, `${name}.safetensors`), join(folder, `${name}.csv`)] as const;

const hashIn = (printed: string) => /^[0-9a-f]{64}$/m.exec(printed)?.[0] ?? 'none';

/** Trains to the end; gives the hash of the weights and what was logged. */
function finish(name: string): { hash: string; log: string } {
  const files = filesOf(name);
  const hash = hashIn(child.run(files));
  return { hash, log: readFileSync(files[1], 'utf8') };
}

/** Trains, and kills it some milliseconds after its start; false: it was done before. */
async function kill(name: string, milliseconds: number): Promise<boolean> {
  const running = spawn(process.execPath, [child.path, ...filesOf(name)], { stdio: ['ignore', 'pipe', 'inherit'] });
  running.stdout.once('data', () => {
    setTimeout(() => running.kill('SIGKILL'), milliseconds);
  });
  const signal = await new Promise((resolve) => {
    running.on('close', (_code, signal) => {
      resolve(signal);
    });
  });
  return signal === 'SIGKILL';
}

/** Where a backup goes on, as its header says it; null: there is none yet. */
function placeIn(bytes: Uint8Array | null): string | null {
  if (bytes === null) return null;
  const { place } = JSON.parse(readSafetensors('test', bytes).metadata.training) as {
    place: { epoch: number; batch: number };
  };
  return `${place.epoch}, ${place.batch}`;
}

function readIfThere(path: string): Uint8Array | null {
  try {
    return new Uint8Array(readFileSync(path));
  } catch {
    return null;
  }
}

test(`a training that is killed ${kills} times`, async () => {
  const undisturbed = finish('undisturbed');
  expect(undisturbed.hash).not.toBe('none');
  expect(undisturbed.log.trim().split('\n')).toHaveLength(101);
  const random = createRandom(61);
  const [backup, log] = filesOf('killed');
  const places = new Set<string | null>();
  for (let killed = 0; killed < kills;) {
    if (await kill('killed', random.uniform(0, 60))) {
      killed++;
      // No moment leaves a file that cannot be read.
      const bytes = readIfThere(backup);
      if (bytes !== null) loadModel(bytes);
      places.add(placeIn(bytes));
      continue;
    }
    // It came to its end under way: once more from the start.
    expect(finish('killed')).toEqual(undisturbed);
    for (const path of [backup, log]) rmSync(path);
  }
  expect(finish('killed')).toEqual(undisturbed);
  // How many there are depends on the machine.
  expect(places.size).toBeGreaterThan(2);
});

test('a resume that forgets what the optimizer remembers, and nothing else, ends with other weights', async () => {
  const [backup] = filesOf('half');
  while (readIfThere(backup) === null) await kill('half', 40);
  const { tensors, metadata } = readSafetensors('test', new Uint8Array(readFileSync(backup)));
  const { hash } = finish('half');
  expect(hash).toBe(finish('undisturbed').hash);
  for (const { name, data } of tensors) if (name.startsWith('training:optimizer')) data.fill(0);
  writeFileSync(filesOf('forgetful')[0], writeSafetensors({ tensors, metadata }));
  expect(finish('forgetful').hash).not.toBe(hash);
});
