import '@tensorflow/tfjs-backend-cpu';
import { setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { env, setBackend } from '@tensorflow/tfjs-core';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { packageVersion } from './package-version.js';

export type Backend = 'wasm' | 'cpu';

const require = createRequire(import.meta.url);

env().set('PROD', true); // No advice on the console.
setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm'))}/`);
setThreadsCount(1);

/** The backend is global: each batch of calls chooses its own. */
export async function useBackend(backend: Backend): Promise<void> {
  if (!(await setBackend(backend))) throw new Error(`TensorFlow.js could not start its ${backend} backend`);
}

export function tfjsVersions(backend: Backend): Record<string, string> {
  const names = ['@tensorflow/tfjs-core', '@tensorflow/tfjs-layers', `@tensorflow/tfjs-backend-${backend}`];
  return Object.fromEntries(names.map((name) => [name, packageVersion(name)]));
}
