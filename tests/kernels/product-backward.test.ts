import { describe, expect, test } from 'vitest';
import { Arena, Draw, load, quad, trainingBuilds } from './load.js';

interface Sizes {
  rows: number;
  inputs: number;
  outputs: number;
}

/** Every size from 1 to 70 in each place, while the others are drawn; and row counts around the blocks of 256. */
function allSizes(draw: Draw): Sizes[] {
  const drawn = () => ({ rows: draw.integer(1, 70), inputs: draw.integer(1, 70), outputs: draw.integer(1, 70) });
  const sizes: Sizes[] = [];
  for (let size = 1; size <= 70; size++) {
    sizes.push({ ...drawn(), rows: size }, { ...drawn(), inputs: size }, { ...drawn(), outputs: size });
  }
  for (const rows of [0, 255, 256, 257, 511, 512, 513, 1500]) sizes.push({ rows, inputs: 13, outputs: 22 });
  sizes.push({ rows: 300, inputs: 128, outputs: 130 });
  return sizes;
}

/** Sums over rows in blocks of 256, each from 0, rounded to float32 after each operation. */
function blockwise(rows: number, before: number, term: (row: number) => number): number {
  const f = Math.fround;
  let total = before;
  for (let first = 0; first < rows; first += 256) {
    let sum = 0;
    for (let row = first; row < Math.min(rows, first + 256); row++) sum = f(sum + f(term(row)));
    total = f(total + sum);
  }
  return total;
}

describe.each(trainingBuilds)('%s', (build) => {
  const module = load(build);
  const isExact = build === 'training';
  const tolerance = isExact ? 0 : 1e-5;

  test('productGradient adds xᵀ·dy on every size, in blocks of 256 rows, and reads no padding of x', () => {
    const draw = new Draw(1);
    let cases = 0;
    for (const { rows, inputs, outputs } of allSizes(draw)) {
      const arena = new Arena(module);
      const x = draw.floats(rows * inputs);
      const dy = draw.floats(rows * outputs);
      const before = draw.floats(inputs * outputs);
      const dw = arena.putRows(before, inputs, outputs);
      module.kernels.productGradient(
        arena.putRows(x, rows, inputs, NaN),
        quad(inputs) * 4,
        arena.putRows(dy, rows, outputs),
        quad(outputs) * 4,
        dw,
        rows,
        inputs,
        outputs,
      );
      const found = arena.getRows(dw, inputs, outputs);
      for (let k = 0; k < inputs; k++) {
        for (let n = 0; n < outputs; n++) {
          const i = k * outputs + n;
          const wanted = blockwise(rows, before[i], (row) => x[row * inputs + k] * dy[row * outputs + n]);
          if (!(Math.abs(found[i] - wanted) <= tolerance)) {
            expect.fail(`${rows} × ${inputs} × ${outputs}: dw[${k}, ${n}] is ${found[i]} instead of ${wanted}`);
          }
        }
      }
      arena.release();
      cases++;
    }
    expect(cases).toBe(3 * 70 + 9);
  });

  test('columnSums adds the sums over rows on every size, in blocks of 256', () => {
    const draw = new Draw(2);
    let cases = 0;
    for (const { rows, outputs } of allSizes(draw)) {
      const arena = new Arena(module);
      const dy = draw.floats(rows * outputs);
      const before = draw.floats(outputs);
      const db = arena.putRows(before, 1, outputs);
      module.kernels.columnSums(arena.putRows(dy, rows, outputs), quad(outputs) * 4, db, rows, outputs);
      const found = arena.getRows(db, 1, outputs);
      for (let n = 0; n < outputs; n++) {
        expect(found[n]).toBe(blockwise(rows, before[n], (row) => dy[row * outputs + n]));
      }
      arena.release();
      cases++;
    }
    expect(cases).toBe(3 * 70 + 9);
  });
});

test('blocks keep a sum over 320,000 rows exact to 2e-6', () => {
  const module = load();
  const arena = new Arena(module);
  const rows = 320_000;
  const values = new Draw(3).floats(rows * 4).map(Math.abs);
  const db = arena.put(new Float32Array(4));
  module.kernels.columnSums(arena.put(values), 16, db, rows, 4);
  const exact = [0, 0, 0, 0];
  for (const [i, value] of values.entries()) exact[i % 4] += value;
  for (const [n, sum] of arena.get(db, 4).entries()) expect(Math.abs(sum / exact[n] - 1)).toBeLessThan(2e-6);
  arena.release();
});
