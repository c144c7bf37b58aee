import { spawn } from '#worker-threads';
import type { TensorsLike } from '../graph/inputs.js';
import { mismatch, refuse } from '../options/options.js';
import { known } from '../plan/known.js';
import { isBatches, type Batches } from '../training/batches.js';
import { progressFor, readFitOptions, threadsFor, type FitOptions } from '../training/fit.js';
import { readGiven, type GivenData } from '../training/given-data.js';
import type { History } from '../training/history.js';
import type { Progress } from '../training/progress/progress.js';
import { Line, receivedError, sentError, type Answer, type SentError } from '../training/threads/line.js';
import type { LentModel, TrainedElsewhere } from '../training/lent-model.js';
import { TrainableModel } from '../training/trainable-model.js';
import { Hooks, nonFinite } from './hooks.js';
import { LentBatches } from './lent-batches.js';
import type {
  AbortQuestion,
  Ask,
  BatchesQuestion,
  FitOutcome,
  FitQuestion,
  HelpQuestion,
  HookAnswer,
  HookQuestion,
  ProgressQuestion,
} from './messages.js';
import { plain } from './plain.js';

type Question = HookQuestion | BatchesQuestion | ProgressQuestion;

/**
 * `model.fit` in threads of its own, so that this one stays free: a page goes on to answer, a server to serve. Arguments, result, bits and
 * errors are those of `model.fit`, with `workers` as many threads as it says, by default one. While it runs, `model` has the weights it
 * began with, or those of the last hook that was called here, and the optimizer that it began with, which is then not to be asked, saved or
 * changed; in the end it has what came of it, optimizer included.
 *
 * Arrays are copied to the thread; batches to iterate over are asked for here, as they are needed. Callbacks that are data, such as
 * `callbacks.earlyStopping`, run there; hooks of one's own run here, and training waits for them.
 * @throws Error for what no file can hold, such as a schedule that is a function, and in runtimes without threads.
 */
export function fit(model: TrainableModel, x: TensorsLike, y: TensorsLike, options?: FitOptions): Promise<History>;
/** Over batches to iterate over: [x, y] or [x, y, sampleWeight] each. */
export function fit(model: TrainableModel, batches: Batches, options?: FitOptions): Promise<History>;
export async function fit(
  model: TrainableModel,
  ...args: [TensorsLike | Batches, (TensorsLike | FitOptions)?, FitOptions?]
): Promise<History> {
  if (!(model instanceof TrainableModel)) mismatch('fit', 'a model of bucle', typeof model);
  const { given, options } = readGiven<FitOptions>(model.outputNames, [args[0], args[1], args[2]]);
  const elsewhere = new FitElsewhere(model, given, options);
  await model.fitElsewhere((lent) => elsewhere.run(lent));
  return elsewhere.history;
}

/** One `fit` that runs in another thread, seen from this one. */
class FitElsewhere {
  readonly #model: TrainableModel;
  readonly #given: GivenData;
  readonly #options: FitOptions;
  readonly #where: string;
  readonly #batches: LentBatches;
  /** What a hook or the user's batches threw: the training ends with it. */
  #thrown: { readonly error: unknown } | undefined;
  #outcome: FitOutcome | undefined;

  constructor(model: TrainableModel, given: GivenData, options: FitOptions) {
    this.#model = model;
    this.#given = given;
    this.#options = options;
    this.#where = `${model.name}: fit`;
    const training = 'batches' in given ? given.batches : undefined;
    this.#batches = new LentBatches(this.#where, { training, validation: options.validationData });
  }

