import type { Callback, CallbackState, Files, RunningCallback, TrainEvent } from './callback.js';

/** Those that get an event; the names are the fields of `Callback`. */
export const hookNames = [
  'onTrainBegin',
  'onTrainEnd',
  'onEpochBegin',
  'onEpochEnd',
  'onTrainBatchBegin',
  'onTrainBatchEnd',
  'onTestBegin',
  'onTestEnd',
  'onTestBatchBegin',
  'onTestBatchEnd',
  'onNonFiniteLoss',
] as const satisfies readonly (keyof Callback)[];

export type HookName = (typeof hookNames)[number];

type EventOf<H extends HookName> = Parameters<NonNullable<Callback[H]>>[0];

/** Behind these, what has to be saved is saved. */
const ends: readonly HookName[] = ['onTrainBatchEnd', 'onEpochEnd', 'onTrainEnd'];

type Call = (event: never) => unknown;

/** The callbacks of one `fit`, in the order in which the user gave them. */
export class CallbackList {
  readonly #callbacks: ReadonlyMap<string, RunningCallback>;
  readonly #calls: ReadonlyMap<HookName, readonly Call[]>;

  constructor(callbacks: readonly RunningCallback[]) {
    const named = new Map<string, RunningCallback>();
    for (const callback of callbacks) named.set(freeName(callback.name ?? 'callback', named), callback);
    this.#callbacks = named;
    this.#calls = new Map(hookNames.map((hook) => [hook, callsOf(hook, callbacks)]));
  }

  /** Whether anybody listens: nobody needs an event otherwise. */
  hears(hook: HookName): boolean {
    return this.#calls.get(hook)?.length !== 0;
  }

  /**
   * Calls a hook of all callbacks, one after the other, and then lets them save. A promise only where one of them is async: batches
   * are too many to wait for nothing.
   */
  call<H extends HookName>(hook: H, event: EventOf<H>): Promise<void> | undefined {
    return inOrder(this.#calls.get(hook) ?? [], event, 0);
  }

  /** The checkpoint to go on from, if one of them has one: the first's. */
  async checkpoint(files: Files): Promise<Uint8Array | null> {
    for (const callback of this.#callbacks.values()) {
      const found = await callback.checkpoint?.(files);
      if (found !== undefined && found !== null) return found;
    }
    return null;
  }

  /** Whether one of them saves a checkpoint, or the model alone; null: none does. */
  get saves(): 'model' | 'checkpoint' | null {
    const all = [...this.#callbacks.values()].map(({ saves }) => saves);
    if (all.includes('checkpoint')) return 'checkpoint';
    return all.includes('model') ? 'model' : null;
  }

  /** What checkpoints keep, by the callbacks' names. */
  states(): Record<string, CallbackState> {
    const states: Record<string, CallbackState> = {};
    for (const [name, callback] of this.#callbacks) {
      const state = callback.state?.();
      if (state !== undefined) states[name] = state;
    }
    return states;
  }

  /** A callback that the checkpoint does not know starts anew; a state whose callback is not there any more is left. */
  restore(states: Readonly<Record<string, CallbackState>>): void {
    for (const [name, callback] of this.#callbacks) {
      const state = Object.hasOwn(states, name) ? states[name] : undefined;
      if (state !== undefined) callback.restore?.(state);
    }
  }
}

/** earlyStopping, then earlyStopping_1. */
function freeName(name: string, taken: ReadonlyMap<string, unknown>): string {
  if (!taken.has(name)) return name;
  let number = 1;
  while (taken.has(`${name}_${number}`)) number++;
  return `${name}_${number}`;
}

function callsOf(hook: HookName, callbacks: readonly RunningCallback[]): Call[] {
  const calls: Call[] = [];
  for (const callback of callbacks) {
    // Bound: a callback may be an instance of a class.
    const own = (callback[hook] ?? aliasOf(hook, callback)) as Call | undefined;
    if (own !== undefined) calls.push(own.bind(callback));
  }
  if (!ends.includes(hook)) return calls;
  for (const callback of callbacks) {
    if (callback.afterAll !== undefined) calls.push((event: TrainEvent) => callback.afterAll?.(event));
  }
  return calls;
}

function aliasOf(hook: HookName, callback: Callback): Callback['onBatchBegin'] | Callback['onBatchEnd'] {
  if (hook === 'onTrainBatchBegin') return callback.onBatchBegin;
  return hook === 'onTrainBatchEnd' ? callback.onBatchEnd : undefined;
}

function inOrder(calls: readonly Call[], event: unknown, from: number): Promise<void> | undefined {
  for (const [i, call] of calls.entries()) {
    if (i < from) continue;
    const given = call(event as never);
    if (isWaiting(given)) return Promise.resolve(given).then(() => inOrder(calls, event, i + 1));
  }
  return undefined;
}

/** Whether a hook is async: nobody waits for anything else that it gives, such as the number of `list.push`. */
function isWaiting(given: unknown): given is PromiseLike<unknown> {
  return typeof given === 'object' && given !== null && 'then' in given && typeof given.then === 'function';
}
