import type { Callback, TrainEvent, Training } from '../training/callbacks/callback.js';
import type { HookName } from '../training/callbacks/callback-list.js';
import { known } from '../plan/known.js';
import { receivedError, sentError } from '../training/threads/line.js';
import type { TrainableModel } from '../training/trainable-model.js';
import type {
  Ask,
  HookAction,
  HookAnswer,
  HookQuestion,
  HookReport,
  HooksElsewhere,
  RestoredState,
  SaveQuestion,
} from './messages.js';

/** The callbacks whose hooks run in the thread that called `fit`: the training waits for each. */
export class SentHooks {
  readonly #ask: Ask;
  readonly #model: TrainableModel;
  #training: Training | undefined;
  /** What checkpoints keep of each callback, as of the last report. */
  #states: HookReport['states'] = [];
  /** What checkpoints have brought, until a question takes it along. */
  #restored: RestoredState[] = [];

  constructor(ask: Ask, model: TrainableModel) {
    this.#ask = ask;
    this.#model = model;
  }

  callbackOf({ number, name, hooks, hasState }: HooksElsewhere): Callback {
    // The first takes along what is restored.
    const all = new Set<HookName>(['onTrainBegin', ...hooks]);
    return {
      ...(name !== undefined && { name }),
      ...Object.fromEntries(Array.from(all, (hook) => [hook, (event: TrainEvent) => this.#call(number, hook, event)])),
      ...(hasState && { state: () => this.#states[number] ?? {} }),
      restore: (state) => {
        this.#restored.push({ number, state });
      },
    };
  }

  /** Does what hooks have done. */
  take({ actions, states }: HookReport): void {
    this.#states = states;
    const training = known(this.#training, 'a training');
    for (const action of actions) act(training, action);
  }

  async save({ path, optimizer, report }: SaveQuestion): Promise<void> {
    this.take(report);
    await known(this.#training, 'a training').save(path, { optimizer });
  }

  async #call(
    number: number,
    hook: HookName,
    { model: _, training, ...event }: TrainEvent & { readonly error?: unknown },
  ): Promise<void> {
    const { epochs, batches, logNames, learningRate } = training;
    const weights = this.#model.getWeights().map(({ data }) => data);
    const question: HookQuestion = {
      kind: 'hook',
      number,
      hook,
      event: 'error' in event ? { ...event, error: sentError(event.error) } : event,
      training: { epochs, batches, logNames, learningRate },
      weights,
      states: this.#model.isStateful ? this.#model.trainer.saveStates() : null,
      restored: this.#restored,
    };
    this.#restored = [];
    this.#training = training;
    const transfer = weights.map(({ buffer }) => buffer as ArrayBuffer);
    const { report, error } = (await this.#ask(question, transfer)) as HookAnswer;
    this.take(report);
    if (error !== null) throw receivedError(error);
  }
}

function act(training: Training, action: HookAction): void {
  switch (action.kind) {
    case 'learningRate':
      training.learningRate = action.value;
      break;
    case 'stop':
      training.stop(action.reason);
      break;
    case 'note':
      training.note(action.text);
      break;
    case 'weights':
      training.setWeights(action.values);
      break;
    case 'resetStates':
      training.resetStates();
      break;
  }
}
