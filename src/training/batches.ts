import type { TensorsLike } from '../graph/inputs.js';
import { mismatch, refuse } from '../options/options.js';
import { batchesOf, rowNumbers, type Data } from './data.js';
import { rowOrder } from './row-order.js';
import type { WeightOptions } from './sample-weights.js';
import type { Trainer } from './trainer.js';
import type { RandomPlace } from './training-plan.js';

/** A batch as iterables give it: inputs, targets, and how much the samples count (as `sampleWeight`). */
export type Batch =
  | readonly [x: TensorsLike, y: TensorsLike]
  | readonly [x: TensorsLike, y: TensorsLike, sampleWeight: WeightOptions['sampleWeight']];

type AnyIterable = Iterable<Batch> | AsyncIterable<Batch>;

/**
 * Batches that come as they are asked for: something to iterate over, a function that makes it anew for each epoch (counted from 0),
 * or an object whose `epoch` does, such as a `timeseriesDataset`.
 */
export type Batches = AnyIterable | ((epoch: number) => AnyIterable) | { epoch(number: number): AnyIterable };

/** Some rows that are there at once: a batch of them runs. */
export interface RowBatch {
  readonly data: Data;
  readonly indices: Int32Array;
}

/** Where the batches of an epoch come from. */
export interface Source {
  /** Batches of an epoch; null: that shows at its end. */
  readonly batches: number | null;
  /** Rows of an epoch, where they are known. */
  readonly rows: number | null;
  /** The batches of an epoch, but for those that were trained already. */
  epoch(epoch: number, random: RandomPlace, skip: number): AsyncIterable<RowBatch> | Iterable<RowBatch>;
}

export function isBatches(value: unknown): value is Batches {
  if (typeof value === 'function') return true;
  if (typeof value !== 'object' || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) return false;
  return Symbol.iterator in value || Symbol.asyncIterator in value || hasEpochs(value);
}

function hasEpochs(value: object): value is { epoch(number: number): AnyIterable } {
  return 'epoch' in value && typeof value.epoch === 'function';
}

/** Rows of arrays, in order or shuffled. */
export class ArraySource implements Source {
  readonly batches: number;
  readonly rows: number;
  readonly #trainer: Trainer;
  readonly #data: Data;
  readonly #from: number;
  readonly #batchSize: number;
  readonly #shuffles: boolean;

  constructor(
    trainer: Trainer,
    { data, from, to }: { readonly data: Data; readonly from: number; readonly to: number },
    batchSize: number,
    shuffles: boolean,
  ) {
    this.#trainer = trainer;
    this.#data = data;
    this.#from = from;
    this.#batchSize = batchSize;
    this.#shuffles = shuffles;
    this.rows = to - from;
    this.batches = Math.ceil(this.rows / batchSize);
  }

  *epoch(_epoch: number, random: RandomPlace, skip: number): Generator<RowBatch> {
    const rows = rowNumbers(this.#from, this.#from + this.rows);
    const order = this.#shuffles ? rowOrder(this.#trainer.workspace, rows, random) : rows;
    for (const indices of batchesOf(order.subarray(skip * this.#batchSize), this.#batchSize)) {
      yield { data: this.#data, indices };
    }
  }
}

/** Batches of an iterable, each checked as it comes. */
export class IterableSource implements Source {
  readonly batches: number | null;
  readonly rows = null;
  readonly #trainer: Trainer;
  readonly #where: string;
  readonly #given: Batches;
  readonly #classWeight: WeightOptions['classWeight'];
  /** What an endless iterable goes on from in the next epoch. */
  #open: AsyncIterator<Batch> | Iterator<Batch> | undefined;

  constructor(
    trainer: Trainer,
    where: string,
    given: Batches,
    steps: number | undefined,
    classWeight?: WeightOptions['classWeight'],
  ) {
    this.#trainer = trainer;
    this.#where = where;
    this.#given = given;
    this.#classWeight = classWeight;
    this.batches = steps ?? null;
  }

  async *epoch(epoch: number, _random: RandomPlace, skip: number): AsyncGenerator<RowBatch> {
    // A generator that went on from the epoch before has had the batches of a resumed one already, if it is the same.
    if (this.batches === null) this.#open = undefined;
    this.#open ??= this.#start(epoch);
    let samples = 0;
    for (let batch = 0; this.batches === null || batch < this.batches; batch++) {
      let next = await this.#open.next();
      if (next.done === true && this.batches !== null) {
        // Fewer than the epochs want in all: from the beginning, if there is one.
        this.#open = this.#start(epoch);
        next = await this.#open.next();
      }
      if (next.done === true) {
        this.#open = undefined;
        if (batch === 0 || this.batches !== null) this.#runOut(epoch, batch);
        return;
      }
      const read = this.#read(next.value, samples);
      samples += read.data.rows;
      if (batch >= skip) yield read;
    }
  }

  #start(epoch: number): AsyncIterator<Batch> | Iterator<Batch> {
    const given = this.#given;
    const iterable = typeof given === 'function' ? given(epoch) : hasEpochs(given) ? given.epoch(epoch) : given;
    const value: unknown = iterable;
    const isOne =
      typeof value === 'object' && value !== null && (Symbol.iterator in value || Symbol.asyncIterator in value);
    if (!isOne) refuse(this.#where, 'batches to iterate over', value);
    return Symbol.asyncIterator in iterable ? iterable[Symbol.asyncIterator]() : iterable[Symbol.iterator]();
  }

  #runOut(epoch: number, batch: number): never {
    const wanted = this.batches === null ? 'batches in each epoch' : `${this.batches} batches in each epoch`;
    mismatch(
      this.#where,
      `${wanted} (a generator is used up once; give a function that makes one)`,
      `${batch} in epoch ${epoch + 1}`,
    );
  }

  #read(batch: unknown, firstSample: number): RowBatch {
    if (!Array.isArray(batch) || batch.length < 2 || batch.length > 3) {
      refuse(`${this.#where}: a batch`, '[x, y] or [x, y, sampleWeight]', batch);
    }
    const [x, y, sampleWeight] = batch as [unknown, unknown, WeightOptions['sampleWeight']];
    const weights: WeightOptions = {
      ...(sampleWeight !== undefined && { sampleWeight }),
      ...(this.#classWeight !== undefined && { classWeight: this.#classWeight }),
    };
    const data = this.#trainer.readData(this.#where, x, y, 'one batch', weights);
    return { data: { ...data, firstSample }, indices: rowNumbers(0, data.rows) };
  }
}
