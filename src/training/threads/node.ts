import { Worker, type Transferable } from 'node:worker_threads';
import type { Port } from './port.js';

/** Threads in Node, Deno and Bun. Stands for `#threads` there. */
export function spawn(): Port {
  const worker = new Worker(new URL('./thread.js', import.meta.url));
  return {
    post: (message, transfer = []) => {
      worker.postMessage(message, transfer as Transferable[]);
    },
    listen: (received, failed) => {
      worker.on('message', received);
      worker.on('error', failed);
      worker.on('exit', (code) => {
        failed(new Error(`a thread ended with code ${code}`));
      });
    },
    close: async () => {
      await worker.terminate();
    },
  };
}
