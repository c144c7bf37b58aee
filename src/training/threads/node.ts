import { Worker, type Transferable } from 'node:worker_threads';
import type { Port } from './port.js';

/** The script of a thread, src/worker/thread-node.ts, which the build puts in (scripts/bundle.mjs). */
declare const NODE_THREAD_SCRIPT: string;

/** Threads in Node, Deno and Bun; their script comes as text, so that bundled programs have it. Stands for `#threads` there. */
export function spawn(): Port {
  const worker = new Worker(NODE_THREAD_SCRIPT, { eval: true });
  return {
    post: (message, transfer = []) => {
      worker.postMessage(message, transfer as Transferable[]);
    },
    listen: (received, failed) => {
      worker.on('message', received);
      worker.on('error', failed);
      worker.on('exit', (code) => {
        failed(new Error(`a thread that trains ended with code ${code}`));
      });
    },
    close: async () => {
      await worker.terminate();
    },
  };
}
