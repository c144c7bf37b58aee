import { describe, expect, test } from 'vitest';
import { Arena, Draw, load, quad, trainingBuilds, type Module } from './load.js';

const alpha = Math.fround(0.7);
const sigmoid = (x: number) => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)));
const geluInner = (x: number) => 2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3);
const density = (x: number) => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);

/** Φ(x), with all its digits below 0 too: Φ's power series, and in the tail Laplace's continued fraction. */
function normal(x: number): number {
  if (x > 0) return 1 - normal(-x);
  if (x < -3) {
    let fraction = -x;
    for (let k = 300; k > 0; k--) fraction = -x + k / fraction;
    return density(x) / fraction;
  }
  let [term, sum] = [x, x];
  for (let k = 1; k < 100; k++) {
    term *= (x * x) / (2 * k + 1);
    sum += term;
  }
  return 0.5 + density(x) * sum;
}

/** tanh(ln(1 + eˣ)), and 1 minus that: Math.tanh(Math.log1p(…)) loses the latter. */
function mishGate(x: number): { value: number; rest: number } {
  const w = Math.exp(-Math.abs(x));
  const [numerator, rest] = x < 0 ? [2 * w + w * w, 2] : [1 + 2 * w, 2 * w * w];
  return { value: numerator / (numerator + rest), rest: rest / (numerator + rest) };
}

interface Activation {
  readonly code: number;
  readonly value: (x: number) => number;
  readonly slope: (x: number) => number;
  /** Largest error in units of the last place, from `from` on; below it is at most 7e-8 in all. */
  readonly ulps: number;
  readonly from: number;
}

const activations: Readonly<Record<string, Activation>> = {
  elu: {
    code: 7,
    value: (x) => (x < 0 ? alpha * Math.expm1(x) : x),
    slope: (x) => (x > 0 ? 1 : alpha * Math.exp(x)),
    ulps: 2,
    from: -Infinity,
  },
  gelu: { code: 12, value: (x) => x * normal(x), slope: (x) => normal(x) + x * density(x), ulps: 6, from: -1 },
  geluTanh: {
    code: 13,
    value: (x) => x * sigmoid(geluInner(x)),
    slope: (x) => {
      const [u, bend] = [geluInner(x), 2 * Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x)];
      return sigmoid(u) + x * bend * sigmoid(u) * sigmoid(-u);
    },
    ulps: 3,
    from: -1,
  },
  silu: {
    code: 14,
    value: (x) => x * sigmoid(x),
    slope: (x) => sigmoid(x) + x * sigmoid(x) * sigmoid(-x),
    ulps: 3.2,
    from: -86,
  },
  mish: {
    code: 15,
    value: (x) => x * mishGate(x).value,
    slope: (x) => {
      const { value, rest } = mishGate(x);
      return value + x * rest * (2 - rest) * sigmoid(x);
    },
    ulps: 4,
    from: -86,
  },
  hardSilu: {
    code: 16,
    value: (x) => (x * Math.min(Math.max(x + 3, 0), 6)) / 6,
    slope: (x) => (x <= -3 ? 0 : x >= 3 ? 1 : (2 * x + 3) / 6),
    ulps: 2,
    from: -2,
  },
  leakyRelu: {
    code: 17,
    value: (x) => (x < 0 ? alpha * x : x),
    slope: (x) => (x > 0 ? 1 : alpha),
    ulps: 0.5,
    from: -Infinity,
  },
};
const names = Object.keys(activations);

/** Numbers of all magnitudes and both signs, denser where functions bend. */
function sweep(): Float32Array {
  const values: number[] = [];
  for (let exponent = -120; exponent < 120; exponent++) {
    const dense = exponent > -14 && exponent < 8;
    for (let i = 0; i < (dense ? 3000 : 20); i++) {
      const magnitude = 2 ** exponent * (1 + (Math.imul(i + 1, 0x9e3779b1) >>> 9) / 2 ** 23);
      values.push(magnitude, -magnitude);
    }
  }
  for (let x = -20; x < 20; x += 1 / 512) values.push(x);
  return Float32Array.from(values);
}

function activate(module: Module, code: number, x: Float32Array, rows: number, features: number): Float32Array {
  const arena = new Arena(module);
  const y = arena.allocate(rows * quad(features));
  const source = arena.putRows(x, rows, features, NaN);
  module.kernels.activateByInput(code, alpha, source, y, rows, features);
  const found = arena.getRows(y, rows, features);
  module.kernels.activateByInput(code, alpha, source, source, rows, features);
  expect(arena.getRows(source, rows, features)).toEqual(found);
  arena.release();
  return found;
}

