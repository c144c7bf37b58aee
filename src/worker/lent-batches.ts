import { known } from '../plan/known.js';
import { iterableOf, iteratorOf, type Batch, type Batches } from '../training/batches.js';
import type { BatchesOf, BatchesQuestion } from './messages.js';
import { plain } from './plain.js';

interface Open {
  readonly iterator: AsyncIterator<Batch> | Iterator<Batch>;
  /** Whether it is ours to be closed: a generator that the user handed in may be needed again. */
  readonly isOwn: boolean;
}

/** The user's batches: they stay in his thread, and the one that trains asks for them as it needs them. */
export class LentBatches {
  readonly #where: string;
  readonly #given: Readonly<Record<BatchesOf, unknown>>;
  readonly #open = new Map<BatchesOf, Open>();

  constructor(where: string, given: Readonly<Record<BatchesOf, unknown>>) {
    this.#where = where;
    this.#given = given;
  }

  /** Rejects with what the user's code throws. */
  async answer(question: BatchesQuestion): Promise<unknown> {
    const { kind, of } = question;
    switch (kind) {
      case 'begin': {
        const given = this.#given[of] as Batches;
        const where = of === 'training' ? this.#where : `${this.#where}: validationData`;
        const iterator = iteratorOf(iterableOf(where, given, question.epoch));
        this.#open.set(of, { iterator, isOwn: (iterator as unknown) !== given });
        return null;
      }
      case 'next': {
        const next = await known(this.#open.get(of), 'batches').iterator.next();
        if (next.done !== true) return { value: plain(next.value, `${this.#where}: a batch`) };
        this.#open.delete(of);
        return null;
      }
      case 'leave':
        await this.#leave(of);
        return null;
    }
  }

  /** Leaves what the other thread has not, which was aborted or is no more. Nobody waits: a generator may wait for something itself. */
  close(): void {
    for (const of of [...this.#open.keys()]) this.#leave(of).catch(() => undefined);
  }

  async #leave(of: BatchesOf): Promise<void> {
    const open = this.#open.get(of);
    this.#open.delete(of);
    if (open?.isOwn === true) await open.iterator.return?.();
  }
}
