import { describe, expect, test } from 'vitest';
import { Arena, Draw, load, quad, trainingBuilds } from './load.js';

const kinds = { binary: 0, categorical: 1, sparse: 2 } as const;
type Kind = keyof typeof kinds;

describe.each(trainingBuilds)('%s', (build) => {
  const module = load(build);

  test.each(['binary', 'categorical', 'sparse'] as const)(
    '%s accuracy counts what is right in the valid rows',
    (kind) => {
      const draw = new Draw(4);
      for (const rows of [0, 1, 5, 64]) {
        for (const features of [1, 2, 3, 4, 5, 9]) {
          for (const isMasked of [false, true]) {
            const arena = new Arena(module);
            const prediction = draw.floats(rows * features);
            const columns = kind === 'sparse' ? 1 : features;
            const target = Float32Array.from({ length: rows * columns }, () =>
              kind === 'sparse' ? draw.integer(0, features - 1) : draw.integer(0, 1),
            );
            const mask = isMasked ? Float32Array.from({ length: rows }, () => draw.integer(0, 1)) : undefined;
            const counts = (row: number) => mask === undefined || mask[row] === 1;
            const expected = Array.from({ length: rows }, (_, row) =>
              counts(row) ? rightIn(kind, rowOf(prediction, row, features), rowOf(target, row, columns)) : 0,
            ).reduce((sum, right) => sum + right, 0);

            const p = arena.putRows(prediction, rows, features, NaN);
            const t = arena.putRows(target, rows, columns, NaN);
            const result = arena.allocate(4);
            const stride = 4 * quad(columns);
            const m = mask ? arena.put(mask) : 0;
            module.kernels.countRows(m, 0, 0, NaN, rows, result);
            module.kernels.accuracy(p, t, stride, m, rows, features, kinds[kind], 0.5, 1, result);
            const valid = mask ? mask.reduce((sum, one) => sum + one, 0) : rows;
            expect([...new Float64Array(module.memory.buffer, result, 2)]).toEqual([expected, valid]);
            arena.release();
          }
        }
      }
    },
  );
});

const rowOf = (values: Float32Array, row: number, columns: number) =>
  values.subarray(row * columns, (row + 1) * columns);

const greatestAt = (row: Float32Array) => row.indexOf(Math.max(...row));

function rightIn(kind: Kind, prediction: Float32Array, target: Float32Array): number {
  if (kind === 'binary') return prediction.filter((value, i) => Number(value > 0.5) === target[i]).length;
  return Number(greatestAt(prediction) === (kind === 'sparse' ? target[0] : greatestAt(target)));
}
