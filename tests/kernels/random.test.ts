import { describe, expect, test } from 'vitest';
import { Arena, load, trainingBuilds } from './load.js';

describe.each(trainingBuilds)('%s', (build) => {
  const module = load(build);
  const { kernels } = module;

  const words = (key: readonly [number, number], counter: readonly [number, number, number, number]): Uint32Array => {
    const arena = new Arena(module);
    const target = arena.allocate(4);
    kernels.philox(target, ...key, ...counter);
    arena.check();
    return new Uint32Array(module.memory.buffer, target, 4).slice();
  };
  /** The word that element i of a stream is made of. */
  const wordOf = (i: number, seed: number, stream: number): number =>
    words([seed, stream], [Math.floor(i / 4), 0, 0, 0])[i % 4];

  const uniform = (count: number, low: number, high: number, seed: number, stream: number): Float32Array =>
    fillBy((arena, target) => {
      kernels.randomUniform(target, count, low, high, seed, stream);
    }, count);
  const normal = (count: number, mean: number, deviation: number, truncated: boolean, seed: number, stream: number) =>
    fillBy((_, target) => {
      kernels.randomNormal(target, count, mean, deviation, Number(truncated), seed, stream);
    }, count);
  function fillBy(run: (arena: Arena, target: number) => void, count: number): Float32Array {
    const arena = new Arena(module);
    const target = arena.allocate(count);
    run(arena, target);
    const values = arena.get(target, count);
    arena.release();
    return values;
  }

  test('philox gives the known answers of Random123', () => {
    const ones = 0xffffffff;
    expect(hex(words([0, 0], [0, 0, 0, 0]))).toBe('6627e8d5 e169c58d bc57ac4c 9b00dbd8');
    expect(hex(words([ones, ones], [ones, ones, ones, ones]))).toBe('408f276d 41c83b0e a20bc7c6 6d5451fd');
    const pi = [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344] as const;
    expect(hex(words([0xa4093822, 0x299f31d0], pi))).toBe('d16cfe09 94fdcceb 5001e420 24126ea1');
  });

  test('a uniform number is the upper 24 bits of its word', () => {
    const values = uniform(64, 0, 1, 3, -4);
    expect(Array.from(values)).toEqual(Array.from(values, (_, i) => (wordOf(i, 3, -4) >>> 8) / 2 ** 24));
  });

  test('uniform numbers stay in their range and fill it evenly', () => {
    const count = 1 << 18;
    const values = uniform(count, -0.5, 1.5, 0, 0);
    expect(values.every((value) => value >= -0.5 && value < 1.5)).toBe(true);
    const bins = new Float64Array(64);
    for (const value of values) bins[Math.floor((value + 0.5) * 32)]++;
    const expected = count / bins.length;
    const chiSquare = bins.reduce((sum, found) => sum + (found - expected) ** 2 / expected, 0);
    expect(chiSquare).toBeGreaterThan(31); // 63 degrees of freedom: p = 0.9998 and
    expect(chiSquare).toBeLessThan(110); // 0.0002
    expect(moments(values).mean).toBeCloseTo(0.5, 2);
    expect(moments(values).variance).toBeCloseTo(4 / 12, 2);
  });

  test('neighbours, streams and seeds are uncorrelated', () => {
    const count = 1 << 16;
    const values = uniform(count + 4, -1, 1, 0, 0);
    const others = [1, 2, 3, 4].map((shift) => values.subarray(shift, shift + count));
    others.push(uniform(count, -1, 1, 0, 1), uniform(count, -1, 1, 1, 0), normal(count, 0, 1, false, 1, 1));
    for (const other of others) {
      let sum = 0;
      for (let i = 0; i < count; i++) sum += values[i] * other[i];
      expect(Math.abs(sum / count)).toBeLessThan(4 / Math.sqrt(3 * count)); // four deviations
    }
  });

  test('any number of elements is a prefix of more of them, and nothing behind is written', () => {
    const all = [uniform(16, -1, 1, 5, 6), normal(16, 0, 1, false, 5, 6), normal(16, 0, 1, true, 5, 6)];
    for (let count = 0; count <= 16; count++) {
      expect(uniform(count, -1, 1, 5, 6)).toEqual(all[0].subarray(0, count));
      expect(normal(count, 0, 1, false, 5, 6)).toEqual(all[1].subarray(0, count));
      expect(normal(count, 0, 1, true, 5, 6)).toEqual(all[2].subarray(0, count));
      const filled = fillBy((_, target) => {
        kernels.fill(target, count, 2.5);
      }, count);
      expect(filled).toEqual(new Float32Array(count).fill(2.5));
    }
  });

  test('a normal number is the quantile of its word, to float32 throughout', () => {
    const count = 1 << 20;
    const values = normal(count, 0, 1, false, 0, 0);
    const tails = Array.from(values.keys()).filter((i) => Math.abs(values[i]) > 4);
    expect(tails.length).toBeGreaterThan(40);
    for (const i of [...Array.from({ length: 2000 }, (_, k) => k), ...tails]) {
      const z = values[i];
      const probability = (wordOf(i, 0, 0) + 0.5) / 2 ** 32;
      const rounding = density(z) * Math.abs(z) * 2 ** -24;
      expect(Math.abs(distribution(z) - probability)).toBeLessThan(rounding + 1e-15);
    }
  });

  test('normal numbers have the moments of the normal distribution, moved and scaled', () => {
    const { mean, variance, skewness, kurtosis } = moments(normal(1 << 20, 3, 0.5, false, 7, 8));
    expect(Math.abs(mean - 3)).toBeLessThan(0.002);
    expect(Math.abs(variance - 0.25)).toBeLessThan(0.002);
    expect(Math.abs(skewness)).toBeLessThan(0.01);
    expect(Math.abs(kurtosis - 3)).toBeLessThan(0.02);
  });

  test('truncated normal numbers stay within two deviations and keep 0.8796 of one', () => {
    const values = normal(1 << 20, 1, 0.25, true, 7, 8);
    expect(values.every((value) => Math.abs(value - 1) <= 0.5)).toBe(true);
    expect(values.some((value) => Math.abs(value - 1) > 0.4999)).toBe(true);
    const { mean, variance, skewness } = moments(values);
    expect(Math.abs(mean - 1)).toBeLessThan(0.001);
    expect(Math.sqrt(variance) / 0.25).toBeCloseTo(0.87962566103423978, 3); // the constant of Keras's VarianceScaling
    expect(Math.abs(skewness)).toBeLessThan(0.01);
  });

  const shapes = [
    [1, 1],
    [1, 7],
    [7, 1],
    [2, 2],
    [3, 7],
    [7, 3],
    [5, 20],
    [33, 33],
    [33, 132],
    [130, 66],
    [128, 128],
    [64, 256],
  ] as const;

  test.each(shapes)('orthogonal [%i, %i] has orthogonal rows or columns of length gain', (rows, columns) => {
    for (const gain of [1, 0.5, 2]) {
      const q = orthogonal(rows, columns, gain, 1, 2);
      const short = Math.min(rows, columns);
      const at = (vector: number, i: number) => (rows < columns ? q[vector * columns + i] : q[i * columns + vector]);
      let worst = 0;
      for (let a = 0; a < short; a++) {
        for (let b = 0; b <= a; b++) {
          let dot = 0;
          for (let i = 0; i < Math.max(rows, columns); i++) dot += at(a, i) * at(b, i);
          worst = Math.max(worst, Math.abs(dot / (gain * gain) - Number(a === b)));
        }
      }
      expect(worst).toBeLessThan(1.2e-7); // what rounding a matrix to float32 leaves
    }
  });

  test.each(shapes)(
    'orthogonal [%i, %i] is the Q of a normal matrix = QR, with a positive diagonal of R',
    (rows, columns) => {
      const long = Math.max(rows, columns);
      const short = Math.min(rows, columns);
      const a = normal(rows * columns, 0, 1, false, 3, 4); // [long, short]
      const q = orthogonal(long, short, 1, 3, 4);
      for (let i = 0; i < short; i++) {
        for (let j = 0; j <= i; j++) {
          let r = 0;
          for (let k = 0; k < long; k++) r += q[k * short + i] * a[k * short + j];
          if (i === j) expect(r).toBeGreaterThan(0);
          else expect(Math.abs(r)).toBeLessThan(1e-5);
        }
      }
      if (short === long) return;
      const transposed = orthogonal(short, long, 1, 3, 4);
      for (let i = 0; i < short; i++) {
        for (let k = 0; k < long; k++) expect(transposed[i * long + k]).toBe(q[k * short + i]);
      }
    },
  );

  function orthogonal(rows: number, columns: number, gain: number, seed: number, stream: number): Float32Array {
    return fillBy((arena, target) => {
      const scratch = arena.allocate((rows * columns * 8 + Math.max(rows, columns) * 16) / 4);
      kernels.orthogonal(target, rows, columns, gain, seed, stream, scratch);
    }, rows * columns);
  }
});

