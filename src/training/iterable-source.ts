import { mismatch, refuse } from '../options/options.js';
import {
  iterableOf,
  iteratorOf,
  type Batch,
  type Batches,
  type EpochPlace,
  type RowBatch,
  type Source,
} from './batches.js';
import { rowNumbers } from './data.js';
import { unlessAborted, type Signal } from './pauses.js';
import type { WeightOptions } from './sample-weights.js';
import type { Trainer } from './trainer.js';

export interface IterableSettings {
  /** How many batches an epoch is; null: all that come. */
  readonly steps: number | null;
  /** Whether each epoch begins anew, as it does where all that come are one; otherwise it goes on where the last one ended. */
  readonly beginsAnew: boolean;
  readonly classWeight?: WeightOptions['classWeight'];
  /** Nobody waits for a batch any more when it comes. */
  readonly signal: Signal | undefined;
}

/** An iterable that was begun. */
interface Open {
  readonly iterator: AsyncIterator<Batch> | Iterator<Batch>;
  /** Whether it is ours to be closed: a generator that the user handed in may be needed again. */
  readonly isOwn: boolean;
  /** The epoch for which it was begun. */
  readonly begun: number;
  taken: number;
}

/** Batches of an iterable, each checked as it comes. */
export class IterableSource implements Source {
  readonly batches: number | null;
  readonly largest = null;
  readonly settings: { readonly stepsPerEpoch: number | null };
  readonly #trainer: Trainer;
  readonly #where: string;
  readonly #given: Batches;
  readonly #classWeight: WeightOptions['classWeight'];
  readonly #beginsAnew: boolean;
  readonly #signal: Signal | undefined;
  #open: Open | undefined;

  constructor(
    trainer: Trainer,
    where: string,
    given: Batches,
    { steps, beginsAnew, classWeight, signal }: IterableSettings,
  ) {
    this.#trainer = trainer;
    this.#where = where;
    this.#given = given;
    this.#classWeight = classWeight;
    this.#signal = signal;
    this.#beginsAnew = beginsAnew || steps === null;
    this.batches = steps;
    this.settings = { stepsPerEpoch: steps };
  }

  async *epoch(place: EpochPlace): AsyncGenerator<RowBatch> {
    const { epoch } = place;
    let open = await this.#goOn(place);
    let samples = place.batch > 0 ? (place.source?.samples ?? 0) : 0;
    for (let { batch } = place; this.batches === null || batch < this.batches; batch++) {
      let next = await this.#next(open);
      if (next.done === true && this.batches !== null && open.taken > 0) {
        // Fewer than the epochs want in all: from the beginning, if it can be begun again.
        open = this.#begin(epoch);
        next = await this.#next(open);
      }
      if (next.done === true) {
        this.#open = undefined;
        if (batch === 0 || this.batches !== null) this.#runOut(epoch, batch);
        return;
      }
      open.taken++;
      const read = this.#read(next.value, samples);
      samples += read.data.rows;
      yield { ...read, after: { begun: open.begun, taken: open.taken, samples } };
    }
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    if (open?.isOwn !== true) return;
    const closing = open.iterator.return?.();
    // A generator that waits for something ends only when that has come: after an abort it is left to itself.
    if (this.#signal?.aborted === true) Promise.resolve(closing).catch(() => undefined);
    else await closing;
  }

  #next({ iterator }: Open): Promise<IteratorResult<Batch>> {
    return unlessAborted(this.#signal, iterator.next());
  }

  /** What gives the epoch's batches: what is open, or is opened and brought to the place of a training that goes on. */
  async #goOn({ epoch, batch, source }: EpochPlace): Promise<Open> {
    if (this.#beginsAnew) await this.close();
    if (this.#open !== undefined) return this.#open;
    if (source === null || (this.#beginsAnew && batch === 0)) return this.#begin(epoch);
    const open = this.#begin(source.begun);
    for (; open.taken < source.taken; open.taken++) {
      const { done } = await this.#next(open);
      if (done !== true) continue;
      mismatch(`${this.#where}: resume`, `at least ${source.taken} batches, as before the checkpoint`, open.taken);
    }
    return open;
  }

  #begin(epoch: number): Open {
    const iterable = iterableOf(this.#where, this.#given, epoch);
    const iterator = iteratorOf(iterable);
    return (this.#open = { iterator, isOwn: (iterator as unknown) !== this.#given, begun: epoch, taken: 0 });
  }

  #runOut(epoch: number, batch: number): never {
    const wanted = this.batches === null ? 'batches in each epoch' : `${this.batches} batches in each epoch`;
    mismatch(
      this.#where,
      `${wanted} (a generator is used up once; give a function that makes one)`,
      `${batch} in epoch ${epoch + 1}`,
    );
  }

  #read(batch: unknown, firstSample: number): Omit<RowBatch, 'after'> {
    if (!Array.isArray(batch) || batch.length < 2 || batch.length > 3) {
      refuse(`${this.#where}: a batch`, '[x, y] or [x, y, sampleWeight]', batch);
    }
    const [x, y, sampleWeight] = batch as [unknown, unknown, WeightOptions['sampleWeight']];
    const weights: WeightOptions = {
      ...(sampleWeight !== undefined && { sampleWeight }),
      ...(this.#classWeight !== undefined && { classWeight: this.#classWeight }),
    };
    const data = this.#trainer.readData(this.#where, x, y, 'one batch', weights);
    const samples = rowNumbers(firstSample, firstSample + data.rows);
    return { data: { ...data, samples }, indices: rowNumbers(0, data.rows) };
  }
}
