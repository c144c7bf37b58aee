import { kernelBuild } from '../kernels/build.js';
import { known } from '../plan/known.js';
import type { AnyIterable, Batch, Batches } from '../training/batches.js';
import type { Callback } from '../training/callbacks/callback.js';
import type { FitHost, FitOptions } from '../training/fit.js';
import { loadWith } from '../training/load-with.js';
import type { Progress } from '../training/progress/progress.js';
import { sentError, type Answer } from '../training/threads/line.js';
import { portOf, type MessageTarget } from '../training/threads/port.js';
import type {
  Ask,
  BatchesOf,
  FitOutcome,
  FitQuestion,
  ProgressQuestion,
  SaveQuestion,
  SteerQuestion,
} from './messages.js';
import { SentHooks } from './sent-hooks.js';

/** How often the number of batches is told, in ms. */
const progressTime = 50;

/** Trains a model that another thread has lent. */
export class TrainingThread {
  readonly #ask: Ask;
  readonly #abort = new AbortController();
  #hooks: SentHooks | undefined;
  #hasBegun = false;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  abort(): void {
    this.#abort.abort();
  }

  async save(question: SaveQuestion): Promise<Answer> {
    await known(this.#hooks, 'hooks').save(question);
    return { value: null };
  }

  steer({ report }: SteerQuestion): void {
    known(this.#hooks, 'hooks').take(report);
  }

  async fit({
    module,
    arithmetic,
    file,
    data,
    validationData,
    options,
    callbacks,
    ports,
  }: FitQuestion): Promise<Answer> {
    const model = loadWith(
      kernelBuild(arithmetic, true, () => module),
      file,
    );
    const hooks = (this.#hooks = new SentHooks(this.#ask, model));
    const own: FitOptions = {
      ...options,
      signal: this.#abort.signal,
      callbacks: callbacks.map((given): Callback | Exclude<typeof given, { number: number }> =>
        'number' in given ? hooks.callbackOf(given) : given,
      ),
      ...(validationData !== null && {
        validationData: validationData === 'batches' ? this.#batches('validation') : validationData.arrays,
      }),
    };
    const host: FitHost = {
      progress: this.#progress(),
      ports: ports.map((port) => portOf(port as unknown as MessageTarget)),
      begun: () => {
        this.#hasBegun = true;
      },
    };
    let came: Pick<FitOutcome, 'history' | 'error' | 'isAborted'>;
    try {
      const args = data === 'batches' ? [this.#batches('training'), own] : [...data.arrays, own];
      const { epoch, history, notes } = await model.fitFor(host, args as unknown as Parameters<typeof model.fitFor>[1]);
      came = { history: { epoch, history, notes }, error: null, isAborted: false };
    } catch (thrown) {
      came = { history: null, error: sentError(thrown), isAborted: thrown === this.#abort.signal.reason };
    }
    if (!this.#hasBegun) return { value: { ...came, trained: null } satisfies FitOutcome };
    const after = model.toSafetensors({ optimizer: true });
    const trained = { file: after, gradientNorm: model.optimizer.gradientNorm };
    return { value: { ...came, trained } satisfies FitOutcome, transfer: [after.buffer as ArrayBuffer] };
  }

  #progress(): Progress {
    let last = 0;
    const tell = (question: ProgressQuestion): void => {
      // Nobody waits for it, nor is anything lost where it is not seen.
      this.#ask(question).catch(() => undefined);
    };
    return {
      batch: (...at) => {
        const now = Date.now();
        if (now - last < progressTime) return;
        last = now;
        tell({ kind: 'batch', at });
      },
      epoch: (...at) => {
        tell({ kind: 'epoch', at });
      },
      note: (...at) => {
        tell({ kind: 'note', at });
      },
      // The other thread knows when all is over.
      close: () => undefined,
    };
  }

  /** What the other thread iterates over. */
  #batches(of: BatchesOf): Batches {
    const ask = this.#ask;
    return (epoch: number): AnyIterable => ({
      async *[Symbol.asyncIterator]() {
        await ask({ kind: 'begin', of, epoch });
        let done = false;
        try {
          for (;;) {
            const next = (await ask({ kind: 'next', of })) as { value: Batch } | null;
            done = next === null;
            if (next === null) return;
            yield next.value;
          }
        } finally {
          if (!done) await ask({ kind: 'leave', of });
        }
      },
    });
  }
}
