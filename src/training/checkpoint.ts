import type { NamedWeight } from '../formats/topology.js';
import {
  fields,
  flag,
  listOf,
  mismatch,
  nonNegativeInteger,
  optional,
  refuse,
  text,
  type Reader,
} from '../options/options.js';
import type { SourcePlace } from './batches.js';
import type { CallbackState } from './callbacks/callback.js';
import type { SavedOptimizer } from './optimizers/optimizer-state.js';
import type { SavedBatchStates } from './trainer.js';

/** Where `fit` is between two batches, and all that it needs to go on from there with the same bits. Plain data. */
export interface FitPlace {
  /** The epoch whose batches are next, and how many of it were trained. */
  readonly epoch: number;
  readonly batch: number;
  /** Where the iterable is that gives them; null: arrays, or one that was not begun. */
  readonly source: SourcePlace | null;
  /** Whether a callback has ended the training. */
  readonly stopped: boolean;
  readonly seed: number;
  /** Of the random numbers: epochs that were begun, in this `fit` and before. */
  readonly randomEpoch: number;
  /** What must be as it was, or other batches would come: options by name. */
  readonly data: Readonly<Record<string, number | boolean | null>>;
  /** Sums of losses and metrics over the epoch so far. */
  readonly totals: readonly number[];
  readonly history: {
    readonly epoch: readonly number[];
    readonly history: Readonly<Record<string, readonly number[]>>;
  };
  readonly notes: readonly string[];
}

/** A place, with what the optimizer, the callbacks and the stateful layers remember. */
export interface Checkpoint {
  /** null: it was saved outside of `fit`. */
  readonly place: FitPlace | null;
  /** Of the model's own random numbers. */
  readonly seed: number;
  readonly counts: { readonly steps: number; readonly epochs: number };
  readonly optimizer: SavedOptimizer;
  readonly callbacks: Readonly<Record<string, CallbackState>>;
  /** Of the stateful layers; null: no run has left any. */
  readonly states: SavedBatchStates | null;
}

/** A checkpoint as a file holds it: text and tensors. */
export interface StoredCheckpoint {
  readonly json: string;
  readonly tensors: readonly NamedWeight[];
}

const optimizerPrefix = 'optimizer/';

export function storeCheckpoint({
  place,
  seed: own,
  counts,
  optimizer,
  callbacks,
  states,
}: Checkpoint): StoredCheckpoint {
  const tensors: NamedWeight[] = Object.entries(optimizer.tensors).map(([name, { data, shape }]) => {
    return { name: `${optimizerPrefix}${name}`, shape: [...shape], data };
  });
  if (states !== null) tensors.push({ name: 'states', shape: [states.values.length], data: states.values });
  for (const [name, state] of Object.entries(callbacks)) {
    const { tensors: own } = checkState(name, state);
    for (const [key, { data, shape }] of Object.entries(own)) {
      tensors.push({ name: `callbacks/${name}/${key}`, shape: [...shape], data });
    }
  }
  const numbers = Object.entries(callbacks).map(([name, state]) => [name, state.numbers ?? {}] as const);
  const kept = { place, seed: own, counts, optimizer: optimizer.numbers, callbacks: Object.fromEntries(numbers) };
  return { json: JSON.stringify({ ...kept, states: states?.batch ?? null }, exactly), tensors };
}

/** A callback may be of anybody's making; what its state holds elsewhere would be lost. */
function checkState(name: string, state: CallbackState): Required<CallbackState> {
  const where = `callback "${name}": state`;
  const { numbers, tensors } = fields(state, where, {
    numbers: optional(numbersReader, {}),
    tensors: optional(tensorsReader, {}),
  });
  return { numbers, tensors };
}

/** JSON has no word for these. */
function exactly(_key: string, value: unknown): unknown {
  if (Object.is(value, -0)) return 'number:-0';
  return typeof value === 'number' && !Number.isFinite(value) ? `number:${String(value)}` : value;
}

function revived(_key: string, value: unknown): unknown {
  return typeof value === 'string' && /^number:(-?Infinity|NaN|-0)$/.test(value) ? Number(value.slice(7)) : value;
}

