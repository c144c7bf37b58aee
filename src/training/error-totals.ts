import { meanOf, type ErrorSum } from './losses.js';

/** The errors of one batch, by objective: its loss, then its metrics; behind them the penalties, which count in the loss alone. */
export type BatchErrors = readonly { readonly loss: ErrorSum; readonly metrics: readonly ErrorSum[] }[];

/** Sums of errors over batches; the loss is the mean over batches, weighted by their rows (Keras). */
export class ErrorTotals {
  errors: BatchErrors = [];
  #weighted = 0;
  #rows = 0;

  add(errors: BatchErrors, rows: number): void {
    this.#weighted += totalLoss(errors) * rows;
    this.#rows += rows;
    this.errors = errors.map((error, i) => {
      const before = this.errors[i];
      const plus = (a: ErrorSum | undefined, b: ErrorSum): ErrorSum => ({
        sum: (a?.sum ?? 0) + b.sum,
        count: (a?.count ?? 0) + b.count,
      });
      return {
        loss: plus(before?.loss, error.loss),
        metrics: error.metrics.map((metric, j) => plus(before?.metrics[j], metric)),
      };
    });
  }

  get loss(): number {
    return this.#rows === 0 ? 0 : this.#weighted / this.#rows;
  }
}

/** The loss of a batch: the sum over its objectives. */
export function totalLoss(errors: BatchErrors): number {
  return errors.reduce((sum, { loss }) => sum + meanOf(loss), 0);
}
