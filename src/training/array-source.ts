import type { RandomPlace } from '../graph/randomness.js';
import type { EpochPlace, RowBatch, Source } from './batches.js';
import { batchesOf, rowNumbers, type Data } from './data.js';
import { rowOrder } from './row-order.js';
import type { Trainer } from './trainer.js';

/** Rows of arrays, in order or shuffled. */
export class ArraySource implements Source {
  readonly batches: number;
  readonly largest: number;
  readonly settings: Readonly<Record<'rows' | 'batchSize', number> & Record<'shuffle', boolean>>;
  readonly #trainer: Trainer;
  readonly #data: Data;
  readonly #from: number;

  constructor(
    trainer: Trainer,
    { data, from, to }: { readonly data: Data; readonly from: number; readonly to: number },
    batchSize: number,
    shuffle: boolean,
  ) {
    this.#trainer = trainer;
    this.#data = data;
    this.#from = from;
    this.settings = { rows: to - from, batchSize, shuffle };
    this.batches = Math.ceil(this.settings.rows / batchSize);
    this.largest = Math.min(batchSize, this.settings.rows);
  }

  *epoch({ batch }: EpochPlace, random: RandomPlace): Generator<RowBatch> {
    const { rows, batchSize, shuffle } = this.settings;
    const inOrder = rowNumbers(this.#from, this.#from + rows);
    const order = shuffle ? rowOrder(this.#trainer.workspace, inOrder, random) : inOrder;
    for (const indices of batchesOf(order.subarray(batch * batchSize), batchSize)) {
      yield { data: this.#data, indices, after: null };
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
