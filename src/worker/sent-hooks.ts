import type { Callback, CallbackState, TrainEvent, Training } from '../training/callbacks/callback.js';
import type { HookName } from '../training/callbacks/callback-list.js';
import { sentError } from '../training/threads/line.js';
import type { TrainableModel } from '../training/trainable-model.js';
import type { Ask, HookAnswer, HookQuestion, HooksElsewhere } from './messages.js';

/** A callback whose hooks run in the thread that called `fit`: the training waits for each. */
export class SentHooks {
  readonly callback: Callback;
  readonly #ask: Ask;
  readonly #model: TrainableModel;
  readonly #number: number;
  readonly #begun: (training: Training) => void;
  #state: CallbackState | undefined;
  #restored: CallbackState | null = null;

  /** @param begun told which training a hook runs of */
  constructor(
    ask: Ask,
    model: TrainableModel,
    { number, name, hooks, hasState }: HooksElsewhere,
    begun: (training: Training) => void,
  ) {
    this.#ask = ask;
    this.#model = model;
    this.#begun = begun;
    this.#number = number;
    // The first tells what is restored.
    const all = new Set<HookName>(['onTrainBegin', ...hooks]);
    this.callback = {
      ...(name !== undefined && { name }),
      ...Object.fromEntries(Array.from(all, (hook) => [hook, (event: TrainEvent) => this.#call(hook, event)])),
      ...(hasState && { state: () => this.#state ?? {} }),
      restore: (state) => {
        this.#restored = state;
      },
    };
  }

  async #call(
    hook: HookName,
    { model: _, training, ...event }: TrainEvent & { readonly error?: unknown },
  ): Promise<void> {
    const { epochs, batches, logNames, learningRate } = training;
    const question: HookQuestion = {
      kind: 'hook',
      number: this.#number,
      hook,
      event: 'error' in event ? { ...event, error: sentError(event.error) } : event,
      training: { epochs, batches, logNames, learningRate },
      weights: this.#model.getWeights().map(({ data }) => data),
      restored: this.#restored,
    };
    this.#restored = null;
    this.#begun(training);
    this.#take(training, (await this.#ask(question)) as HookAnswer);
  }

  #take(training: Training, { actions, state }: HookAnswer): void {
    for (const action of actions) {
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
    this.#state = state;
  }
}
