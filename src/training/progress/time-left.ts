/** Guesses how long a training still takes from how long it has taken since it began, validation included. */
export class TimeLeft {
  readonly #now: () => number;
  readonly #started: number;
  /** Batches that had been trained before: a resumed training does not begin at the first. */
  #before: number | undefined;

  /** @param now milliseconds */
  constructor(now: () => number = Date.now) {
    this.#now = now;
    this.#started = now();
  }

  /** As text, once `done` of `total` batches of epoch `epoch` (counted from 0) of `epochs` are trained. */
  after(epoch: number, epochs: number, done: number, total: number): string {
    const place = epoch * total + done;
    this.#before ??= place - 1;
    const perBatch = (this.#now() - this.#started) / (place - this.#before);
    return clock(Math.round(((epochs * total - place) * perBatch) / 1000));
  }
}

/** 0:07, 12:30, 1:00:00 */
function clock(seconds: number): string {
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const [first, ...rest] = seconds < 3600 ? parts.slice(1) : parts;
  return [first, ...rest.map((part) => String(part).padStart(2, '0'))].join(':');
}
