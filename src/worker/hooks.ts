import type { Files, ModelInTraining, Training } from '../training/callbacks/callback.js';
import { hookNames, type CallbackList } from '../training/callbacks/callback-list.js';
import { startCallbacks, type CallbackOption, type CallbackSettings } from '../training/callbacks/callbacks.js';
import { known } from '../plan/known.js';
import { NonFiniteLossError } from '../training/non-finite.js';
import { receivedError, type SentError } from '../training/threads/line.js';
import type { LentModel } from '../training/lent-model.js';
import type { TrainableModel } from '../training/trainable-model.js';
import type { Tensor, TensorLike } from '../tensors/tensor.js';
import type {
  Ask,
  HookAction,
  HookQuestion,
  HookReport,
  SaveQuestion,
  SentCallback,
  SteerQuestion,
  TrainingFacts,
} from './messages.js';

/** A callback that is called here. */
interface Own {
  /** As checkpoints know it in a list of its own. */
  readonly name: string;
  readonly list: CallbackList;
}

/** The callbacks of a `fit` in another thread: those that hold functions are called here, when that thread asks for it. */
export class Hooks {
  readonly sent: readonly SentCallback[];
  readonly #own: readonly Own[];
  readonly #model: TrainableModel;
  readonly #lent: LentModel;
  readonly #training: TrainingElsewhere;
  readonly #shapes: readonly (readonly number[])[];

  /**
   * @param ask asks the other thread
   * @throws TypeError for what is no callback.
   */
  constructor(where: string, given: unknown, model: TrainableModel, lent: LentModel, ask: Ask) {
    // All of them are checked here, also those that others run.
    startCallbacks(given, where);
    const all = given as readonly CallbackOption[];
    this.#model = model;
    this.#lent = lent;
    this.#shapes = model.getWeights().map(({ shape }) => shape);
    const own: Own[] = [];
    this.sent = all.map((callback, i): SentCallback => {
      if (!holdsFunctions(callback)) return callback as CallbackSettings;
      const list = startCallbacks([callback], `${where}[${i}]`);
      const name = 'kind' in callback ? callback.kind : callback.name;
      own.push({ name: name ?? 'callback', list });
      const hooks = hookNames.filter((hook) => list.hears(hook));
      return { number: own.length - 1, name, hooks, hasState: 'state' in callback };
    });
    this.#own = own;
    this.#training = new TrainingElsewhere(model, lent, ask, () => own.map(({ name, list }) => list.states()[name]));
  }

  /** Rejects with what the hook throws. */
  async call({ number, hook, event, training, weights, states, restored }: HookQuestion): Promise<void> {
    this.#lent.show({ weights: this.#shapes.map((shape, i) => ({ shape, data: weights[i] ?? [] })), states });
    for (const { number: to, state } of restored) {
      const { name, list } = known(this.#own[to], 'a callback');
      list.restore({ [name]: state });
    }
    const { error } = event;
    const whole = {
      ...event,
      model: this.#model as ModelInTraining,
      training: this.#training,
      ...(error !== undefined && { error: nonFinite(error as SentError) }),
    };
    await this.#training.during(training, async () => {
      await known(this.#own[number], 'a callback').list.call(hook, whole);
    });
  }

  /** What hooks have done since it was last asked. */
  report(): HookReport {
    return this.#training.report();
  }
}

/** An error of a loss that is not finite has its class again. */
export function nonFinite(sent: SentError): Error {
  const error = receivedError(sent);
  if (sent.kind !== 'NonFiniteLossError') return error;
  Object.defineProperty(error, 'name', { value: sent.kind, enumerable: true });
  return Object.setPrototypeOf(error, NonFiniteLossError.prototype) as Error;
}

/** The training in the other thread, as hooks see and steer it; they may keep it, and steer it later on too. */
class TrainingElsewhere implements Training {
  readonly #model: TrainableModel;
  readonly #lent: LentModel;
  readonly #ask: Ask;
  readonly #states: () => HookReport['states'];
  /** As of the last hook. */
  #facts: TrainingFacts = { epochs: 0, batches: null, logNames: [], learningRate: 0 };
  /** Done, and not reported yet. */
  #actions: HookAction[] = [];
  #isInHook = false;

  constructor(model: TrainableModel, lent: LentModel, ask: Ask, states: () => HookReport['states']) {
    this.#model = model;
    this.#lent = lent;
    this.#ask = ask;
    this.#states = states;
  }

  /** Runs a hook: who asked for it gets the report of it. */
  async during(facts: TrainingFacts, hook: () => Promise<void>): Promise<void> {
    this.#facts = facts;
    this.#isInHook = true;
    try {
      await hook();
    } finally {
      this.#isInHook = false;
    }
  }

  report(): HookReport {
    const actions = this.#actions;
    this.#actions = [];
    return { actions, states: this.#states() };
  }

  get epochs(): number {
    return this.#facts.epochs;
  }

  get batches(): number | null {
    return this.#facts.batches;
  }

  get logNames(): readonly string[] {
    return this.#facts.logNames;
  }

  get learningRate(): number {
    return this.#facts.learningRate;
  }

  set learningRate(given: number) {
    const value = this.#lent.readLearningRate(given);
    this.#facts = { ...this.#facts, learningRate: value };
    this.#act({ kind: 'learningRate', value });
  }

  stop(reason?: string): void {
    this.#act({ kind: 'stop', reason });
  }

  note(text: string): void {
    this.#act({ kind: 'note', text });
  }

  getWeights(): Tensor[] {
    return this.#model.getWeights();
  }

  setWeights(weights: readonly TensorLike[]): void {
    this.#lent.setWeights(weights);
    // Copies: what the user does to his arrays afterwards changes nothing.
    this.#act({ kind: 'weights', values: this.getWeights().map(({ data, shape }) => ({ data, shape })) });
  }

  resetStates(): void {
    this.#lent.resetStates();
    this.#act({ kind: 'resetStates' });
  }

  async save(path: string, { optimizer = true }: { readonly optimizer?: boolean } = {}): Promise<void> {
    await this.#ask({ kind: 'save', path, optimizer, report: this.report() } satisfies SaveQuestion);
  }

  get files(): Files {
    return this.#lent.files;
  }

  #act(action: HookAction): void {
    this.#actions.push(action);
    if (this.#isInHook) return;
    // After the end it is too late, as it is for a training in this thread.
    this.#ask({ kind: 'steer', report: this.report() } satisfies SteerQuestion).catch(() => undefined);
  }
}

function holdsFunctions(value: unknown): boolean {
  if (typeof value === 'function') return true;
  if (typeof value !== 'object' || value === null) return false;
  // Hooks of a class are in its prototype.
  const prototype: unknown = Object.getPrototypeOf(value);
  return (prototype !== Object.prototype && !Array.isArray(value)) || Object.values(value).some(holdsFunctions);
}
