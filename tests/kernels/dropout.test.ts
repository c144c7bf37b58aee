import { describe, expect, test } from 'vitest';
import { Arena, Draw, load, quad, trainingBuilds, type Module } from './load.js';

interface Dropout {
  readonly steps: number;
  readonly indices: readonly number[];
  readonly features: number;
  readonly rate: number;
  readonly seed?: number;
  readonly stream?: number;
  readonly epoch?: number;
}

/** Dropout of x [steps, batch, features]; the padding lanes of x hold NaN. before: what y holds, to be added to. */
function dropout(module: Module, x: Float32Array, options: Dropout, before?: Float32Array): Float32Array {
  const { steps, indices, features, rate, seed = 0, stream = 0, epoch = 0 } = options;
  const rows = steps * indices.length;
  const arena = new Arena(module);
  const source = arena.putRows(x, rows, features, NaN);
  const target = before ? arena.putRows(before, rows, features) : arena.allocate(rows * quad(features));
  const samples = arena.putIntegers(indices);
  const add = Number(before !== undefined);
  module.kernels.dropout(source, target, indices.length, steps, features, rate, seed, stream, epoch, samples, add);
  const y = arena.getRows(target, rows, features);
  arena.release();
  return y;
}

const range = (count: number, start = 0) => Array.from({ length: count }, (_, i) => start + i);
const ones = (count: number) => new Float32Array(count).fill(1);

describe.each(trainingBuilds)('%s', (build) => {
  const module = load(build);

  test('which elements stay is what Philox says of their sample, step and feature', () => {
    const [seed, stream, epoch, rate] = [11, -12, 13, 0.4];
    const stepCounts = [0, 1, 3];
    const batches = [1, 2, 3, 4, 5, 8, 9];
    const featureCounts = [1, 2, 3, 4, 5, 8, 15, 16, 17, 20, 33];
    const draw = new Draw(1);
    const target = new Arena(module).allocate(4);
    let cases = 0;
    for (const steps of stepCounts) {
      for (const batch of batches) {
        for (const features of featureCounts) {
          const indices = range(batch).map(() => draw.integer(0, 0x7fffffff));
          const x = draw.floats(steps * batch * features);
          const y = dropout(module, x, { steps, indices, features, rate, seed, stream, epoch });
          for (const [i, value] of y.entries()) {
            const feature = i % features;
            const row = Math.floor(i / features);
            const counter = [epoch, indices[row % batch], Math.floor(row / batch), feature >> 2] as const;
            module.kernels.philox(target, seed, stream, ...counter);
            const uniform = (new Uint32Array(module.memory.buffer, target, 4)[feature & 3] >>> 8) / 2 ** 24;
            const factor = Math.fround(1 / Math.fround(1 - Math.fround(rate)));
            expect(value).toBe(uniform >= Math.fround(rate) ? Math.fround(x[i] * factor) : 0);
          }
          cases++;
        }
      }
    }
    expect(cases).toBe(stepCounts.length * batches.length * featureCounts.length);
  });

  test.each([0.1, 0.5, 0.9])('dropout at rate %f drops that share, and keeps the mean', (rate) => {
    const [steps, indices, features] = [50, range(32), 64];
    const count = steps * indices.length * features;
    const y = dropout(module, ones(count), { steps, indices, features, rate });
    const dropped = y.filter((value) => value === 0).length;
    const deviation = Math.sqrt(rate * (1 - rate) * count);
    expect(Math.abs(dropped - rate * count)).toBeLessThan(4 * deviation);
    expect(new Set(y)).toEqual(new Set([0, Math.fround(1 / Math.fround(1 - Math.fround(rate)))]));
  });

  test('the choice does not depend on how samples are gathered into batches, nor on how many steps are run', () => {
    const [steps, features, rate] = [6, 7, 0.5];
    const choose = (indices: readonly number[], length = steps) =>
      dropout(module, ones(length * indices.length * features), { steps: length, indices, features, rate });
    const whole = choose(range(9));
    const ofRow = (y: Float32Array, batch: number, t: number, b: number) =>
      Array.from(y.subarray((t * batch + b) * features, (t * batch + b + 1) * features));
    let compared = 0;
    for (const indices of [range(3), range(6, 3), [8, 2, 5, 0], [7]]) {
      for (const length of [steps, 2]) {
        const part = choose(indices, length);
        for (let t = 0; t < length; t++) {
          for (const [b, sample] of indices.entries()) {
            expect(ofRow(part, indices.length, t, b)).toEqual(ofRow(whole, 9, t, sample));
            compared++;
          }
        }
      }
    }
    expect(compared).toBe((3 + 6 + 4 + 1) * (steps + 2));
  });

  test('the way back has the mask of the way forward, and adds', () => {
    const options = { steps: 5, indices: range(6, 100), features: 10, rate: 0.3, seed: 1, stream: 2, epoch: 3 };
    const count = 5 * 6 * 10;
    const mask = dropout(module, ones(count), options);
    const draw = new Draw(2);
    const [dy, before] = [draw.floats(count), draw.floats(count)];
    const added = dy.map((value, i) => value * mask[i]);
    expect(dropout(module, dy, options)).toEqual(added.map((value) => value + 0));
    expect(dropout(module, dy, options, before)).toEqual(before.map((value, i) => value + added[i]));
  });

  test('epochs, seeds, streams, samples and steps choose differently', () => {
    const base = { steps: 2, indices: range(4), features: 32, rate: 0.5 };
    const choose = (options: Dropout) => Array.from(dropout(module, ones(2 * 4 * 32), options)).join();
    const choices = [
      choose(base),
      choose({ ...base, epoch: 1 }),
      choose({ ...base, seed: 1 }),
      choose({ ...base, stream: 1 }),
      choose({ ...base, indices: range(4, 4) }),
    ];
    expect(new Set(choices).size).toBe(choices.length);
    const rows = range(8).map((row) =>
      choices[0]
        .split(',')
        .slice(row * 32, row * 32 + 32)
        .join(),
    );
    expect(new Set(rows).size).toBe(8);
  });

  test('rate 0 keeps all, in place too; what is dropped is 0 whatever it was', () => {
    const x = new Draw(3).floats(3 * 5);
    const options = { steps: 1, indices: range(3), features: 5, rate: 0 };
    expect(dropout(module, x, options)).toEqual(x);

    const arena = new Arena(module);
    const inPlace = arena.putRows(new Float32Array(15).fill(NaN), 3, 5, NaN);
    module.kernels.dropout(inPlace, inPlace, 3, 1, 5, 1, 0, 0, 0, arena.putIntegers(range(3)), 0);
    expect(arena.getRows(inPlace, 3, 5)).toEqual(new Float32Array(15));
    arena.release();
  });
});
