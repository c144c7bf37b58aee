import { describe, expect, test } from 'vitest';
import { Arena, Draw, load, quad, trainingBuilds } from './load.js';

const seluScale = 1.0507009873554805;
const seluAlpha = 1.6732632423543772;
const clip = (x: number, limit: number) => (x > limit ? limit : x < 0 ? 0 : x);
/** Neither form overflows on its side of 0. */
const sigmoid = (x: number) => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)));

interface Activation {
  code: number;
  value: (x: number) => number;
  /** From x, in float64. */
  slope: (x: number) => number;
  /** Largest error in units of the last place of the float64 result. */
  ulps: number;
}

const activations: Record<string, Activation> = {
  linear: { code: 0, value: (x) => x, slope: () => 1, ulps: 0 },
  relu: { code: 1, value: (x) => (x < 0 ? 0 : x), slope: (x) => (x > 0 ? 1 : 0), ulps: 0 },
  tanh: { code: 2, value: Math.tanh, slope: (x) => 1 - Math.tanh(x) ** 2, ulps: 4 },
  sigmoid: { code: 3, value: sigmoid, slope: (x) => sigmoid(x) * sigmoid(-x), ulps: 4 },
  hardSigmoid: { code: 4, value: (x) => clip(x + 3, 6) / 6, slope: (x) => (Math.abs(x) < 3 ? 1 / 6 : 0), ulps: 2 },
  hardSigmoidLegacy: {
    code: 5,
    value: (x) => clip((x + 2.5) / 5, 1),
    slope: (x) => (Math.abs(x) < 2.5 ? 0.2 : 0),
    ulps: 2,
  },
  relu6: { code: 6, value: (x) => clip(x, 6), slope: (x) => (x > 0 && x < 6 ? 1 : 0), ulps: 0 },
  elu: { code: 7, value: (x) => (x > 0 ? x : Math.expm1(x)), slope: (x) => (x > 0 ? 1 : Math.exp(x)), ulps: 3 },
  selu: {
    code: 8,
    value: (x) => seluScale * (x > 0 ? x : seluAlpha * Math.expm1(x)),
    slope: (x) => seluScale * (x > 0 ? 1 : seluAlpha * Math.exp(x)),
    ulps: 3,
  },
  softplus: { code: 9, value: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), slope: sigmoid, ulps: 3 },
  softsign: {
    code: 10,
    value: (x) => (Math.abs(x) === Infinity ? Math.sign(x) : x / (1 + Math.abs(x))),
    slope: (x) => 1 / (1 + Math.abs(x)) ** 2,
    ulps: 2,
  },
  exponential: { code: 11, value: Math.exp, slope: Math.exp, ulps: 2 },
};
const names = Object.keys(activations);

/** Bit patterns of all magnitudes and both signs, so many from each power of two; denser where functions bend. */
function sweep(): Float32Array {
  const values: number[] = [
    0,
    -0,
    1e-45,
    -1e-45,
    2 ** -126,
    -(2 ** -126),
    3.4028234663852886e38,
    -3.4028234663852886e38,
  ];
  const bits = new Uint32Array(1);
  const float = new Float32Array(bits.buffer);
  for (let exponent = 0; exponent < 255; exponent++) {
    const dense = exponent >= 100 && exponent < 135;
    for (let i = 0; i < (dense ? 6000 : 40); i++) {
      bits[0] = (exponent << 23) | (Math.imul(i + 1, 0x9e3779b1) >>> 9);
      values.push(float[0], -float[0]);
    }
  }
  for (let x = -130; x < 130; x += 1 / 256) values.push(x);
  return Float32Array.from(values);
}

const smallestNormal = 2 ** -126;

/** Whether a float32 is the float64 truth within so many units of its last place; below 2⁻¹²⁶ it may be 0. */
function isClose(found: number, truth: number, ulps: number): boolean {
  if (Number.isNaN(truth)) return Number.isNaN(found);
  const rounded = Math.fround(truth);
  if (!Number.isFinite(rounded) || rounded === 0) return found === rounded;
  if (Math.abs(truth) < smallestNormal && found === 0) return true;
  const exponent = Math.max(-126, Math.floor(Math.log2(Math.abs(truth))));
  return Math.abs(found - truth) <= Math.max(ulps, 0.5) * 2 ** (exponent - 23);
}

