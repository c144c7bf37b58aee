import { describe, expect, test } from 'vitest';
import { merge as reference, type MergeName } from '../reference/merging.js';
import { tensor } from '../reference/tensor.js';
import { Arena, Draw, load, quad, trainingBuilds } from './load.js';

const codes = { add: 0, subtract: 1, multiply: 2, average: 3, maximum: 4, minimum: 5 } as const;
const names = Object.keys(codes) as MergeName[];

describe.each(trainingBuilds)('%s', (build) => {
  const module = load(build);
  const { kernels } = module;

  test.each(names)('%s of two to four inputs, and its gradients, are those of float64', (name) => {
    const draw = new Draw(1);
    for (let features = 1; features <= 18; features++) {
      for (const count of name === 'subtract' ? [2] : [2, 3, 4]) {
        const arena = new Arena(module);
        const rows = draw.integer(0, 9);
        const floats = rows * quad(features);
        // Halves, so that some are equal.
        const inputs = Array.from({ length: count }, () =>
          Float32Array.from({ length: rows * features }, () => draw.integer(-6, 6) / 2),
        );
        const dy = draw.floats(rows * features);
        const before = draw.floats(rows * features);
        const sources = inputs.map((values) => arena.putRows(values, rows, features));
        const y = arena.allocate(floats);
        kernels.copy(y, sources[0], floats * 4);
        for (const [i, next] of sources.slice(1).entries()) {
          const code = name === 'average' && i + 2 < count ? codes.add : codes[name];
          kernels.merge(code, y, next, y, rows, features, rows, count);
        }

        const gradients = sources.map(() => arena.putRows(before, rows, features));
        const cotangent = arena.putRows(dy, rows, features);
        const left = arena.putRows(dy, rows, features);
        for (const [i, dx] of gradients.entries()) {
          if (name === 'multiply') {
            const others = sources.toSpliced(i, 1);
            const product = arena.allocate(floats);
            kernels.copy(product, others[0], floats * 4);
            for (const other of others.slice(1)) {
              kernels.merge(codes.multiply, product, other, product, rows, features, rows, 1);
            }
            kernels.addProduct(cotangent, product, dx, rows, features, rows);
          } else if (name === 'maximum' || name === 'minimum') {
            kernels.extremumBackward(sources[i], y, left, dx, floats);
          } else {
            const factor = name === 'average' ? 1 / count : name === 'subtract' && i === 1 ? -1 : 1;
            kernels.addScaled(cotangent, dx, floats, factor);
          }
        }

        const pass = reference(
          name,
          inputs.map((values) => tensor([rows, features], values)),
        );
        const back = pass.backward([tensor([rows, features], dy)]);
        arena.getRows(y, rows, features).forEach((value, i) => expect(value).toBeCloseTo(pass.outputs[0].data[i], 5));
        for (const [which, dx] of gradients.entries()) {
          const { data } = back.inputs[which];
          arena.getRows(dx, rows, features).forEach((value, i) => expect(value).toBeCloseTo(before[i] + data[i], 4));
        }
        arena.release();
      }
    }
  });

  test('a merge with rows of one step meets every step, and is itself a dropout mask going back', () => {
    const draw = new Draw(2);
    for (const features of [1, 4, 7]) {
      for (const [steps, batch] of [
        [0, 2],
        [1, 3],
        [5, 2],
      ]) {
        const arena = new Arena(module);
        const rows = steps * batch;
        const [a, b, before] = [rows, batch, rows].map((count) => draw.floats(count * features));
        const [pa, pb, target] = [
          arena.putRows(a, rows, features, NaN),
          arena.putRows(b, batch, features, NaN),
          arena.putRows(before, rows, features, NaN),
        ];
        const y = arena.allocate(rows * quad(features));
        kernels.merge(codes.multiply, pa, pb, y, rows, features, batch, 1);
        kernels.addProduct(pa, pb, target, rows, features, batch);
        const products = a.map((value, i) => value * b[i % (batch * features)]);
        expect(arena.getRows(y, rows, features)).toEqual(products);
        arena
          .getRows(target, rows, features)
          .forEach((value, i) => expect(value).toBeCloseTo(before[i] + products[i], 6));
        kernels.merge(codes.subtract, pa, pb, pa, rows, features, batch, 1);
        expect(arena.getRows(pa, rows, features)).toEqual(a.map((value, i) => value - b[i % (batch * features)]));
        arena.release();
      }
    }
  });

  test('maximum and minimum give NaN where an input is NaN, on either side', () => {
    const arena = new Arena(module);
    const [a, b, y] = [arena.put([NaN, 1, 2, -0]), arena.put([1, NaN, 3, 0]), arena.allocate(4)];
    kernels.merge(codes.maximum, a, b, y, 1, 4, 1, 1);
    expect([...arena.get(y, 4)]).toEqual([NaN, NaN, 3, 0]);
    kernels.merge(codes.minimum, a, b, y, 1, 4, 1, 1);
    expect([...arena.get(y, 4)]).toEqual([NaN, NaN, 2, -0]);
    arena.release();
  });
});
