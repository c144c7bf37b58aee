import type { RandomPlace } from '../graph/randomness.js';
import type { TensorsLike } from '../graph/inputs.js';
import { refuse } from '../options/options.js';
import type { Data } from './data.js';
import type { WeightOptions } from './sample-weights.js';

/** A batch as iterables give it: inputs, targets, and how much the samples count (as `sampleWeight`). */
export type Batch =
  | readonly [x: TensorsLike, y: TensorsLike]
  | readonly [x: TensorsLike, y: TensorsLike, sampleWeight: WeightOptions['sampleWeight']];

export type AnyIterable = Iterable<Batch> | AsyncIterable<Batch>;

/**
 * Batches that come as they are asked for: something to iterate over, a function that makes it anew for each epoch (counted from 0),
 * or an object whose `epoch` does, such as a `timeseriesDataset`.
 */
export type Batches = AnyIterable | ((epoch: number) => AnyIterable) | { epoch(number: number): AnyIterable };

/** Some rows that are there at once: a batch of them runs. */
export interface RowBatch {
  readonly data: Data;
  readonly indices: Int32Array;
  /** Where its source goes on when the batch is trained; null: the number of batches says it. */
  readonly after: SourcePlace | null;
}

/** Where an iterable is. Plain data. */
export interface SourcePlace {
  /** The epoch for which it was begun. */
  readonly begun: number;
  /** How many batches it has given since. */
  readonly taken: number;
  /** Samples of the present epoch: random numbers go by their numbers. */
  readonly samples: number;
}

/** Where an epoch begins, or goes on. */
export interface EpochPlace {
  readonly epoch: number;
  /** Batches of it that were trained. */
  readonly batch: number;
  /** As the last batch that was trained has it; null: none was. */
  readonly source: SourcePlace | null;
}

/** Where the batches of an epoch come from. */
export interface Source {
  /** Batches of an epoch; null: that shows at its end. */
  readonly batches: number | null;
  /** The rows of its largest batch; null: that shows as they come. */
  readonly largest: number | null;
  /** What must be the same when a training goes on, or other batches would come: options by name. */
  readonly settings: Readonly<Record<string, number | boolean | null>>;
  /** The batches of an epoch that are still to come. */
  epoch(place: EpochPlace, random: RandomPlace): AsyncIterable<RowBatch> | Iterable<RowBatch>;
  /** Leaves what is still open, as `for … of` does at its end. */
  close(): Promise<void>;
}

export function isBatches(value: unknown): value is Batches {
  if (typeof value === 'function') return true;
  if (typeof value !== 'object' || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) return false;
  return isIterable(value) || hasEpochs(value);
}

function isIterable(value: unknown): value is AnyIterable {
  return typeof value === 'object' && value !== null && (Symbol.iterator in value || Symbol.asyncIterator in value);
}

function hasEpochs(value: object): value is { epoch(number: number): AnyIterable } {
  return 'epoch' in value && typeof value.epoch === 'function';
}

/** What an epoch's batches are iterated over. */
export function iterableOf(where: string, given: Batches, epoch: number): AnyIterable {
  const iterable: unknown = typeof given === 'function' ? given(epoch) : hasEpochs(given) ? given.epoch(epoch) : given;
  return isIterable(iterable) ? iterable : refuse(where, 'batches to iterate over', iterable);
}

export function iteratorOf(iterable: AnyIterable): AsyncIterator<Batch> | Iterator<Batch> {
  return Symbol.asyncIterator in iterable ? iterable[Symbol.asyncIterator]() : iterable[Symbol.iterator]();
}
