/** The errors of one batch, or of several added up. */
export interface BatchErrors {
  /** The weighted sum of the losses, and penalties. */
  readonly loss: number;
  /** What each output's loss (times rows, and the rows) and metrics have summed, one after the other: numbers that add up over batches. */
  readonly sums: readonly number[];
}

/** Errors over batches; the loss is the mean over batches, weighted by their rows (Keras). */
export class ErrorTotals implements BatchErrors {
  sums: readonly number[] = [];
  #weighted = 0;
  #rows = 0;

  add(errors: BatchErrors, rows: number): void {
    this.#weighted += errors.loss * rows;
    this.#rows += rows;
    this.sums = errors.sums.map((sum, i) => (this.sums[i] ?? 0) + sum);
  }

  get loss(): number {
    return this.#rows === 0 ? 0 : this.#weighted / this.#rows;
  }

  /** All there is to know of it, to go on from with `restore`. */
  save(): number[] {
    return [this.#weighted, this.#rows, ...this.sums];
  }

  restore([weighted = 0, rows = 0, ...sums]: readonly number[]): void {
    this.#weighted = weighted;
    this.#rows = rows;
    this.sums = sums;
  }
}
