import { describe, expect, test } from 'vitest';
import { activate } from '../reference/activations.js';
import { softmax as reference } from '../reference/softmax.js';
import { tensor } from '../reference/tensor.js';
import { Arena, Draw, load, quad, trainingBuilds } from './load.js';
import { exchangeAxes } from './recurrent.js';

describe.each(trainingBuilds)('%s', (build) => {
  const module = load(build);
  const { kernels } = module;

  test('logSoftmax and its gradient agree with float64 for every number of features', () => {
    const draw = new Draw(1);
    for (let features = 1; features <= 70; features++) {
      const rows = draw.integer(0, 9);
      const arena = new Arena(module);
      const x = draw.floats(rows * features, features % 7 === 0 ? 300 : 10);
      const [dy, before] = [draw.floats(x.length), draw.floats(x.length)];
      const source = arena.putRows(x, rows, features, NaN);
      const y = arena.allocate(rows * quad(features));
      kernels.logSoftmax(source, y, rows, features);
      const dx = arena.putRows(before, rows, features, NaN);
      const cotangent = arena.putRows(dy, rows, features, NaN);
      kernels.logSoftmaxBackward(y, cotangent, dx, rows, features, 1);
      kernels.logSoftmaxBackward(y, cotangent, cotangent, rows, features, 0);

      const activated = activate('logSoftmax', tensor([rows, features], x));
      const { output } = activated;
      const gradient = activated.vjp(tensor([rows, features], dy)).data;
      const found = arena.getRows(y, rows, features);
      found.forEach((value, i) =>
        expect(Math.abs(value - output.data[i])).toBeLessThanOrEqual(3e-7 * (1 + Math.abs(output.data[i]))),
      );
      const alone = arena.getRows(cotangent, rows, features);
      alone.forEach((value, i) => expect(Math.abs(value - gradient[i])).toBeLessThanOrEqual(4e-6));
      arena
        .getRows(dx, rows, features)
        .forEach((value, i) => expect(Math.abs(value - before[i] - gradient[i])).toBeLessThanOrEqual(4e-6));
      kernels.logSoftmax(source, source, rows, features);
      expect(arena.getRows(source, rows, features)).toEqual(found);
      arena.release();
    }
  });

  test('logSoftmax does not overflow, and a NaN spoils its own row only', () => {
    const arena = new Arena(module);
    const x = [1e30, 1e30, -1e30, -Infinity, 0, 1, 2, NaN, 3, 4, 5, 6, 7, 8, 9];
    const y = arena.putRows(x, 3, 5, NaN);
    kernels.logSoftmax(y, y, 3, 5);
    const found = arena.getRows(y, 3, 5);
    expect(found[0]).toBeCloseTo(-Math.LN2, 6);
    expect(found[3]).toBe(-Infinity);
    expect([...found.subarray(5, 10)]).toEqual([NaN, NaN, NaN, NaN, NaN]);
    expect(found[14]).toBeCloseTo(-0.4519, 3);
    arena.release();
  });

  test('softmax over time and its gradient agree with float64, with and without a mask', () => {
    const draw = new Draw(3);
    for (const features of [1, 2, 4, 5, 9, 16]) {
      for (const steps of [0, 1, 2, 7, 30]) {
        for (const isMasked of [false, true]) {
          const arena = new Arena(module);
          const batch = draw.integer(1, 4);
          const rows = steps * batch;
          const x = draw.floats(rows * features, 10);
          const [dy, before] = [draw.floats(x.length), draw.floats(x.length)];
          // The first row of the batch is all masked.
          const mask = Float32Array.from({ length: rows }, (_, r) => Number(r % batch > 0 && draw.uniform() < 0.6));
          const source = arena.putRows(x, rows, features, NaN);
          const y = arena.allocate(rows * quad(features));
          const masks = isMasked ? arena.put(mask) : 0;
          kernels.softmaxOverTime(source, y, masks, steps, batch, features);
          const dx = arena.putRows(before, rows, features, NaN);
          kernels.softmaxOverTimeBackward(y, arena.putRows(dy, rows, features, NaN), dx, steps, batch, features);

          const sequence = (values: Float32Array) => exchangeAxes(values, steps, batch, features);
          const isLeft = exchangeAxes(isMasked ? mask : mask.fill(1), steps, batch, 1);
          const pass = reference({ axis: 1 }, [], [sequence(x)], isLeft);
          const back = pass.backward([sequence(dy)]);
          const found = arena.getRows(y, rows, features);
          sequence(found).data.forEach((value, i) => expect(value).toBeCloseTo(pass.outputs[0].data[i], 5));
          const gradient = arena.getRows(dx, rows, features).map((value, i) => value - before[i]);
          sequence(gradient).data.forEach((value, i) => expect(value).toBeCloseTo(back.inputs[0].data[i], 5));
          kernels.softmaxOverTime(source, source, masks, steps, batch, features);
          expect(arena.getRows(source, rows, features)).toEqual(found);
          arena.release();
        }
      }
    }
  });
});
