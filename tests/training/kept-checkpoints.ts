/** Checkpoints of a running `fit`, after each batch and each epoch. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Callback, TrainEvent } from '../../src/index.js';

export interface KeptCheckpoints {
  readonly files: Uint8Array[];
  /** The last of the callbacks: what it saves holds the states of those before. */
  readonly callback: Callback;
  [Symbol.dispose](): void;
}

export function keepCheckpoints(): KeptCheckpoints {
  const folder = mkdtempSync(join(tmpdir(), 'bucle-checkpoints-'));
  const path = join(folder, 'checkpoint.safetensors');
  const files: Uint8Array[] = [];
  const save = async ({ training }: TrainEvent) => {
    await training.save(path);
    files.push(new Uint8Array(readFileSync(path)));
  };
  return {
    files,
    callback: { name: 'kept', onTrainBatchEnd: save, onEpochEnd: save },
    [Symbol.dispose]: () => {
      rmSync(folder, { recursive: true });
    },
  };
}
