import { describe, expect, test } from 'vitest';
import { maxNorm, unitNorm } from '../reference/constraints.js';
import {
  adadelta,
  adagrad,
  adam,
  adamax,
  lion,
  nadam,
  rmsprop,
  sgd,
  type AdadeltaConfig,
  type AdagradConfig,
  type AdamConfig,
  type LionConfig,
  type MomentConfig,
  type Optimizer,
  type RmspropConfig,
  type SgdConfig,
} from '../reference/optimizers.js';
import { weightPenalty } from '../reference/penalties.js';
import { tensor } from '../reference/tensor.js';
import { Arena, Draw, load, quad, trainingBuilds } from './load.js';

const counts = [0, 4, 8, 20, 1000];
const steps = 50;

const sgdConfigs: readonly Required<SgdConfig>[] = [
  { learningRate: 0.01, momentum: 0, nesterov: false },
  { learningRate: 0.01, momentum: 0.9, nesterov: false },
  { learningRate: 0.1, momentum: 0.5, nesterov: true },
];
const adamConfigs: readonly Required<AdamConfig>[] = [
  { learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-7, epsilonHat: false, amsgrad: false },
  { learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-7, epsilonHat: true, amsgrad: false },
  { learningRate: 0.05, beta1: 0.8, beta2: 0.9, epsilon: 1e-3, epsilonHat: false, amsgrad: false },
  { learningRate: 0.05, beta1: 0.8, beta2: 0.9, epsilon: 1e-3, epsilonHat: true, amsgrad: false },
  { learningRate: 0.05, beta1: 0.8, beta2: 0.9, epsilon: 1e-3, epsilonHat: false, amsgrad: true },
  { learningRate: 0.05, beta1: 0.8, beta2: 0.9, epsilon: 1e-3, epsilonHat: true, amsgrad: true },
];
const rmspropConfigs = [0, 0.9].flatMap((momentum) =>
  [false, true].flatMap((centered) =>
    [false, true].map((epsilonOutside): Required<RmspropConfig> => {
      return { learningRate: 0.001, rho: 0.9, momentum, epsilon: 1e-3, centered, epsilonOutside };
    }),
  ),
);
const adagradConfigs: readonly Required<AdagradConfig>[] = [
  { learningRate: 0.01, initialAccumulatorValue: 0.1, epsilon: 1e-7, epsilonOutside: false },
  { learningRate: 0.01, initialAccumulatorValue: 0.1, epsilon: 1e-7, epsilonOutside: true },
  { learningRate: 0.01, initialAccumulatorValue: 0, epsilon: 1e-3, epsilonOutside: false },
  { learningRate: 0.01, initialAccumulatorValue: 0, epsilon: 1e-3, epsilonOutside: true },
];
const momentConfigs: readonly Required<MomentConfig>[] = [
  { learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
  { learningRate: 0.05, beta1: 0.8, beta2: 0.9, epsilon: 1e-3 },
];
const adadeltaConfigs: readonly Required<AdadeltaConfig>[] = [
  { learningRate: 1, rho: 0.95, epsilon: 1e-7 },
  { learningRate: 0.5, rho: 0.5, epsilon: 1e-3 },
];
/** Powers of 2: every step of Lion is as long as the learning rate, and would round each weight the same way fifty times. */
const lionConfigs: readonly Required<LionConfig>[] = [
  { learningRate: 2 ** -10, beta1: 0.9, beta2: 0.99 },
  { learningRate: 2 ** -7, beta1: 0.5, beta2: 0.6 },
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
    const { learningRate, beta1, beta2, epsilon, epsilonHat, amsgrad } = config;
    const cases = train(adam(config), (arena, count) => {
      const [m, v] = [arena.put(new Float32Array(count)), arena.put(new Float32Array(count))];
      const greatest = amsgrad ? arena.put(new Float32Array(count)) : 0;
      let [power1, power2] = [1, 1];
      return (w, g) => {
        power1 *= beta1;
        power2 *= beta2;
        const [c1, c2] = [1 - power1, 1 - power2];
        kernels.adam(w, g, m, v, greatest, count, learningRate, beta1, beta2, epsilon, c1, c2, Number(epsilonHat));
      };
    });
    expect(cases).toBe(counts.length);
  });

  test.each(rmspropConfigs)('fifty steps of RMSprop %o agree with float64', (config) => {
    const { learningRate, rho, momentum, epsilon, centered, epsilonOutside } = config;
    const cases = train(rmsprop(config), (arena, count) => {
      const block = () => arena.put(new Float32Array(count));
      const [v, mean, velocity] = [block(), centered ? block() : 0, momentum > 0 ? block() : 0];
      const rates = [learningRate, rho, momentum, epsilon, Number(epsilonOutside)];
      return (w, g) => kernels.rmsprop(w, g, v, mean, velocity, count, ...rates);
    });
    expect(cases).toBe(counts.length);
  });

  test.each(adagradConfigs)('fifty steps of Adagrad %o agree with float64', (config) => {
    const { learningRate, initialAccumulatorValue, epsilon, epsilonOutside } = config;
    const cases = train(adagrad(config), (arena, count) => {
      const accumulator = arena.put(new Float32Array(count).fill(initialAccumulatorValue));
      return (w, g) => kernels.adagrad(w, g, accumulator, count, learningRate, epsilon, Number(epsilonOutside));
    });
    expect(cases).toBe(counts.length);
  });

  test.each(momentConfigs)('fifty steps of Nadam %o agree with float64', (config) => {
    const { learningRate, beta1, beta2, epsilon } = config;
    const cases = train(nadam(config), (arena, count) => {
      const [m, v] = [arena.put(new Float32Array(count)), arena.put(new Float32Array(count))];
      let [t, product, power2] = [0, 1, 1];
      const momentum = (step: number): number => beta1 * (1 - 0.5 * 0.96 ** step);
      return (w, g) => {
        product *= momentum(++t);
        power2 *= beta2;
        const meanStep = (learningRate * momentum(t + 1)) / (1 - product * momentum(t + 1));
        const gradientStep = (learningRate * (1 - momentum(t))) / (1 - product);
        kernels.nadam(w, g, m, v, count, meanStep, gradientStep, beta1, beta2, epsilon, 1 - power2);
      };
    });
    expect(cases).toBe(counts.length);
  });

  test.each(momentConfigs)('fifty steps of Adamax %o agree with float64', (config) => {
    const { learningRate, beta1, beta2, epsilon } = config;
    const cases = train(adamax(config), (arena, count) => {
      const [m, u] = [arena.put(new Float32Array(count)), arena.put(new Float32Array(count))];
      let power1 = 1;
      return (w, g) => {
        power1 *= beta1;
        kernels.adamax(w, g, m, u, count, learningRate, beta1, beta2, epsilon, 1 - power1);
      };
    });
    expect(cases).toBe(counts.length);
  });

  test.each(adadeltaConfigs)('fifty steps of Adadelta %o agree with float64', (config) => {
    const { learningRate, rho, epsilon } = config;
    const cases = train(adadelta(config), (arena, count) => {
      const [a, d] = [arena.put(new Float32Array(count)), arena.put(new Float32Array(count))];
      return (w, g) => kernels.adadelta(w, g, a, d, count, learningRate, rho, epsilon);
    });
    expect(cases).toBe(counts.length);
  });

  test.each(lionConfigs)('fifty steps of Lion %o agree with float64', (config) => {
    const { learningRate, beta1, beta2 } = config;
    const cases = train(lion(config), (arena, count) => {
      const m = arena.put(new Float32Array(count));
      return (w, g) => kernels.lion(w, g, m, count, learningRate, beta1, beta2);
    });
    expect(cases).toBe(counts.length);
  });

  test('Lion does not move a weight whose gradient is 0 and always was', () => {
    const arena = new Arena(module);
    const [w, g, m] = [arena.put([1, -2, 3, 0]), arena.put([0, -0, 1e-38, 1]), arena.put([0, 0, 0, 0])];
    kernels.lion(w, g, m, 4, 0.5, 0.9, 0.99);
    expect(Array.from(arena.view(w, 4))).toEqual([1, -2, 3, -0.5]);
    arena.release();
  });

  test("Adagrad's first step from 0 tells its two ε apart", () => {
    const arena = new Arena(module);
    const [g, a] = [1e-4, 0.01].map(Math.fround);
    const move = (epsilonOutside: number) => {
      const [w, gradient, accumulator] = [0, g, 0].map((value) => arena.put([value, 0, 0, 0]));
      kernels.adagrad(w, gradient, accumulator, 4, 1, a, epsilonOutside);
      return arena.get(w, 1)[0];
    };
    expect(move(0) / (-g / Math.sqrt(g * g + a))).toBeCloseTo(1, 6);
    expect(move(1) / (-g / (g + a))).toBeCloseTo(1, 6);
    arena.release();
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
    for (let step = 0; step < 700; step++) kernels.adam(w, g, m, v, 0, 4, 0.001, 0.9, 0.9, 1e-7, 1, 1, 0);
    expect(Array.from(arena.view(m, 4))).toEqual([0, 0, 0, 0]);
    expect(Array.from(arena.view(v, 4))).toEqual([0, 0, 0, 0]);

    const memories = Array.from({ length: 7 }, () => arena.put([1e-30, 1e-36, 1.2e-38, 1e-40]));
    const [mean, square, mean2, largest, square2, change, mean3] = memories;
    for (let step = 0; step < 700; step++) {
      kernels.nadam(w, g, mean, square, 4, 0.01, 0.01, 0.9, 0.9, 1e-7, 1);
      kernels.adamax(w, g, mean2, largest, 4, 0.01, 0.9, 0.9, 1e-7, 1);
      kernels.adadelta(w, g, square2, change, 4, 0.01, 0.9, 1e-7);
      kernels.lion(w, g, mean3, 4, 0.01, 0.9, 0.9);
    }
    for (const block of memories) expect(Array.from(arena.view(block, 4))).toEqual([0, 0, 0, 0]);

    const kept = [v, m, velocity].map(() => arena.put([1e-30, 1e-36, 1.2e-38, 1e-40]));
    for (let step = 0; step < 700; step++) kernels.rmsprop(w, g, kept[0], kept[1], kept[2], 4, 0.01, 0.9, 0.9, 1e-7, 0);
    for (const block of kept) expect(Array.from(arena.view(block, 4))).toEqual([0, 0, 0, 0]);
    arena.release();
  });

  test('a gradient that is NaN shows in its weight alone', () => {
    const arena = new Arena(module);
    const g = arena.put([0, NaN, 1, 1]);
    const blocks = Array.from({ length: 24 }, () => arena.put([1, 1, 1, 1]));
    const [plain, withMomentum, velocity, w, m, v] = blocks;
    const [ofRmsprop, square, mean, rmspropVelocity, ofAdagrad, accumulator] = blocks.slice(6);
    const [ofNadam, mean2, square2, ofAdamax, mean3, largest, ofAdadelta, square4, change] = blocks.slice(12);
    const [ofLion, mean5, greatest] = blocks.slice(21);
    kernels.nadam(ofNadam, g, mean2, square2, 4, 0.01, 0.01, 0.9, 0.999, 1e-7, 0.001);
    kernels.adamax(ofAdamax, g, mean3, largest, 4, 0.01, 0.9, 0.999, 1e-7, 0.1);
    kernels.adadelta(ofAdadelta, g, square4, change, 4, 0.01, 0.9, 1e-7);
    kernels.lion(ofLion, g, mean5, 4, 0.01, 0.9, 0.99);
    kernels.rmsprop(ofRmsprop, g, square, mean, rmspropVelocity, 4, 0.01, 0.9, 0.9, 1e-7, 0);
    kernels.adagrad(ofAdagrad, g, accumulator, 4, 0.01, 1e-7, 0);
    kernels.sgd(plain, g, 0, 4, 0.01, 0, 0);
    kernels.sgd(withMomentum, g, velocity, 4, 0.01, 0.9, 1);
    kernels.adam(w, g, m, v, greatest, 4, 0.001, 0.9, 0.999, 1e-7, 0.1, 0.001, 0);
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

  test('a penalty and its gradient are those of float64, 0 has no sign, and padding adds nothing', () => {
    const arena = new Arena(module);
    const draw = new Draw(8);
    for (const count of counts) {
      for (const [l1, l2] of [
        [0.01, 0],
        [0, 0.01],
        [0.3, 0.02],
      ]) {
        const w = draw.floats(count).map((value, i) => (i % 5 === 0 ? 0 : value));
        const before = draw.floats(count);
        const [pw, pg] = [arena.put(w), arena.put(before)];
        const expected = weightPenalty({ l1, l2 }, tensor([count], w));
        expect(kernels.penalty(pw, count, l1, l2)).toBeCloseTo(expected.value, 10);
        kernels.penaltyGradient(pw, pg, count, l1, l2);
        arena.get(pg, count).forEach((value, i) => expect(value).toBeCloseTo(before[i] + expected.gradient.data[i], 6));
      }
    }
    arena.release();
  });

  test('constrainNorm is maxNorm and unitNorm along any axes, and leaves what lies between the values alone', () => {
    const draw = new Draw(9);
    // A kernel of [taps, inputs, outputs]: its axes, and how the kernel sees it.
    const views: readonly { axis: number | number[]; view: (shape: number[]) => [number, number, number] }[] = [
      { axis: 0, view: ([a, b, c]) => [1, a, b * c] },
      { axis: 1, view: ([a, b, c]) => [a, b, c] },
      { axis: 2, view: ([a, b, c]) => [a * b, c, 1] },
      { axis: [0, 1], view: ([a, b, c]) => [1, a * b, c] },
      { axis: [1, 2], view: ([a, b, c]) => [a, b * c, 1] },
      { axis: [0, 1, 2], view: ([a, b, c]) => [1, a * b * c, 1] },
    ];
    for (const { axis, view } of views) {
      for (let round = 0; round < 30; round++) {
        const arena = new Arena(module);
        const shape = [draw.integer(1, 4), draw.integer(1, 6), draw.integer(1, 9)];
        const [outer, length, inner] = view(shape);
        const w = draw.floats(outer * length * inner);
        const [bounded, unit] = [arena.put(w), arena.put(w)];
        const strides = [length * inner * 4, inner * 4];
        kernels.constrainNorm(bounded, outer, length, inner, ...strides, 0, 0.8, 1);
        kernels.constrainNorm(unit, outer, length, inner, ...strides, 1, 1, 1);
        const expected = [maxNorm({ axis, maxValue: 0.8 }, tensor(shape, w)), unitNorm({ axis }, tensor(shape, w))];
        arena.get(bounded, w.length).forEach((value, i) => expect(value).toBeCloseTo(expected[0].data[i], 6));
        arena.get(unit, w.length).forEach((value, i) => expect(value).toBeCloseTo(expected[1].data[i], 6));
        arena.release();
      }
    }
    // Padded rows, as Embedding's: by column and by row.
    const arena = new Arena(module);
    const w = draw.floats(15);
    const [columns, rows] = [arena.putRows(w, 3, 5), arena.putRows(w, 3, 5)];
    kernels.constrainNorm(columns, 1, 3, 5, 0, quad(5) * 4, 1, 1, 1);
    kernels.constrainNorm(rows, 3, 5, 1, quad(5) * 4, 4, 1, 1, 1);
    const [byColumn, byRow] = [0, 1].map((axis) => unitNorm({ axis }, tensor([3, 5], w)).data);
    arena.getRows(columns, 3, 5).forEach((value, i) => expect(value).toBeCloseTo(byColumn[i], 6));
    arena.getRows(rows, 3, 5).forEach((value, i) => expect(value).toBeCloseTo(byRow[i], 6));
    arena.release();
  });
});
