/**
 * Embedding: row id of the table, for each id of x, whatever its rank.          Keras 3, layers/core/embedding.py
 * Weights: embeddings [inputDim, outputDim]. Backwards each row gets the cotangents of all places where its id stands;
 * ids have no gradient. With maskZero, id 0 is a masked step.
 */
import type { Cotangents, SimplePass } from './pass.js';
import { checkWeights, reshaped, zeros, zerosLike, type Mask, type Tensor, type Tensors } from './tensor.js';

export interface EmbeddingConfig {
  readonly inputDim: number;
  readonly outputDim: number;
  /** false by default. */
  readonly maskZero?: boolean;
}

export function embedding(
  { inputDim, outputDim, maskZero = false }: EmbeddingConfig,
  weights: Tensors,
  [ids]: readonly [Tensor],
): SimplePass & { readonly mask: Mask | undefined } {
  checkWeights('embedding', weights, [[inputDim, outputDim]]);
  const [table] = weights;
  ids.data.forEach((id) => {
    if (!Number.isInteger(id) || id < 0 || id >= inputDim) {
      throw new Error(`embedding: expected whole numbers from 0 to ${inputDim - 1}, got ${id}`);
    }
  });
  const rowOf = (matrix: Tensor, row: number): Float64Array =>
    matrix.data.subarray(row * outputDim, (row + 1) * outputDim);

  const y = zeros(ids.data.length, outputDim);
  ids.data.forEach((id, i) => rowOf(y, i).set(rowOf(table, id)));
  return {
    outputs: [reshaped(y, [...ids.shape, outputDim])],
    mask: maskZero ? maskOf(ids) : undefined,
    backward([dy = zerosLike(y)]: Cotangents<readonly [Tensor]>) {
      const dTable = zerosLike(table);
      const dRows = reshaped(dy, y.shape);
      ids.data.forEach((id, i) => {
        const target = rowOf(dTable, id);
        rowOf(dRows, i).forEach((value, column) => (target[column] += value));
      });
      return { inputs: [zerosLike(ids)], weights: [dTable] };
    },
  };
}

/** Of ids [batch, time]. */
function maskOf({ shape: [batch, time], data }: Tensor): Mask {
  return Array.from({ length: batch }, (_, b) => Array.from(data.subarray(b * time, (b + 1) * time), (id) => id !== 0));
}
