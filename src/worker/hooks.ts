import type { CallbackState, Files, ModelInTraining, Training } from '../training/callbacks/callback.js';
import { hookNames, type CallbackList } from '../training/callbacks/callback-list.js';
import { startCallbacks, type CallbackOption, type CallbackSettings } from '../training/callbacks/callbacks.js';
import { NonFiniteLossError } from '../training/non-finite.js';
import { receivedError, type SentError } from '../training/threads/line.js';
import type { LentModel, TrainableModel } from '../training/trainable-model.js';
import { readNumbers, type Tensor, type TensorLike } from '../tensors/tensor.js';
import type { HookAction, HookAnswer, HookQuestion, SaveQuestion, SentCallback, TrainingFacts } from './messages.js';

/** The callbacks of a `fit` in another thread: those that hold functions are called here, when that thread asks for it. */
export class Hooks {
  readonly sent: readonly SentCallback[];
  readonly #lists: readonly CallbackList[];
  readonly #model: TrainableModel;
  readonly #save: (question: SaveQuestion) => Promise<unknown>;

  /** @throws TypeError for what is no callback. */
  constructor(
    where: string,
    given: unknown,
    model: TrainableModel,
    save: (question: SaveQuestion) => Promise<unknown>,
  ) {
    // All of them are checked here, also those that others run.
    startCallbacks(given, where);
    const all = given as readonly CallbackOption[];
    this.#model = model;
    this.#save = save;
    const lists: CallbackList[] = [];
    this.sent = all.map((callback, i): SentCallback => {
      if (!holdsFunctions(callback)) return callback as CallbackSettings;
      const list = startCallbacks([callback], `${where}[${i}]`);
      lists.push(list);
      const name = 'kind' in callback ? callback.kind : callback.name;
      const hooks = hookNames.filter((hook) => list.hears(hook));
      return { number: lists.length - 1, name, hooks, hasState: 'state' in callback };
    });
    this.#lists = lists;
  }

  async call(lent: LentModel, question: HookQuestion): Promise<HookAnswer> {
    const list = this.#lists[question.number];
    if (list === undefined) throw new Error(`no callback ${question.number}`);
    const shapes = this.#model.getWeights().map(({ shape }) => shape);
    lent.setWeights(question.weights.map((data, i) => ({ data, shape: shapes[i] ?? [] })));
    const [name] = Object.keys(list.states());
    if (question.restored !== null && name !== undefined) list.restore({ [name]: question.restored });
    const training = new TrainingElsewhere(question.training, this.#model, lent, this.#save);
    const { error } = question.event;
    const event = {
      ...question.event,
      model: this.#model as ModelInTraining,
      training,
      ...(error !== undefined && { error: nonFinite(error as SentError) }),
    };
    await list.call(question.hook, event);
    return training.answer(Object.values(list.states())[0]);
  }
}

/** An error of a loss that is not finite has its class again. */
export function nonFinite(sent: SentError): Error {
  const error = receivedError(sent);
  if (sent.kind !== 'NonFiniteLossError') return error;
  Object.defineProperty(error, 'name', { value: sent.kind, enumerable: true });
  return Object.setPrototypeOf(error, NonFiniteLossError.prototype) as Error;
}

/** The training that a hook is called in, as it is in the other thread; what the hook does to it is told to that one. */
class TrainingElsewhere implements Training {
  readonly epochs: number;
  readonly batches: number | null;
  readonly logNames: readonly string[];
  readonly #model: TrainableModel;
  readonly #lent: LentModel;
  readonly #save: (question: SaveQuestion) => Promise<unknown>;
  readonly #actions: HookAction[] = [];
  #learningRate: number;

  constructor(
    { epochs, batches, logNames, learningRate }: TrainingFacts,
    model: TrainableModel,
    lent: LentModel,
    save: (question: SaveQuestion) => Promise<unknown>,
  ) {
    this.epochs = epochs;
    this.batches = batches;
    this.logNames = logNames;
    this.#learningRate = learningRate;
    this.#model = model;
    this.#lent = lent;
    this.#save = save;
  }

  get learningRate(): number {
    return this.#learningRate;
  }

  set learningRate(value: number) {
    this.#learningRate = value;
    this.#actions.push({ kind: 'learningRate', value });
  }

  stop(reason?: string): void {
    this.#actions.push({ kind: 'stop', reason });
  }

  note(text: string): void {
    this.#actions.push({ kind: 'note', text });
  }

  getWeights(): Tensor[] {
    return this.#model.getWeights();
  }

  setWeights(weights: readonly TensorLike[]): void {
    this.#lent.setWeights(weights);
    this.#actions.push({ kind: 'weights', values: weights.map((one, i) => readNumbers(one, `setWeights: [${i}]`)) });
  }

  resetStates(): void {
    this.#actions.push({ kind: 'resetStates' });
  }

  async save(path: string, { optimizer = true }: { readonly optimizer?: boolean } = {}): Promise<void> {
    await this.#save({ kind: 'save', path, optimizer });
  }

  get files(): Files {
    return this.#lent.files;
  }

  answer(state: CallbackState | undefined): HookAnswer {
    return { actions: this.#actions, state };
  }
}

function holdsFunctions(value: unknown): boolean {
  if (typeof value === 'function') return true;
  if (typeof value !== 'object' || value === null) return false;
  // Hooks of a class are in its prototype.
  const prototype: unknown = Object.getPrototypeOf(value);
  return (prototype !== Object.prototype && !Array.isArray(value)) || Object.values(value).some(holdsFunctions);
}
