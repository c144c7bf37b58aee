import type { Work } from './works.js';

/** A library, or one way of using it, that does the works. */
export interface Peer {
  readonly name: string;
  readonly threads: number;
  readonly versions: Readonly<Record<string, string>>;
  /** A contender for this work, or undefined when the peer does not do it. */
  contend(work: Work): Promise<Contender | undefined>;
}

/** One work, set up in one library. The functions are synchronous or return promises, all alike. */
export interface Contender {
  readonly deferred: boolean;
  /**
   * What is compared between the peers, from fresh states: the outputs of the first steps, the sequence's output
   * [batch, steps, units], or the losses of the first training steps.
   */
  readonly outcome: () => Float32Array | Promise<Float32Array>;
  /** Does the work once. */
  readonly call: () => unknown;
  /** Takes the same inputs and gives the same outputs, without the work: what remains is the cost of a call. */
  readonly emptyCall?: () => unknown;
  /** Runs before each batch of calls, untimed. */
  readonly prepare?: () => Promise<void>;
  readonly close?: () => void | Promise<void>;
}
