import { describe, expect, test } from 'vitest';
import { Arena, Draw, load, quad, trainingBuilds } from './load.js';

function softmax(x: Float32Array): number[] {
  const top = x.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = [...x].map((value) => Math.exp(value - top));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

describe.each(trainingBuilds)('%s', (build) => {
  const module = load(build);
  const { kernels } = module;

  test('softmax and its gradient agree with float64 for every number of features', () => {
    const draw = new Draw(1);
    let cases = 0;
    for (let features = 1; features <= 70; features++) {
      const rows = draw.integer(0, 9);
      const arena = new Arena(module);
      const x = draw.floats(rows * features, features % 7 === 0 ? 300 : 10);
      const y = arena.allocate(rows * quad(features));
      const pointer = arena.putRows(x, rows, features, NaN);
      kernels.softmax(pointer, y, rows, features);
      const found = arena.getRows(y, rows, features);
      const dy = draw.floats(rows * features);
      const before = draw.floats(rows * features);
      const dx = arena.putRows(before, rows, features);
      const cotangent = arena.putRows(dy, rows, features);
      kernels.softmaxBackward(y, cotangent, dx, rows, features, 1);
      kernels.softmaxBackward(y, cotangent, cotangent, rows, features, 0);
      const added = arena.getRows(dx, rows, features);
      const alone = arena.getRows(cotangent, rows, features);
      for (let row = 0; row < rows; row++) {
        const range = [row * features, (row + 1) * features] as const;
        const wanted = softmax(x.subarray(...range));
        const dot = wanted.reduce((sum, p, i) => sum + p * dy[range[0] + i], 0);
        for (const [i, p] of wanted.entries()) {
          const at = range[0] + i;
          expect(Math.abs(found[at] - p)).toBeLessThanOrEqual(2e-6 * p + 1e-37);
          const slope = p * (dy[at] - dot);
          expect(Math.abs(alone[at] - slope)).toBeLessThanOrEqual(2e-6 * p + 1e-37);
          expect(Math.abs(added[at] - (before[at] + slope))).toBeLessThanOrEqual(1e-6);
        }
      }
      kernels.softmax(pointer, pointer, rows, features);
      expect(arena.getRows(pointer, rows, features)).toEqual(found);
      arena.release();
      cases++;
    }
    expect(cases).toBe(70);
  });

  test('softmax does not overflow, and a NaN spoils its own row only', () => {
    const arena = new Arena(module);
    const x = [1e30, 1e30, -1e30, -Infinity, 0, 1, 2, NaN, 3, 4, 5, 6, 7, 8, 9];
    const y = arena.allocate(24);
    kernels.softmax(arena.putRows(x, 3, 5, NaN), y, 3, 5);
    const found = arena.getRows(y, 3, 5);
    expect([...found.subarray(0, 5)]).toEqual([0.5, 0.5, 0, 0, 0]);
    expect([...found.subarray(5, 10)]).toEqual([NaN, NaN, NaN, NaN, NaN]);
    expect(found.subarray(10).reduce((a, b) => a + b)).toBeCloseTo(1, 6);
    arena.release();
  });

  test('softmax gives a row the same bits alone and among many', () => {
    const draw = new Draw(2);
    for (let features = 1; features <= 20; features++) {
      const arena = new Arena(module);
      const x = draw.floats(6 * features, 5);
      const y = arena.allocate(6 * quad(features));
      kernels.softmax(arena.putRows(x, 6, features), y, 6, features);
      const together = arena.getRows(y, 6, features);
      for (let row = 0; row < 6; row++) {
        kernels.softmax(arena.putRows(x.subarray(row * features), 1, features), y, 1, features);
        expect(arena.getRows(y, 1, features)).toEqual(together.subarray(row * features, (row + 1) * features));
      }
      arena.release();
    }
  });
});
