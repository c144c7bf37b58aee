import type { Logs } from '../history.js';

/** Shows how a training goes. */
export interface Progress {
  /** `done` of `total` batches of epoch `epoch` (counted from 0) of `epochs`; null: nobody knows yet of how many. */
  batch(epoch: number, epochs: number, done: number, total: number | null, logs: Logs): void;
  epoch(epoch: number, epochs: number, logs: Logs): void;
  /** A line of its own, between the others. */
  note(text: string): void;
  /** Called in the end, also after an error. */
  close(): void;
}

export const silent: Progress = {
  batch: () => undefined,
  epoch: () => undefined,
  note: () => undefined,
  close: () => undefined,
};

/** One plain line an epoch: for logs, pipes and runtimes without a terminal. */
export function lines(print: (line: string) => void): Progress {
  return {
    batch: () => undefined,
    epoch: (epoch, epochs, logs) => {
      print(`epoch ${epoch + 1}/${epochs}  ${describe(logs)}`);
    },
    note: print,
    close: () => undefined,
  };
}

/** loss 0.1234  valLoss 0.2345 */
export function describe(logs: Logs): string {
  return Object.entries(logs)
    .map(([name, value]) => `${name} ${value.toPrecision(4)}`)
    .join('  ');
}
