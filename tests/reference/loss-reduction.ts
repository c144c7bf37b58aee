/**
 * From the losses of rows (one for each step of each sample) to one number.     Keras 3, losses/loss.py, sum_over_batch_size
 *   value = Σ weight · loss / n
 * n is the number of rows, with a mask of the valid ones, which alone count in the sum (Keras multiplies the mask by
 * total / valid and then takes the mean over all: the same). Weights do not change n. Without a valid row the loss is 0.
 */
import { asRows, map, type Mask, type Tensor } from './tensor.js';

export interface Weighting {
  readonly mask?: Mask | undefined;
  /** [batch], or [batch, time]: a weight for each sample, or for each of its steps. */
  readonly sampleWeight?: Tensor | undefined;
}

export interface Loss {
  readonly value: number;
  /** With respect to the prediction. */
  readonly gradient: Tensor;
}

/** A row's loss and its gradient. */
export interface RowLoss {
  readonly value: number;
  readonly gradient: readonly number[];
}

/** `lossOf` gets each row of the prediction and its number. */
export function reduceRows(
  prediction: Tensor,
  { mask, sampleWeight }: Weighting,
  lossOf: (row: Float64Array, number: number) => RowLoss,
): Loss {
  const [rows, features] = asRows(prediction).shape;
  const valid = mask?.flat();
  const isValid = (row: number): boolean => valid?.[row] ?? true;
  const count = valid === undefined ? rows : valid.filter(Boolean).length;
  // As many rows in sequence as there are steps have one weight, if weights are given by sample.
  const rowsOfWeight = sampleWeight === undefined ? 1 : rows / sampleWeight.data.length;
  const factor = (row: number): number => (sampleWeight?.data[Math.floor(row / rowsOfWeight)] ?? 1) / count;

  const losses = Array.from({ length: rows }, (_, row) =>
    isValid(row) ? lossOf(prediction.data.subarray(row * features, (row + 1) * features), row) : undefined,
  );
  return {
    value: losses.reduce((sum, loss, row) => sum + (loss === undefined ? 0 : loss.value * factor(row)), 0),
    gradient: map(prediction, (_, i) => {
      const row = Math.floor(i / features);
      const loss = losses[row];
      return loss === undefined ? 0 : loss.gradient[i % features] * factor(row);
    }),
  };
}
