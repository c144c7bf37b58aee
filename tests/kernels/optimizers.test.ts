import { describe, expect, test } from 'vitest';
import { adam, sgd, type AdamConfig, type Optimizer, type SgdConfig } from '../reference/optimizers.js';
import { tensor } from '../reference/tensor.js';
import { Arena, Draw, load, trainingBuilds } from './load.js';

const counts = [0, 4, 8, 20, 1000];
const steps = 50;

const sgdConfigs: readonly Required<SgdConfig>[] = [
  { learningRate: 0.01, momentum: 0, nesterov: false },
  { learningRate: 0.01, momentum: 0.9, nesterov: false },
  { learningRate: 0.1, momentum: 0.5, nesterov: true },
];
const adamConfigs: readonly Required<AdamConfig>[] = [
  { learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-7, epsilonHat: false },
  { learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-7, epsilonHat: true },
  { learningRate: 0.05, beta1: 0.8, beta2: 0.9, epsilon: 1e-3, epsilonHat: false },
  { learningRate: 0.05, beta1: 0.8, beta2: 0.9, epsilon: 1e-3, epsilonHat: true },
];

describe.each(trainingBuilds)('%s', (build) => {
  const module = load(build);
  const { kernels } = module;

  test.each(sgdConfigs)('fifty steps of SGD %o agree with float64', (config) => {
    const { learningRate, momentum, nesterov } = config;
    const cases = train(sgd(config), (arena, count) => {
      const velocity = momentum === 0 ? 0 : arena.put(new Float32Array(count));
      return (w, g) => kernels.sgd(w, g, velocity, count, learningRate, momentum, Number(nesterov));
    });
    expect(cases).toBe(counts.length);
  });

  test.each(adamConfigs)('fifty steps of Adam %o agree with float64', (config) => {
    const { learningRate, beta1, beta2, epsilon, epsilonHat } = config;
    const cases = train(adam(config), (arena, count) => {
      const [m, v] = [arena.put(new Float32Array(count)), arena.put(new Float32Array(count))];
      let [power1, power2] = [1, 1];
      return (w, g) => {
        power1 *= beta1;
        power2 *= beta2;
        const [c1, c2] = [1 - power1, 1 - power2];
        kernels.adam(w, g, m, v, count, learningRate, beta1, beta2, epsilon, c1, c2, Number(epsilonHat));
      };
    });
    expect(cases).toBe(counts.length);
  });

  /** Trains blocks of all sizes by a kernel and by the reference, on gradients from 1e-4 to 10, and compares the weights. */
  function train(optimizer: Optimizer, start: (arena: Arena, count: number) => (w: number, g: number) => void): number {
    const draw = new Draw(5);
    const arena = new Arena(module);
    const blocks = counts.map((count) => ({
      count,
      w: arena.put(draw.floats(count)),
      g: arena.allocate(count),
      scale: Float32Array.from({ length: count }, () => 10 ** (draw.uniform() * 5 - 4)),
      step: start(arena, count),
    }));
    let expected = blocks.map(({ w, count }) => tensor([count], arena.view(w, count)));
    for (let step = 0; step < steps; step++) {
      for (const { g, count, scale } of blocks) {
        // A drift of half the noise's size, so that weights go somewhere.
        const values = draw.floats(count).map((value, i) => (value + 0.5) * scale[i]);
        arena.view(g, count).set(values);
      }
      expected = optimizer.step(
        expected,
        blocks.map(({ g, count }) => tensor([count], arena.view(g, count))),
      );
      for (const block of blocks) block.step(block.w, block.g);
    }
    for (const [i, { w, count }] of blocks.entries()) {
      const wanted = expected[i].data;
      // A step rounds the weight once (6e-8 of it), and moves it by something that is known to a few roundings.
      for (const [j, found] of arena.view(w, count).entries()) {
        expect(Math.abs(found - wanted[j])).toBeLessThan(1e-6 * Math.max(1, Math.abs(wanted[j])));
      }
    }
    arena.release();
    return blocks.length;
  }

  test('what an optimizer remembers of a gradient that has become 0 ends at 0, not among the subnormal numbers', () => {
    const arena = new Arena(module);
    const g = arena.put([0, 0, 0, 0]);
    const w = arena.put([1, 2, 3, 4]);
    const velocity = arena.put([1, -1, 1e-20, 1e-37]);
    for (let step = 0; step < 700; step++) kernels.sgd(w, g, velocity, 4, 0.01, 0.9, 0);
    expect(Array.from(arena.view(velocity, 4))).toEqual([0, 0, 0, 0]);

    const m = arena.put([1, -1, 1e-20, 1e-37]);
    const v = arena.put([1e-30, 1e-36, 1.2e-38, 1e-40]);
    for (let step = 0; step < 700; step++) kernels.adam(w, g, m, v, 4, 0.001, 0.9, 0.9, 1e-7, 1, 1, 0);
    expect(Array.from(arena.view(m, 4))).toEqual([0, 0, 0, 0]);
    expect(Array.from(arena.view(v, 4))).toEqual([0, 0, 0, 0]);
    arena.release();
  });

  test('a gradient that is NaN shows in its weight alone', () => {
    const arena = new Arena(module);
    const g = arena.put([0, NaN, 1, 1]);
    const blocks = Array.from({ length: 6 }, () => arena.put([1, 1, 1, 1]));
    const [plain, withMomentum, velocity, w, m, v] = blocks;
    kernels.sgd(plain, g, 0, 4, 0.01, 0, 0);
    kernels.sgd(withMomentum, g, velocity, 4, 0.01, 0.9, 1);
    kernels.adam(w, g, m, v, 4, 0.001, 0.9, 0.999, 1e-7, 0.1, 0.001, 0);
    for (const block of blocks) {
      expect(Array.from(arena.view(block, 4), Number.isNaN)).toEqual([false, true, false, false]);
    }
    arena.release();
  });

  test('scale multiplies, clipValue limits; both keep NaN and touch nothing else', () => {
    const arena = new Arena(module);
    const draw = new Draw(6);
    for (const count of counts) {
      const values = draw.floats(count, 4);
      if (count > 0) values.set([NaN, Infinity, -Infinity, -0]);
      const scaled = arena.put(values);
      kernels.scale(scaled, count, 0.3);
      expect(arena.get(scaled, count)).toEqual(values.map((value) => value * Math.fround(0.3)));
      const clipped = arena.put(values);
      kernels.clipValue(clipped, count, 1.5);
      expect(arena.get(clipped, count)).toEqual(values.map((value) => Math.min(Math.max(value, -1.5), 1.5)));
    }
    arena.release();
  });

  test('sumOfSquares is exact to float64, and does not overflow where float32 would', () => {
    const arena = new Arena(module);
    const draw = new Draw(7);
    for (const count of [...counts, 100_000]) {
      const values = draw.floats(count);
      const exact = values.reduce((sum, value) => sum + value * value, 0);
      expect(Math.abs(kernels.sumOfSquares(arena.put(values), count) - exact)).toBeLessThanOrEqual(1e-12 * exact);
    }
    const huge = arena.put([1e30, 0, 0, 1e30]);
    expect(kernels.sumOfSquares(huge, 4) / (2 * Math.fround(1e30) ** 2)).toBeCloseTo(1, 12);
    arena.release();
  });

  test('firstNonFinite finds NaN and infinity at every place', () => {
    const arena = new Arena(module);
    const block = arena.put(new Float32Array(20).fill(3.4e38));
    expect(kernels.firstNonFinite(block, 20)).toBe(-1);
    expect(kernels.firstNonFinite(block, 0)).toBe(-1);
    for (const bad of [NaN, Infinity, -Infinity]) {
      for (let place = 19; place >= 0; place--) {
        arena.view(block, 20)[place] = bad;
        expect(kernels.firstNonFinite(block, 20)).toBe(place);
      }
      arena.view(block, 20).fill(-3.4e38);
    }
    arena.release();
  });
});