describe.each(trainingBuilds)('%s', (build) => {
  const module = load(build);
  const { kernels } = module;

  test.each(names)('%s is the float64 value within its documented error, at all magnitudes', (name) => {
    const { code, value, ulps, from } = activations[name];
    const x = sweep();
    for (const [i, found] of activate(module, code, x, 1, x.length).entries()) {
      const truth = value(x[i]);
      const unit = 2 ** (Math.max(-126, Math.floor(Math.log2(Math.abs(truth)))) - 23);
      const allowed = x[i] >= from ? ulps * unit : 7e-8;
      if (!(Math.abs(found - truth) <= allowed)) expect.fail(`${name}(${x[i]}) = ${found} instead of ${truth}`);
    }
    expect(x.length).toBeGreaterThan(100_000);
  });

  test.each(names)('%s has the right limits, keeps NaN and works on any number of features', (name) => {
    const { code, value } = activations[name];
    const wanted = [
      Infinity,
      name === 'elu' ? -alpha : name === 'leakyRelu' ? -Infinity : 0,
      NaN,
      value(0.3),
      value(-2),
    ];
    for (let features = 1; features <= 21; features++) {
      for (const rows of [0, 1, 2, 3]) {
        const special = [Infinity, -Infinity, NaN, 0.3, -2];
        const x = Float32Array.from({ length: rows * features }, (_, i) => special[i % 5]);
        for (const [i, found] of activate(module, code, x, rows, features).entries()) {
          const isRight = Math.abs(found - wanted[i % 5]) < 1e-6 || found === wanted[i % 5];
          expect(isRight || (Number.isNaN(found) && i % 5 === 2), `${x[i]}: ${found}`).toBe(true);
        }
      }
    }
  });

  test.each(names)("%s' slope, from its input, is the float64 slope, and has the right limits", (name) => {
    const { code, slope } = activations[name];
    const draw = new Draw(1);
    for (const [rows, features, scale] of [
      [1, 1, 1],
      [3, 5, 4],
      [2, 8, 10],
      [40, 23, 8],
      [40, 23, 200],
      [0, 3, 1],
    ]) {
      const arena = new Arena(module);
      const x = draw.floats(rows * features, scale);
      if (x.length > 20) x.set([0, 3, -3, 1e30, -1e30]);
      const dy = draw.floats(rows * features);
      const before = draw.floats(rows * features);
      const input = arena.putRows(x, rows, features, NaN);
      const dx = arena.putRows(before, rows, features, NaN);
      const cotangent = arena.putRows(dy, rows, features, NaN);
      kernels.activateByInputBackward(code, alpha, input, cotangent, dx, rows, features, 1);
      kernels.activateByInputBackward(code, alpha, input, cotangent, cotangent, rows, features, 0);
      const [added, alone] = [arena.getRows(dx, rows, features), arena.getRows(cotangent, rows, features)];
      for (const [i, found] of alone.entries()) {
        const at = Math.abs(x[i]) > 1e9 ? Math.sign(x[i]) * 80 : x[i];
        const wanted = dy[i] * slope(at);
        expect(Math.abs(found - wanted), `at ${x[i]}`).toBeLessThanOrEqual(4e-7);
        expect(Math.abs(added[i] - (before[i] + wanted)), `at ${x[i]}`).toBeLessThanOrEqual(6e-7);
      }
      arena.release();
    }
    const arena = new Arena(module);
    const dx = arena.put([1, 1, 1, 1]);
    kernels.activateByInputBackward(code, alpha, arena.put([Infinity, -Infinity, NaN, 0]), dx, dx, 1, 4, 0);
    const [above, below] = arena.get(dx, 4);
    expect(above).toBe(1);
    expect(below).toBeCloseTo(name === 'leakyRelu' ? alpha : 0, 30);
    arena.release();
  });

  test('a value is activated to the same bits wherever it lies', () => {
    const x = new Draw(2).floats(44, 8);
    for (const { code } of Object.values(activations)) {
      const together = activate(module, code, x, 1, 44);
      for (const [i, value] of x.entries()) {
        expect(activate(module, code, Float32Array.of(value), 1, 1)[0]).toBe(together[i]);
      }
    }
  });
});
