/** How long training may hold the event loop, in ms. */
const holdTime = 30;

/** Where a training may be left for a while, or for good. */
export class Pauses {
  readonly #signal: AbortSignal | undefined;
  #last = Date.now();

  constructor(signal: AbortSignal | undefined) {
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
export async function unlessAborted<T>(signal: AbortSignal | undefined, waitedFor: T | PromiseLike<T>): Promise<T> {
  if (signal === undefined) return waitedFor;
  signal.throwIfAborted();
  let leave = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    leave = () => {
      reject(signal.reason as Error);
    };
  });
  signal.addEventListener('abort', leave);
  try {
    return await Promise.race([waitedFor, aborted]);
  } finally {
    signal.removeEventListener('abort', leave);
  }
}
