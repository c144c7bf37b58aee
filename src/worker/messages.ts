import type { CallbackState } from '../training/callbacks/callback.js';
import type { CallbackSettings } from '../training/callbacks/callbacks.js';
import type { HookName } from '../training/callbacks/callback-list.js';
import type { FitOptions } from '../training/fit.js';
import type { History, Logs } from '../training/history.js';
import type { KernelBuild } from '../kernels/build.js';
import type { Numbers } from '../tensors/tensor.js';
import type { SentError } from '../training/threads/line.js';

/*
 * What the thread that called `fit` of bucle/worker and the one that trains ask each other. All of it is plain data.
 */

/** Asks the thread that called `fit`. */
export type Ask = (question: unknown) => Promise<unknown>;

/** What batches come from: arrays, which are sent, or something to iterate over, which stays where it is. */
export type SentData<Arrays> = { readonly arrays: Arrays } | 'batches' | null;

/** A callback whose hooks the other thread calls. */
export interface HooksElsewhere {
  readonly number: number;
  readonly name: string | undefined;
  readonly hooks: readonly HookName[];
  readonly hasState: boolean;
}

/** A callback as the training thread is told of it: one that it runs itself, or one of the other thread's. */
export type SentCallback = CallbackSettings | HooksElsewhere;

/** The first question to the training thread; its answer is a `FitOutcome`. */
export interface FitQuestion {
  readonly kind: 'fit';
  readonly module: WebAssembly.Module;
  readonly arithmetic: KernelBuild['arithmetic'];
  /** The model, as a checkpoint. */
  readonly file: Uint8Array;
  /** [x, y], or batches. */
  readonly data: SentData<readonly unknown[]>;
  readonly validationData: SentData<NonNullable<FitOptions['validationData']>>;
  /** But for data, callbacks and signals. */
  readonly options: FitOptions;
  readonly callbacks: readonly SentCallback[];
  /** To the threads that are to help. */
  readonly ports: readonly MessagePort[];
}

/** Also asked of the training thread. */
export interface AbortQuestion {
  readonly kind: 'abort';
}

/** Asked of a thread that is to help the one at the other end of a port. */
export interface HelpQuestion {
  readonly kind: 'help';
  readonly port: MessagePort;
}

export interface FitOutcome {
  readonly history: History | null;
  /** Why there is no history. */
  readonly error: SentError | null;
  /** What the model has become, and the norm of its last gradients, which no file holds. */
  readonly file: Uint8Array;
  readonly gradientNorm: number;
}

/** Asked by the training thread: to show how it goes. */
export type ProgressQuestion =
  | { readonly kind: 'batch'; readonly at: readonly [number, number, number, number | null, Logs] }
  | { readonly kind: 'epoch'; readonly at: readonly [number, number, Logs] }
  | { readonly kind: 'note'; readonly at: readonly [string] };

/** Asked by the training thread: the next batch of an iterable. */
export type BatchesQuestion =
  | { readonly kind: 'begin'; readonly of: BatchesOf; readonly epoch: number }
  | { readonly kind: 'next'; readonly of: BatchesOf }
  | { readonly kind: 'leave'; readonly of: BatchesOf };

export type BatchesOf = 'training' | 'validation';

/** Asked by the training thread: to call a hook. */
export interface HookQuestion {
  readonly kind: 'hook';
  readonly number: number;
  readonly hook: HookName;
  readonly event: Readonly<Record<string, unknown>>;
  readonly training: TrainingFacts;
  /** What the weights are now. */
  readonly weights: readonly Float32Array[];
  /** What the callback is to take back first. */
  readonly restored: CallbackState | null;
}

/** What a hook can read of its training. */
export interface TrainingFacts {
  readonly epochs: number;
  readonly batches: number | null;
  readonly logNames: readonly string[];
  readonly learningRate: number;
}

/** What a hook has done to its training. */
export type HookAction =
  | { readonly kind: 'learningRate'; readonly value: number }
  | { readonly kind: 'stop'; readonly reason: string | undefined }
  | { readonly kind: 'note'; readonly text: string }
  | { readonly kind: 'weights'; readonly values: readonly Numbers[] }
  | { readonly kind: 'resetStates' };

export interface HookAnswer {
  /** In their order. */
  readonly actions: readonly HookAction[];
  readonly state: CallbackState | undefined;
}

/** Asked of the training thread while a hook runs: to write a file. */
export interface SaveQuestion {
  readonly kind: 'save';
  readonly path: string;
  readonly optimizer: boolean;
}
