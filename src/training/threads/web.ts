import type { Port } from './port.js';

/** The script of a thread, src/worker/thread-web.ts, which the build puts in (scripts/bundle.mjs). */
declare const THREAD_SCRIPT: string;

/** Web Workers; their script comes as text, so that no file has to be served and no bundler told. Stands for `#threads` of `bucle/worker`. */
export function spawn(): Port {
  if (typeof Worker === 'undefined') throw new Error('bucle/worker: this runtime has no threads');
  const url = URL.createObjectURL(new Blob([THREAD_SCRIPT], { type: 'text/javascript' }));
  const worker = new Worker(url);
  return {
    post: (message, transfer = []) => {
      worker.postMessage(message, transfer as Transferable[]);
    },
    listen: (received, failed) => {
      worker.addEventListener('message', ({ data }) => {
        received(data);
      });
      worker.addEventListener('error', ({ message }) => {
        failed(
          new Error(`bucle/worker: the thread: ${message || 'could not be started (is worker-src blob: allowed?)'}`),
        );
      });
    },
    close: () => {
      worker.terminate();
      URL.revokeObjectURL(url);
      return Promise.resolve();
    },
  };
}
