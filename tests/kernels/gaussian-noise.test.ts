import { expect, test } from 'vitest';
import { Arena, Draw, load, quad } from './load.js';

const module = load();
const { kernels } = module;
const arena = new Arena(module);

interface Noise {
  readonly steps: number;
  readonly indices: readonly number[];
  readonly features: number;
  readonly deviation: number;
  readonly stream?: number;
}

function noisy(x: Float32Array, { steps, indices, features, deviation, stream = 2 }: Noise): Float32Array {
  const rows = steps * indices.length;
  const source = arena.putRows(x, rows, features, NaN);
  const y = arena.allocate(rows * quad(features));
  const samples = arena.putIntegers(indices);
  const options = [indices.length, steps, features, deviation, 1, stream, 3, samples];
  kernels.gaussianNoise(source, y, ...options);
  const found = arena.getRows(y, rows, features);
  kernels.gaussianNoise(source, source, ...options);
  expect(arena.getRows(source, rows, features)).toEqual(found);
  arena.release();
  return found;
}

const range = (count: number, start = 0) => Array.from({ length: count }, (_, i) => start + i);

test('noise is normal, of the deviation that is asked for, and added to x', () => {
  const options = { steps: 40, indices: range(32), features: 50, deviation: 0.3 };
  const count = 40 * 32 * 50;
  const x = new Draw(1).floats(count);
  const noise = noisy(x, options).map((value, i) => value - x[i]);
  const mean = noise.reduce((sum, value) => sum + value, 0) / count;
  const variance = noise.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count;
  expect(Math.abs(mean)).toBeLessThan((4 * 0.3) / Math.sqrt(count));
  expect(Math.abs(variance / 0.09 - 1)).toBeLessThan(4 * Math.sqrt(2 / count));
  // A normal distribution's shares within one, two and three deviations.
  for (const [bound, share] of [
    [1, 0.6827],
    [2, 0.9545],
    [3, 0.9973],
  ]) {
    const within = noise.filter((value) => Math.abs(value) < bound * 0.3).length / count;
    expect(Math.abs(within - share)).toBeLessThan(4 * Math.sqrt((share * (1 - share)) / count));
  }
});

test('noise does not depend on how samples are gathered into batches, nor on how many steps are run', () => {
  for (const features of [1, 3, 4, 7]) {
    const none = (steps: number, batch: number) => new Float32Array(steps * batch * features);
    const options = { features, deviation: 1 };
    const whole = noisy(none(5, 6), { ...options, steps: 5, indices: range(6) });
    for (const indices of [[4, 1], [5]]) {
      for (const steps of [0, 1, 3]) {
        const found = noisy(none(steps, indices.length), { ...options, steps, indices });
        for (let t = 0; t < steps; t++) {
          for (const [b, sample] of indices.entries()) {
            const [at, from] = [(t * indices.length + b) * features, (t * 6 + sample) * features];
            expect(found.subarray(at, at + features)).toEqual(whole.subarray(from, from + features));
          }
        }
      }
    }
  }
});

test('no noise is no change, and streams differ', () => {
  const x = new Draw(2).floats(3 * 2 * 5);
  const options = { steps: 3, indices: range(2), features: 5 };
  expect(noisy(x, { ...options, deviation: 0 })).toEqual(x);
  expect(noisy(x, { ...options, deviation: 1 })).not.toEqual(noisy(x, { ...options, deviation: 1, stream: 4 }));
});
