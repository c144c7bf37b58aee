import { SingleBar } from 'cli-progress';
import { describe, lines, type Progress } from './progress.js';
import { TimeLeft } from './time-left.js';

/**
 * Progress in Node, Deno and Bun: a bar where standard error is a terminal, with the time that is left of the whole training. Stands for
 * `#progress` there.
 */
export function progressBar(stream: NodeJS.WriteStream = process.stderr): Progress {
  const bar = new SingleBar({
    format: '{title} [{bar}] {value}/{total} batches  {left}{text}',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 24,
    hideCursor: true,
    clearOnComplete: false,
    linewrap: false,
    stopOnComplete: false,
    forceRedraw: true,
    stream,
  });
  let timeLeft = new TimeLeft();
  let running = false;
  const start = (epoch: number, epochs: number, total: number): void => {
    bar.start(total, 0, { title: `epoch ${epoch + 1}/${epochs}`, left: '', text: '' });
    running = true;
  };
  return {
    batch: (epoch, epochs, done, total, logs) => {
      if (total === null) {
        // What is left is guessed from those that come once the total is known.
        timeLeft = new TimeLeft();
        return;
      }
      if (!running) start(epoch, epochs, total);
      bar.update(done, { left: `${timeLeft.after(epoch, epochs, done, total)} left  `, text: describe(logs) });
    },
    epoch: (_epoch, _epochs, logs) => {
      if (!running) return;
      // What the last line of an epoch says stays on the screen: there is no more time left of it.
      bar.update({ left: '', text: describe(logs) });
      bar.stop();
      running = false;
    },
    note: (text) => {
      if (running) bar.stop();
      running = false;
      stream.write(`${text}\n`);
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