test('all builds draw the same numbers', () => {
  const draws = trainingBuilds.map((build) => {
    const module = load(build);
    const arena = new Arena(module);
    const [u, n, q] = [arena.allocate(1000), arena.allocate(1000), arena.allocate(1000)];
    module.kernels.randomUniform(u, 1000, -0.1, 0.7, 1, 2);
    module.kernels.randomNormal(n, 1000, 0.1, 0.7, 0, 1, 2);
    module.kernels.orthogonal(q, 20, 50, 1, 1, 2, arena.allocate(2 * 1000 + 4 * 50));
    arena.check();
    return [u, n, q].map((block) => arena.get(block, 1000));
  });
  for (const other of draws) expect(other).toEqual(draws[0]);
});

function hex(values: Uint32Array): string {
  return Array.from(values, (value) => value.toString(16).padStart(8, '0')).join(' ');
}

function moments(values: Float32Array) {
  const mean = average(values, (value) => value);
  const variance = average(values, (value) => (value - mean) ** 2);
  const skewness = average(values, (value) => (value - mean) ** 3) / variance ** 1.5;
  const kurtosis = average(values, (value) => (value - mean) ** 4) / variance ** 2;
  return { mean, variance, skewness, kurtosis };
}

function average(values: Float32Array, f: (value: number) => number): number {
  let sum = 0;
  for (const value of values) sum += f(value);
  return sum / values.length;
}

function density(z: number): number {
  return Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
}

/** Φ(z) by the series of Marsaglia 2004, "Evaluating the normal distribution"; z < 0 by the continued fraction of the tail. */
function distribution(z: number): number {
  if (z > 0) return 1 - distribution(-z);
  if (z < -3) {
    let fraction = -z;
    for (let k = 200; k >= 1; k--) fraction = -z + k / fraction;
    return density(z) / fraction;
  }
  let term = z;
  let sum = z;
  for (let k = 3; Math.abs(term) > 1e-18; k += 2) {
    term *= (z * z) / k;
    sum += term;
  }
  return 0.5 + density(z) * sum;
}
