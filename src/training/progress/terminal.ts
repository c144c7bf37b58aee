import { SingleBar } from 'cli-progress';
import { describe, lines, type Progress } from './progress.js';

/** Progress in Node, Deno and Bun: a bar where standard error is a terminal. Stands for `#progress` there. */
export function progressBar(): Progress {
  const bar = new SingleBar({
    format: '{title} [{bar}] {value}/{total} batches  {text}',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 24,
    hideCursor: true,
    clearOnComplete: false,
    linewrap: false,
    stopOnComplete: false,
    forceRedraw: true,
  });
  let running = false;
  const start = (epoch: number, epochs: number, total: number): void => {
    bar.start(total, 0, { title: `epoch ${epoch + 1}/${epochs}`, text: '' });
    running = true;
  };
  return {
    batch: (epoch, epochs, done, total, logs) => {
      if (!running) start(epoch, epochs, total);
      bar.update(done, { text: describe(logs) });
    },
    epoch: (_epoch, _epochs, logs) => {
      if (!running) return;
      bar.update({ text: describe(logs) });
      bar.stop();
      running = false;
    },
    close: () => {
      if (running) bar.stop();
      running = false;
    },
  };
}

export function progressLines(): Progress {
  return lines((line) => {
    process.stderr.write(`${line}\n`);
  });
}

/** Whether a bar can be drawn. */
export function isTerminal(): boolean {
  return process.stderr.isTTY;
}
