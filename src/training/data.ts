import type { Numbers } from '../tensors/tensor.js';

/** What is trained on or evaluated: numbers for every input that is needed, and for every output with a loss. */
export interface Data {
  readonly inputs: readonly Numbers[];
  readonly targets: readonly Numbers[];
  /** Of the rows of each of these outputs, [samples, steps]; null: 1. */
  readonly weights: readonly (Numbers | null)[];
  /** Samples in each of them. */
  readonly rows: number;
  /** The samples' numbers, by which random numbers go, where these are some of many. Default: from 0 on. */
  readonly samples?: Int32Array;
}

/** Copies: the user may write to his arrays while other tasks run. */
export function copyOf({ inputs, targets, weights, rows }: Data): Data {
  const copy = ({ data, shape }: Numbers): Numbers => ({ data: data.slice(), shape: [...shape] });
  return {
    inputs: inputs.map(copy),
    targets: targets.map(copy),
    weights: weights.map((one) => one && copy(one)),
    rows,
  };
}

/** The numbers of the rows from … to − 1. */
export function rowNumbers(from: number, to: number): Int32Array {
  return Int32Array.from({ length: to - from }, (_, i) => from + i);
}

/** Numbers of rows, so many at a time. */
export function* batchesOf(rows: Int32Array, size: number): Generator<Int32Array> {
  for (let start = 0; start < rows.length; start += size) yield rows.subarray(start, start + size);
}