describe.each(trainingBuilds)('%s', (build) => {
  const module = load(build);
  const { kernels } = module;

  test.each(names)('%s is the float64 value within a few units of the last place, at all magnitudes', (name) => {
    const { code, value, ulps } = activations[name];
    const arena = new Arena(module);
    const x = sweep();
    const y = arena.allocate(x.length);
    expect(x.length % 4).toBe(0);
    kernels.activate(code, arena.put(x), y, 1, x.length);
    for (const [i, found] of arena.get(y, x.length).entries()) {
      if (!isClose(found, value(x[i]), ulps)) expect.fail(`${name}(${x[i]}) = ${found} instead of ${value(x[i])}`);
    }
    expect(x.length).toBeGreaterThan(400_000);
    arena.release();
  });

  test.each(names)('%s has the right limits at ±∞, keeps NaN, and works on any number of quads', (name) => {
    const { code, value, ulps } = activations[name];
    for (let features = 1; features <= 21; features++) {
      for (const rows of [0, 1, 2, 3]) {
        const arena = new Arena(module);
        const special = [Infinity, -Infinity, NaN, 0.3, -2];
        const x = Float32Array.from({ length: rows * features }, (_, i) => special[i % special.length]);
        const pointer = arena.putRows(x, rows, features, NaN);
        const y = arena.allocate(rows * quad(features));
        kernels.activate(code, pointer, y, rows, features);
        const found = arena.getRows(y, rows, features);
        for (const [i, result] of found.entries()) {
          const wanted = value(x[i]);
          // Of −∞ and ∞, inf · 0 and the like do not come up in the kernels.
          if (!isClose(result, wanted, ulps)) expect.fail(`${name}(${x[i]}) = ${result} instead of ${wanted}`);
        }
        kernels.activate(code, pointer, pointer, rows, features);
        expect(arena.getRows(pointer, rows, features)).toEqual(found);
        arena.release();
      }
    }
  });

  test.each(names)("%s' slope, from its value, is the float64 slope", (name) => {
    const { code, slope } = activations[name];
    const draw = new Draw(1);
    for (const [rows, features] of [
      [1, 1],
      [3, 5],
      [2, 8],
      [40, 23],
      [0, 3],
    ]) {
      const arena = new Arena(module);
      const x = draw.floats(rows * features, 5);
      const dy = draw.floats(rows * features);
      const before = draw.floats(rows * features);
      const y = arena.allocate(rows * quad(features));
      kernels.activate(code, arena.putRows(x, rows, features), y, rows, features);
      const dx = arena.putRows(before, rows, features);
      const cotangent = arena.putRows(dy, rows, features);
      kernels.activateBackward(code, y, cotangent, dx, rows, features, 1);
      for (const [i, found] of arena.getRows(dx, rows, features).entries()) {
        const wanted = before[i] + dy[i] * slope(x[i]);
        expect(Math.abs(found - wanted), `at ${x[i]}`).toBeLessThanOrEqual(1e-6 * (1 + Math.abs(wanted)));
      }
      kernels.activateBackward(code, y, cotangent, cotangent, rows, features, 0);
      for (const [i, found] of arena.getRows(cotangent, rows, features).entries()) {
        const wanted = dy[i] * slope(x[i]);
        expect(Math.abs(found - wanted), `at ${x[i]}`).toBeLessThanOrEqual(1e-6 * (1 + Math.abs(wanted)));
      }
      arena.release();
    }
  });

  test('tanh and sigmoid stay within their bounds', () => {
    const arena = new Arena(module);
    const x = sweep();
    const y = arena.allocate(x.length);
    for (const [code, lowest] of [
      [2, -1],
      [3, 0],
    ]) {
      kernels.activate(code, arena.put(x), y, 1, x.length);
      const values = arena.get(y, x.length);
      expect(values.reduce((a, b) => Math.max(a, b))).toBe(1);
      expect(values.reduce((a, b) => Math.min(a, b))).toBe(lowest);
    }
    arena.release();
  });
});

test('a value is activated to the same bits wherever it lies', () => {
  const module = load();
  const draw = new Draw(2);
  for (const { code } of Object.values(activations)) {
    const arena = new Arena(module);
    const x = draw.floats(44, 8);
    const y = arena.allocate(44);
    module.kernels.activate(code, arena.put(x), y, 1, 44);
    const together = arena.get(y, 44);
    for (const [i, value] of x.entries()) {
      module.kernels.activate(code, arena.put([value]), y, 1, 1);
      expect(arena.get(y, 1)[0]).toBe(together[i]);
    }
    arena.release();
  }
});
