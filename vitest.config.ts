import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string) => fileURLToPath(new URL(`src/${path}`, import.meta.url));
// Relaxed SIMD is behind a flag in Node 20; newer versions have it, and refuse to start with a flag they have dropped.
const needsFlag = process.versions.node.startsWith('20.');

export default defineConfig({
  resolve: {
    alias: [
      { find: '#progress', replacement: source('training/progress/terminal.ts') },
      { find: '#files', replacement: source('training/files/file-system.ts') },
      // A thread starts from a file of its own: the built one.
      { find: /^#(worker-)?threads$/, replacement: fileURLToPath(new URL('dist/threads-node.js', import.meta.url)) },
      { find: /^bucle$/, replacement: source('index.ts') },
      { find: /^bucle\/layers$/, replacement: source('layers/index.ts') },
      { find: /^bucle\/(\w+)$/, replacement: source('$1.ts') },
    ],
  },
  test: {
    include: ['tests/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'tests/runtimes/**'],
    pool: 'forks',
    execArgv: needsFlag ? ['--experimental-wasm-relaxed-simd'] : [],
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