  /** Of a training that has ended. @throws what it ended with */
  get history(): History {
    const { history, error, isAborted } = known(this.#outcome, 'a training that has ended');
    if (history !== null) return history;
    if (isAborted) this.#options.signal?.throwIfAborted();
    if (this.#thrown !== undefined) throw this.#thrown.error;
    throw nonFinite(known(error, 'an error'));
  }

  /** Gives what the model has become; null: nothing new. */
  async run(lent: LentModel): Promise<TrainedElsewhere | null> {
    const { workers = 1, batchSize, verbose, signal, callbacks } = readFitOptions(this.#where, this.#options);
    const largest = 'batches' in this.#given ? null : this.#model.trainer.batchSizeOf(this.#where, batchSize);
    const threads = threadsFor(workers, largest);
    const ask: Ask = (question) => training.ask(question);
    const hooks: Hooks = new Hooks(`${this.#where}: callbacks`, callbacks, this.#model, lent, ask);
    signal?.throwIfAborted();
    const progress = progressFor(verbose);
    const training: Line = new Line(spawn(), (question: Question) => this.#answer(question, hooks, progress));
    const helpers: Line[] = [];
    const abort = (): void => {
      // It may have ended meanwhile.
      training.ask({ kind: 'abort' } satisfies AbortQuestion).catch(() => undefined);
    };
    // Before anything is waited for: an abort in between would be missed.
    signal?.addEventListener('abort', abort);
    try {
      while (helpers.length < threads - 1) {
        helpers.push(new Line(spawn(), () => refuse(this.#where, 'no question', 'one')));
      }
      const ports = await Promise.all(helpers.map(portTo));
      const trained = training.ask(this.#question(lent, hooks, ports), [lent.file.buffer as ArrayBuffer, ...ports]);
      // A port to a thread that is no more is silent: who started the thread knows.
      this.#outcome = (await Promise.race([trained, ...helpers.map(({ ended }) => ended)])) as FitOutcome;
      return this.#outcome.trained;
    } finally {
      progress.close();
      signal?.removeEventListener('abort', abort);
      this.#batches.close();
      await Promise.all([training, ...helpers].map((line) => line.close()));
    }
  }

  #question({ file, build }: LentModel, { sent }: Hooks, ports: readonly MessagePort[]): FitQuestion {
    return {
      kind: 'fit',
      module: build.module(),
      arithmetic: build.arithmetic,
      file,
      data: this.#sentData(),
      validationData: this.#sentValidation(),
      options: this.#sentOptions(),
      callbacks: sent,
      ports,
    };
  }

  #sentData(): FitQuestion['data'] {
    if ('batches' in this.#given) return 'batches';
    const { x, y } = this.#given;
    return { arrays: [plain(x, this.#where), plain(y, `${this.#where}: targets`)] };
  }

  #sentValidation(): FitQuestion['validationData'] {
    const { validationData } = this.#options;
    if (validationData === undefined) return null;
    if (isBatches(validationData)) return 'batches';
    return { arrays: plain(validationData, `${this.#where}: validationData`) as typeof validationData };
  }

  #sentOptions(): FitOptions {
    const sent = Object.entries(this.#options).filter(([name]) => !notSent.has(name));
    return Object.fromEntries(sent.map(([name, value]) => [name, plain(value, `${this.#where}: ${name}`)]));
  }

  async #answer(question: Question, hooks: Hooks, progress: Progress): Promise<Answer> {
    switch (question.kind) {
      case 'hook': {
        const error = await this.#caught(() => hooks.call(question));
        return { value: { report: hooks.report(), error } satisfies HookAnswer };
      }
      case 'begin':
      case 'next':
      case 'leave': {
        let value: unknown;
        const error = await this.#caught(async () => {
          value = await this.#batches.answer(question);
        });
        if (error !== null) throw receivedError(error);
        return { value };
      }
      case 'batch':
        progress.batch(...question.at);
        break;
      case 'epoch':
        progress.epoch(...question.at);
        break;
      case 'note':
        progress.note(...question.at);
        break;
    }
    return { value: null };
  }

  /** What the user's code throws is kept: what is sent of it says less. */
  async #caught(run: () => Promise<void>): Promise<SentError | null> {
    try {
      await run();
      return null;
    } catch (error) {
      this.#thrown ??= { error };
      return sentError(error);
    }
  }
}

/** Options that stay here, or are sent apart. */
const notSent: ReadonlySet<string> = new Set(['callbacks', 'signal', 'validationData']);

/** The other end of a port that is handed to a thread, which helps whoever has it. */
async function portTo(helper: Line): Promise<MessagePort> {
  const { port1, port2 } = new MessageChannel();
  await helper.ask({ kind: 'help', port: port1 } satisfies HelpQuestion, [port1]);
  return port2;
}
