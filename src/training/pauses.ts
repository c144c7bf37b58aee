/** How long training may hold the event loop, in ms. */
const holdTime = 30;

/** An AbortSignal, by what is used of it: declarations need ECMAScript's types alone. */
export interface Signal {
  readonly aborted: boolean;
  /** As a rule an error; libraries say `any`. */
  readonly reason: Error;
  throwIfAborted(): void;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** Where a training may be left for a while, or for good. */
export class Pauses {
  readonly #signal: Signal | undefined;
  #last = Date.now();

  constructor(signal: Signal | undefined) {
    this.#signal = signal;
  }

  /** Lets other tasks run when training has held the event loop for long enough; throws the reason of a signal that came. */
  async pause(): Promise<void> {
    if (Date.now() - this.#last >= holdTime) {
      await new Promise<void>((resolve) => {
        setTimeout(resolve, 0);
      });
      this.#last = Date.now();
    }
    this.#signal?.throwIfAborted();
  }
}

/** What is waited for; or the reason of a signal that came first. What came of it is nobody's concern then. */
export async function unlessAborted<T>(signal: Signal | undefined, waitedFor: T | PromiseLike<T>): Promise<T> {
  if (signal === undefined) return waitedFor;
  signal.throwIfAborted();
  let leave = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    leave = () => {
      reject(signal.reason);
    };
  });
  signal.addEventListener('abort', leave);
  try {
    return await Promise.race([waitedFor, aborted]);
  } finally {
    signal.removeEventListener('abort', leave);
  }
}