/** Reads a checkpoint back. @throws TypeError, naming the field, for one that was not written by `storeCheckpoint`. */
export function readCheckpoint(where: string, { json, tensors }: StoredCheckpoint): Checkpoint {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json, revived);
  } catch {
    mismatch(where, 'JSON', json.slice(0, 40));
  }
  const read = fields(parsed, where, {
    place: nullable(placeReader),
    seed: nonNegativeInteger,
    counts: (value: unknown, at: string) =>
      fields(value, at, { steps: nonNegativeInteger, epochs: nonNegativeInteger }),
    optimizer: numbersReader,
    callbacks: recordOf(numbersReader),
    states: nullable(nonNegativeInteger),
  });
  const valuesOf = (name: string): Float32Array | undefined => tensors.find((tensor) => tensor.name === name)?.data;
  const states = valuesOf('states');
  if ((read.states === null) !== (states === undefined)) {
    mismatch(
      `${where}: states`,
      read.states === null ? 'none, as it says' : 'a tensor of them',
      states ? 'some' : 'none',
    );
  }
  const under = (prefix: string): NonNullable<CallbackState['tensors']> => {
    const own = tensors.filter(({ name }) => name.startsWith(prefix));
    return Object.fromEntries(
      own.map(({ name, data, shape }) => [name.slice(prefix.length), { data: data.slice(), shape }]),
    );
  };
  const callbacks = Object.entries(read.callbacks).map(([name, numbers]) => {
    return [name, { numbers, tensors: under(`callbacks/${name}/`) }];
  });
  return {
    place: read.place,
    seed: read.seed,
    counts: read.counts,
    optimizer: { numbers: read.optimizer, tensors: under(optimizerPrefix) },
    callbacks: Object.fromEntries(callbacks) as Checkpoint['callbacks'],
    states: read.states === null || states === undefined ? null : { batch: read.states, values: states },
  };
}

/** @throws TypeError, naming what differs, unless the same batches come in the same order. */
export function checkSameData(
  where: string,
  { seed: then, data }: FitPlace,
  now: number,
  given: FitPlace['data'],
): void {
  if (Object.keys(data).join() !== Object.keys(given).join()) {
    const [wanted, came] = [data, given].map((settings) => ('rows' in settings ? 'arrays' : 'batches to iterate over'));
    mismatch(where, `${String(wanted)}, as in the checkpoint`, String(came));
  }
  const [before, present]: [FitPlace['data'], FitPlace['data']] = [
    { seed: then, ...data },
    { seed: now, ...given },
  ];
  for (const [name, value] of Object.entries(before)) {
    const came = present[name];
    if (came === value) continue;
    mismatch(`${where}: ${name}`, `${value ?? 'none'}, as in the checkpoint`, String(came ?? 'none'));
  }
}

const anyNumber: Reader<number> = (value, where) =>
  typeof value === 'number' ? value : refuse(where, 'a number', value);

const anyText: Reader<string> = (value, where) => (value === '' ? '' : text(value, where));

function recordOf<T>(reader: Reader<T>): Reader<Record<string, T>> {
  return (value, where) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse(where, 'an object', value);
    const entries = Object.entries(value).map(([key, item]) => [key, reader(item, `${where}: ${key}`)] as const);
    return Object.fromEntries(entries);
  };
}

function nullable<T>(reader: Reader<T>): Reader<T | null> {
  return (value, where) => (value === null ? null : reader(value, where));
}

const numbersReader = recordOf(anyNumber);

const tensorsReader = recordOf((value, where) =>
  fields(value, where, {
    data: (given, at) => (given instanceof Float32Array ? given : refuse(at, 'a Float32Array', given)),
    shape: listOf(nonNegativeInteger),
  }),
);

const setting: Reader<number | boolean> = (value, where) =>
  typeof value === 'boolean' ? value : anyNumber(value, where);

const sourceReader: Reader<SourcePlace> = (value, where) =>
  fields(value, where, { begun: nonNegativeInteger, taken: nonNegativeInteger, samples: nonNegativeInteger });

const placeReader: Reader<FitPlace> = (value, where) =>
  fields(value, where, {
    epoch: nonNegativeInteger,
    batch: nonNegativeInteger,
    source: nullable(sourceReader),
    stopped: flag,
    seed: nonNegativeInteger,
    randomEpoch: nonNegativeInteger,
    data: recordOf(nullable(setting)),
    totals: listOf(anyNumber),
    history: (given: unknown, at: string) =>
      fields(given, at, { epoch: listOf(nonNegativeInteger), history: recordOf(listOf(anyNumber)) }),
    notes: optional(listOf(anyText), []),
  });
