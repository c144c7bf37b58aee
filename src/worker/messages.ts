import type { CallbackState } from '../training/callbacks/callback.js';
import type { CallbackSettings } from '../training/callbacks/callbacks.js';
import type { HookName } from '../training/callbacks/callback-list.js';
import type { FitOptions } from '../training/fit.js';
import type { History, Logs } from '../training/history.js';
import type { KernelBuild } from '../kernels/build.js';
import type { Numbers } from '../tensors/tensor.js';
import type { SentError } from '../training/threads/line.js';
import type { TrainedElsewhere } from '../training/lent-model.js';
import type { SavedBatchStates } from '../training/trainer.js';

/*
 * What the thread that called `fit` of bucle/worker and the one that trains ask each other. All of it is plain data.
 */

/** Asks the thread at the other end. */
export type Ask = (question: unknown, transfer?: readonly Transferable[]) => Promise<unknown>;

/** What batches come from: arrays, which are sent, or something to iterate over, which stays where it is. */
export type SentData<Arrays> = { readonly arrays: Arrays } | 'batches';

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
  readonly validationData: SentData<NonNullable<FitOptions['validationData']>> | null;
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
  /** Whether that is the signal's reason, which stays where the signal is. */
  readonly isAborted: boolean;
  /** What the model has become; null: training did not begin. */
  readonly trained: TrainedElsewhere | null;
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
  /** What the model is now. */
  readonly weights: readonly Float32Array[];
  readonly states: SavedBatchStates | null;
  /** What callbacks are to take back first, by their numbers. */
  readonly restored: readonly RestoredState[];
}

export interface RestoredState {
  readonly number: number;
  readonly state: CallbackState;
}

/** What a hook can read of its training. */
export interface TrainingFacts {
  readonly epochs: number;
  readonly batches: number | null;
  readonly logNames: readonly string[];
  readonly learningRate: number;
}

/** What hooks have done to their training. */
export type HookAction =
  | { readonly kind: 'learningRate'; readonly value: number }
  | { readonly kind: 'stop'; readonly reason: string | undefined }
  | { readonly kind: 'note'; readonly text: string }
  | { readonly kind: 'weights'; readonly values: readonly Numbers[] }
  | { readonly kind: 'resetStates' };

/** What hooks have done since the last such report. */
export interface HookReport {
  /** In their order. */
  readonly actions: readonly HookAction[];
  /** What callbacks would have kept in a checkpoint now, by their numbers. */
  readonly states: readonly (CallbackState | undefined)[];
}

export interface HookAnswer {
  readonly report: HookReport;
  /** What the hook threw. */
  readonly error: SentError | null;
}

/** Asked of the training thread while a hook runs, or later on: to write a file. */
export interface SaveQuestion {
  readonly kind: 'save';
  readonly path: string;
  readonly optimizer: boolean;
  readonly report: HookReport;
}

/** Told the training thread: what was done to the training when no hook ran. */
export interface SteerQuestion {
  readonly kind: 'steer';
  readonly report: HookReport;
}
