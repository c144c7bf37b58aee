import { spawn } from '#worker-threads';
import type { TensorsLike } from '../graph/inputs.js';
import { mismatch, refuse } from '../options/options.js';
import { known } from '../plan/known.js';
import { isTensorObject } from '../tensors/tensor.js';
import { isBatches, iterableOf, iteratorOf, type Batch, type Batches } from '../training/batches.js';
import { progressFor, readFitOptions, type FitOptions } from '../training/fit.js';
import { readGiven, type GivenData } from '../training/given-data.js';
import type { History } from '../training/history.js';
import type { Progress } from '../training/progress/progress.js';
import { Line, type Answer } from '../training/threads/line.js';
import { TrainableModel, type LentModel } from '../training/trainable-model.js';
import { Hooks, nonFinite } from './hooks.js';
import type {
  BatchesOf,
  BatchesQuestion,
  FitOutcome,
  FitQuestion,
  HelpQuestion,
  HookQuestion,
  ProgressQuestion,
  SaveQuestion,
} from './messages.js';

type Question = HookQuestion | BatchesQuestion | ProgressQuestion;

/**
 * `model.fit` in threads of its own, so that this one stays free: a page goes on to answer, a server to serve. Arguments, result, bits and
 * errors are those of `model.fit`, with `workers` as many threads as it says, by default one. While it runs, `model` has the weights it
 * began with (hooks of callbacks see those of their moment); in the end it has what came of it, optimizer included.
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
  readonly #iterators = new Map<BatchesOf, AsyncIterator<Batch> | Iterator<Batch>>();
  /** What a hook or the user's batches threw: the training ends with it. */
  #thrown: { readonly error: unknown } | undefined;
  #outcome: FitOutcome | undefined;

  constructor(model: TrainableModel, given: GivenData, options: FitOptions) {
    this.#model = model;
    this.#given = given;
    this.#options = options;
  }

  /** Of a training that has ended. @throws what it ended with */
  get history(): History {
    const { history, error } = known(this.#outcome, 'a training that has ended');
    if (history !== null) return history;
    this.#options.signal?.throwIfAborted();
    if (this.#thrown !== undefined) throw this.#thrown.error;
    throw nonFinite(known(error ?? undefined, 'an error'));
  }

  /** Gives what the model has become. */
  async run(lent: LentModel): Promise<FitOutcome> {
    const where = `${this.#model.name}: fit`;
    const { workers = 1, verbose, signal, callbacks } = readFitOptions(where, this.#options);
    signal?.throwIfAborted();
    const save = (question: SaveQuestion): Promise<unknown> => training.ask(question);
    const hooks: Hooks = new Hooks(`${where}: callbacks`, callbacks, this.#model, save);
    const progress = progressFor(verbose);
    const training: Line = new Line(spawn(), (question: Question) => this.#answer(question, lent, hooks, progress));
    const helpers: Line[] = [];
    const abort = (): void => {
      void training.ask({ kind: 'abort' });
    };
    try {
      const ports: MessagePort[] = [];
      for (let i = 1; i < workers; i++) {
        const { port1, port2 } = new MessageChannel();
        const helper = new Line(spawn(), () => refuse(where, 'no question', 'one'));
        helpers.push(helper);
        await helper.ask({ kind: 'help', port: port1 } satisfies HelpQuestion, [port1]);
        ports.push(port2);
      }
      signal?.addEventListener('abort', abort);
      const question: FitQuestion = {
        kind: 'fit',
        module: lent.build.module(),
        arithmetic: lent.build.arithmetic,
        file: lent.file,
        data: 'batches' in this.#given ? 'batches' : { arrays: [plain(this.#given.x), plain(this.#given.y)] },
        validationData: this.#sentValidation(),
        options: plain({ ...this.#options, ...notSent }) as FitOptions,
        callbacks: hooks.sent,
        ports,
      };
      this.#outcome = (await training.ask(question, [lent.file.buffer as ArrayBuffer, ...ports])) as FitOutcome;
      return this.#outcome;
    } finally {
      progress.close();
      signal?.removeEventListener('abort', abort);
      await Promise.all([training, ...helpers].map((line) => line.close()));
    }
  }

  #sentValidation(): FitQuestion['validationData'] {
    const { validationData } = this.#options;
    if (validationData === undefined) return null;
    return isBatches(validationData) ? 'batches' : { arrays: plain(validationData) as typeof validationData };
  }

  async #answer(question: Question, lent: LentModel, hooks: Hooks, progress: Progress): Promise<Answer> {
    try {
      return { value: await this.#answerTo(question, lent, hooks, progress) };
    } catch (error) {
      this.#thrown ??= { error };
      throw error;
    }
  }

  async #answerTo(question: Question, lent: LentModel, hooks: Hooks, progress: Progress): Promise<unknown> {
    switch (question.kind) {
      case 'hook':
        return hooks.call(lent, question);
      case 'begin':
        this.#iterators.set(question.of, this.#begin(question.of, question.epoch));
        return null;
      case 'next': {
        const next = await known(this.#iterators.get(question.of), 'batches').next();
        return next.done === true ? null : { value: plain(next.value) };
      }
      case 'leave':
        await this.#iterators.get(question.of)?.return?.();
        return null;
      case 'batch':
        progress.batch(...question.at);
        return null;
      case 'epoch':
        progress.epoch(...question.at);
        return null;
      case 'note':
        progress.note(...question.at);
        return null;
    }
  }

  #begin(of: BatchesOf, epoch: number): AsyncIterator<Batch> | Iterator<Batch> {
    const batches = of === 'training' && 'batches' in this.#given ? this.#given.batches : this.#options.validationData;
    return iteratorOf(iterableOf(`${this.#model.name}: fit`, batches as Batches, epoch));
  }
}

/** Options that stay here, or are sent apart. */
const notSent = { callbacks: undefined, signal: undefined, validationData: undefined };

/** What can be sent: tensors without their methods. */
function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  if (isTensorObject(value)) return { data: value.data, shape: value.shape };
  if (Array.isArray(value)) return typeof value[0] === 'number' ? (value as unknown[]) : value.map(plain);
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one)]));
}
