/** One end of what two threads send each other messages through: a worker, a worker's own scope, a port of a channel. */
export interface Port {
  /** What is sent is copied (structured clone), but for the buffers and ports to transfer. */
  post(message: unknown, transfer?: readonly object[]): void;
  /** @param failed called when the other end is no more, where that can be known */
  listen(received: (message: unknown) => void, failed: (error: Error) => void): void;
  /** Ends a thread that is at the other end. */
  close(): Promise<void>;
}

/** What `MessagePort`, and the scope of a web worker, have in common. */
export interface MessageTarget {
  postMessage(message: unknown, transfer: object[]): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
  /** Ports only: messages wait until it is called. */
  start?(): void;
  close?(): void;
}

export function portOf(target: MessageTarget): Port {
  return {
    post: (message, transfer = []) => {
      target.postMessage(message, [...transfer]);
    },
    listen: (received) => {
      target.addEventListener('message', ({ data }) => {
        received(data);
      });
      target.start?.();
    },
    close: () => {
      target.close?.();
      return Promise.resolve();
    },
  };
}
