import { fields, mismatch, nonNegativeInteger, optional, rate, refuse } from '../options/options.js';
import {
  isTensorObject,
  makeTensor,
  readNumbers,
  type Numbers,
  type Tensor,
  type TensorLike,
} from '../tensors/tensor.js';

export interface SplitOptions {
  /** The share of the rows that validates, behind those that train. In [0, 1). Default 0.2. */
  validation?: number;
  /** The share of the rows that stays unseen until the end, behind all others. In [0, 1). Default 0. */
  test?: number;
  /**
   * Rows that are left out between one part and the next, so that no window or horizon reaches over: they are taken from those that
   * train. Default 0.
   */
  gap?: number;
}

/** One tensor for each that was given. */
type Tensors<T extends readonly TensorLike[]> = { -readonly [K in keyof T]: Tensor };

const readers = {
  validation: optional(rate, 0.2),
  test: optional(rate, 0),
  gap: optional(nonNegativeInteger, 0),
};

/**
 * Splits data by time: the first rows train, the next validate, the last test. Never shuffled: what comes later must not be known to
 * what is trained. Shares are those of all rows, rounded up to whole rows, as `fit`'s `validationSplit` does.
 * @param given tensors [rows, …] with equally many rows, such as x and y, then the options
 * @returns copies: for each part an array with as many tensors as were given; a part with share 0 has 0 rows.
 * @example
 * const { train: [x, y], validation } = splitByTime(allX, allY, { validation: 0.2, gap: 24 });
 * await model.fit(x, y, { validationData: validation });
 * @throws TypeError for different numbers of rows; RangeError if a part with a share, or the one that trains, gets no row.
 */
export function splitByTime<const T extends readonly [TensorLike, ...TensorLike[]]>(
  ...given: [...data: T, options: SplitOptions]
): { train: Tensors<T>; validation: Tensors<T>; test: Tensors<T> };
export function splitByTime(...given: readonly unknown[]): Record<'train' | 'validation' | 'test', Tensor[]> {
  const where = 'splitByTime';
  const options = given.at(-1);
  if (Array.isArray(options) || ArrayBuffer.isView(options) || isTensorObject(options)) {
    mismatch(where, 'data, then options such as { validation: 0.2 }', 'data alone');
  }
  const { validation, test, gap } = fields(options, where, readers);
  if (given.length < 2) mismatch(where, 'data in front of the options', 'none');
  const tensors = given.slice(0, -1).map((data, i) => readRows(`${where}: data ${i}`, data));
  const rows = tensors[0]?.shape[0] ?? 0;
  tensors.forEach(({ shape }, i) => {
    if (shape[0] !== rows) mismatch(`${where}: data ${i}`, `${rows} rows, as the first has`, shape[0] ?? 0);
  });
  const counts = { validation: shareOf(rows, validation), test: shareOf(rows, test) };
  const gaps = gap * ((validation > 0 ? 1 : 0) + (test > 0 ? 1 : 0));
  const training = rows - counts.validation - counts.test - gaps;
  if (training < 1 || (validation > 0 && counts.validation < 1) || (test > 0 && counts.test < 1)) {
    throw new RangeError(
      `${where}: ${rows} row(s) are too few: validation ${validation} takes ${counts.validation}, test ${test} takes ` +
        `${counts.test}, gaps take ${gaps}, ${Math.max(training, 0)} are left to train on`,
    );
  }
  const testFrom = rows - counts.test;
  const validationTo = test > 0 ? testFrom - gap : testFrom;
  const cut = (from: number, to: number): Tensor[] => tensors.map((numbers) => rowsOf(numbers, from, to));
  return {
    train: cut(0, training),
    validation: cut(validationTo - counts.validation, validationTo),
    test: cut(testFrom, rows),
  };
}

function readRows(where: string, data: unknown): Numbers {
  const numbers = readNumbers(data, where);
  if (numbers.shape.length === 0) refuse(where, 'rows', data);
  return numbers;
}

/** A millionth of a row is rounding: 10 · 0.3 is more than 3. */
function shareOf(rows: number, share: number): number {
  return Math.ceil(rows * share - 1e-6);
}

function rowsOf({ data, shape }: Numbers, from: number, to: number): Tensor {
  const size = shape.slice(1).reduce((product, length) => product * length, 1);
  return makeTensor(data.slice(from * size, to * size), [to - from, ...shape.slice(1)]);
}
