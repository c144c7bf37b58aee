/** The threads that a test starts. */
import type { Worker } from 'node:worker_threads';

export interface WatchedThreads {
  /** In the order in which they were started. */
  readonly all: readonly Worker[];
  /** Those that have not ended. */
  readonly alive: readonly Worker[];
  [Symbol.dispose](): void;
}

export function watchThreads(): WatchedThreads {
  const all: Worker[] = [];
  const add = (worker: Worker) => void all.push(worker);
  process.on('worker', add);
  return {
    all,
    // A thread that has ended has lost its number.
    get alive() {
      return all.filter(({ threadId }) => threadId !== -1);
    },
    [Symbol.dispose]: () => {
      process.off('worker', add);
    },
  };
}
