import type { Port } from './port.js';

/** A question, an answer, or why there is none. */
type Message =
  | { readonly id: number; readonly question: unknown }
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly error: SentError };

/** An error between threads: what is sent of one otherwise has lost its class and its fields. */
export interface SentError {
  readonly kind: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** What a question is answered with, and which buffers of it are handed over. */
export interface Answer {
  readonly value: unknown;
  readonly transfer?: readonly Transferable[];
}

/** Questions and answers between two threads. */
export class Line {
  readonly #port: Port;
  readonly #waiting = new Map<number, Waiting>();
  #asked = 0;
  #failure: Error | undefined;
  #end: (error: Error) => void = () => undefined;
  /** Rejects when the other end is no more, where that can be known: for those who ask it nothing meanwhile. */
  readonly ended: Promise<never>;

  /** @param answer what the other end's questions are answered with */
  constructor(port: Port, answer: (question: never) => Answer | Promise<Answer>) {
    this.#port = port;
    this.ended = new Promise((_, reject) => {
      this.#end = reject;
    });
    // Nobody need wait for it.
    this.ended.catch(() => undefined);
    port.listen(
      (message) => {
        this.#receive(message as Message, answer as (question: unknown) => Answer | Promise<Answer>);
      },
      (error) => {
        this.#fail(error);
      },
    );
  }

  /** Rejects with what the other end throws, or when it is no more. */
  ask(question: unknown, transfer: readonly Transferable[] = []): Promise<unknown> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const id = this.#asked++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      try {
        this.#port.post({ id, question } satisfies Message, transfer);
      } catch (error) {
        this.#waiting.delete(id);
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
  }

  /** Ends the other end; what is waited for is rejected. */
  async close(): Promise<void> {
    this.#fail(new Error('a thread was ended'));
    await this.#port.close();
  }

  #receive(message: Message, answer: (question: unknown) => Answer | Promise<Answer>): void {
    const { id } = message;
    if ('question' in message) {
      void this.#answer(id, message.question, answer);
      return;
    }
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if ('error' in message) waiting?.reject(receivedError(message.error));
    else waiting?.resolve(message.answer);
  }

  async #answer(id: number, question: unknown, answer: (question: unknown) => Answer | Promise<Answer>): Promise<void> {
    try {
      const { value, transfer } = await answer(question);
      this.#port.post({ id, answer: value } satisfies Message, transfer);
    } catch (error) {
      this.#port.post({ id, error: sentError(error) } satisfies Message);
    }
  }

  #fail(error: Error): void {
    // The first says why; an end that follows it says less.
    this.#failure ??= error;
    this.#end(error);
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

/** Of fields: what can always be sent. */
const sentTypes: ReadonlySet<string> = new Set(['string', 'number', 'boolean', 'bigint', 'undefined']);

export function sentError(error: unknown): SentError {
  if (!(error instanceof Error)) return { kind: 'Error', message: String(error), fields: {} };
  const fields = Object.entries(error).filter(([name, value]) => name !== 'name' && sentTypes.has(typeof value));
  return { kind: error.name, message: error.message, fields: Object.fromEntries(fields) };
}

const kinds = { TypeError, RangeError, SyntaxError };

export function receivedError({ kind, message, fields }: SentError): Error {
  const make = Object.hasOwn(kinds, kind) ? kinds[kind as keyof typeof kinds] : Error;
  const error = Object.assign(new make(message), fields);
  if (error.name !== kind) Object.defineProperty(error, 'name', { value: kind, configurable: true });
  return error;
}
