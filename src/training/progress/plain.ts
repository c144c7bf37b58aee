import { lines, type Progress } from './progress.js';

/** Progress where there is no terminal to draw in: browsers, workers, edge runtimes. Stands for `#progress` there. */
export function progressBar(): Progress {
  return progressLines();
}

export function progressLines(): Progress {
  return lines((line) => {
    console.log(line);
  });
}

/** Whether a bar can be drawn. */
export function isTerminal(): boolean {
  return false;
}
