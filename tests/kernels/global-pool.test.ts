import { expect, test } from 'vitest';
import { Arena, Draw, load, quad } from './load.js';

const module = load();
const { kernels } = module;

const stateFloats = (batch: number, features: number) => batch * (quad(features) * 2 + 4);

interface Case {
  readonly batch: number;
  readonly features: number;
  readonly steps: number;
  readonly x: Float32Array;
  /** [steps, batch] */
  readonly mask: Float32Array;
}

function* cases(): Generator<Case> {
  const draw = new Draw(1);
  for (const batch of [1, 2, 5]) {
    for (const features of [1, 3, 4, 5, 8, 18]) {
      for (const steps of [0, 1, 2, 17]) {
        const mask = Float32Array.from({ length: steps * batch }, (_, i) =>
          // The second row of a batch is masked altogether.
          i % batch === 1 || draw.uniform() < 0.3 ? 0 : 1,
        );
        yield { batch, features, steps, x: draw.floats(steps * batch * features), mask };
      }
    }
  }
}

/** The values of a feature of a row of the batch, as far as they count. */
function counted({ batch, features, steps, x, mask }: Case, b: number, feature: number, isMasked: boolean): number[] {
  return Array.from({ length: steps }, (_, t) => t)
    .filter((t) => !isMasked || mask[t * batch + b] !== 0)
    .map((t) => x[(t * batch + b) * features + feature]);
}

function expected(c: Case, average: number, isMasked: boolean): Float32Array {
  return Float32Array.from({ length: c.batch * c.features }, (_, i) => {
    const values = counted(c, Math.floor(i / c.features), i % c.features, isMasked);
    if (values.length === 0) return 0;
    return average ? values.reduce((sum, value) => sum + value, 0) / values.length : Math.max(...values);
  });
}

/** In chunks of so many steps. */
function run(arena: Arena, c: Case, average: number, isMasked: boolean, chunk: number, state: number): Float32Array {
  const rowFloats = c.batch * quad(c.features);
  const rows = arena.putRows(c.x, c.steps * c.batch, c.features, NaN);
  const mask = arena.put(c.mask);
  const y = arena.allocate(rowFloats);
  for (let from = 0; from === 0 || from < c.steps; from += chunk) {
    const steps = Math.min(chunk, c.steps - from);
    const at = rows + from * rowFloats * 4;
    const maskAt = isMasked ? mask + from * c.batch * 4 : 0;
    kernels.globalPool(state, at, y, maskAt, average, steps, c.batch, c.features);
  }
  return arena.getRows(y, c.batch, c.features);
}

test('globalPool takes the float64 mean or the maximum over the steps that a mask leaves, 0 if none, in any chunks', () => {
  let count = 0;
  for (const c of cases()) {
    for (const average of [0, 1]) {
      for (const isMasked of [false, true]) {
        for (const chunk of [1, 3, 100]) {
          const arena = new Arena(module);
          const state = arena.put(new Float32Array(stateFloats(c.batch, c.features)));
          expect(run(arena, c, average, isMasked, chunk, state)).toEqual(expected(c, average, isMasked));
          arena.release();
          count++;
        }
      }
    }
  }
  expect(count).toBe(3 * 6 * 4 * 12);
});

test('NaN and infinities in steps that count show, masked ones do not', () => {
  const c = { batch: 1, features: 4, steps: 3, x: Float32Array.of(NaN, 1, -Infinity, 2, 3, NaN, 1, 4, NaN, NaN, 2, 5) };
  const masked = { ...c, mask: Float32Array.of(1, 1, 0) };
  for (const [average, wanted] of [
    [0, [NaN, NaN, 1, 4]],
    [1, [NaN, NaN, -Infinity, 3]],
  ] as const) {
    const arena = new Arena(module);
    const state = arena.put(new Float32Array(stateFloats(1, 4)));
    expect([...run(arena, masked, average, true, 100, state)]).toEqual(wanted);
    arena.release();
  }
});

test('a mean of many steps loses nothing', () => {
  const arena = new Arena(module);
  const steps = 300_000;
  const x = new Draw(2).floats(steps * 4).map((value) => value + 1);
  const state = arena.put(new Float32Array(stateFloats(1, 4)));
  const y = arena.allocate(4);
  kernels.globalPool(state, arena.put(x), y, 0, 1, steps, 1, 4);
  const sums = [0, 0, 0, 0];
  for (const [i, value] of x.entries()) sums[i % 4] += value;
  expect([...arena.get(y, 4)]).toEqual(sums.map((sum) => Math.fround(sum / steps)));
  arena.release();
});

test('globalAverageBackward gives equal shares to the steps that count', () => {
  const draw = new Draw(3);
  for (const c of cases()) {
    for (const isMasked of [false, true]) {
      const arena = new Arena(module);
      const state = arena.put(new Float32Array(stateFloats(c.batch, c.features)));
      run(arena, c, 1, isMasked, 100, state);
      const dy = draw.floats(c.batch * c.features);
      const before = draw.floats(c.x.length);
      const dx = arena.putRows(before, c.steps * c.batch, c.features);
      const mask = isMasked ? arena.put(c.mask) : 0;
      kernels.globalAverageBackward(
        state,
        arena.putRows(dy, c.batch, c.features),
        dx,
        mask,
        c.steps,
        c.batch,
        c.features,
      );
      const wanted = before.map((value, i) => {
        const row = Math.floor(i / c.features);
        const [b, feature] = [row % c.batch, i % c.features];
        if (isMasked && c.mask[row] === 0) return value;
        const count = counted(c, b, feature, isMasked).length;
        return value + Math.fround(dy[b * c.features + feature] / count);
      });
      expect(arena.getRows(dx, c.steps * c.batch, c.features)).toEqual(wanted);
      arena.release();
    }
  }
});

test('the gradient of a global maximum is that of one window over all steps', () => {
  const arena = new Arena(module);
  const x = Float32Array.of(1, 5, 3, 2, 3, 1);
  const dx = arena.putRows(new Float32Array(6), 3, 2);
  const rows = arena.putRows(x, 3, 2);
  kernels.poolBackward(
    rows,
    arena.putRows([3, 5], 1, 2),
    arena.putRows([10, 20], 1, 2),
    dx,
    ...[0, 3, 1, 1, 2, 3, 1, 0],
  );
  expect([...arena.getRows(dx, 3, 2)]).toEqual([0, 20, 10, 0, 0, 0]);
  arena.release();
});
