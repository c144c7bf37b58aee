import { expect, test } from 'vitest';
import { embedding } from '../reference/embedding.js';
import { tensor } from '../reference/tensor.js';
import { Arena, Draw, load, quad } from './load.js';
import { exchangeAxes } from './recurrent.js';

const module = load();
const { kernels } = module;

test('embedding gathers rows and writes the mask, and its gradient comes back to them, from both layouts of ids', () => {
  const draw = new Draw(1);
  let cases = 0;
  for (const features of [1, 2, 3, 4, 5, 8, 13]) {
    for (const steps of [0, 1, 3, 10]) {
      for (const batch of [1, 2, 5]) {
        for (const layout of ['[T, B]', '[B, T]'] as const) {
          const arena = new Arena(module);
          const rows = draw.integer(1, 9);
          const count = steps * batch;
          const table = draw.floats(rows * features);
          const ids = Float32Array.from({ length: count }, () => draw.integer(0, rows - 1));
          const [dy, before] = [draw.floats(count * features), draw.floats(table.length)];
          const byRow = Float32Array.from(exchangeAxes(ids, steps, batch, 1).data);
          const pIds = layout === '[T, B]' ? arena.put(ids) : arena.putRows(byRow, batch, steps, NaN);
          const strides = layout === '[T, B]' ? [4 * batch, 4] : [4, 4 * quad(steps)];
          const y = arena.allocate(count * quad(features));
          const mask = arena.allocate(count);
          const sizes = [steps, batch, features];
          const pTable = arena.putRows(table, rows, features, NaN);
          kernels.embedding(pIds, ...strides, pTable, y, mask, ...sizes);
          const gradient = arena.putRows(before, rows, features);
          kernels.embeddingBackward(pIds, ...strides, arena.putRows(dy, count, features), gradient, ...sizes);

          const found = arena.getRows(y, count, features);
          const pass = embedding(
            { inputDim: rows, outputDim: features },
            [tensor([rows, features], table)],
            [tensor([batch, steps], byRow)],
          );
          const back = pass.backward([exchangeAxes(dy, steps, batch, features)]);
          expect([...exchangeAxes(found, steps, batch, features).data]).toEqual([...pass.outputs[0].data]);
          expect(arena.get(mask, count)).toEqual(ids.map((id) => Number(id !== 0)));
          const wanted = back.weights[0].data;
          arena
            .getRows(gradient, rows, features)
            .forEach((value, i) => expect(value).toBeCloseTo(before[i] + wanted[i], 5));

          // No mask is wanted.
          kernels.embedding(pIds, ...strides, pTable, y, 0, ...sizes);
          expect(arena.getRows(y, count, features)).toEqual(found);
          arena.release();
          cases++;
        }
      }
    }
  }
  expect(cases).toBe(7 * 4 * 3 * 2);
});

test('the gradient of a row is summed in the order of steps, then of the batch', () => {
  const arena = new Arena(module);
  // In float32, 1e8 + 1 − 1e8 is 0 and 1e8 − 1e8 + 1 is 1.
  const dy = arena.putRows([1e8, 1, -1e8, 1e8, -1e8, 1], 6, 1);
  const ids = arena.put([0, 0, 0, 1, 1, 1]);
  const gradient = arena.putRows([0, 0], 2, 1);
  kernels.embeddingBackward(ids, 12, 4, dy, gradient, 2, 3, 1);
  expect([...arena.getRows(gradient, 2, 1)]).toEqual([0, 1]);
  arena.release();
});
