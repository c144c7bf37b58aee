/** Schedules in closed form, alone and around each other, and what they refuse. What Keras computes is in golden-keras.test.ts. */
import { describe, expect, test } from 'vitest';
import {
  layers,
  loadModel,
  optimizers,
  schedules,
  sequential,
  type LearningRate,
  type Schedule,
  type TrainableModel,
} from '../../src/index.js';

function create(learningRate: LearningRate): TrainableModel {
  const model = sequential({ layers: [layers.dense({ units: 1, useBias: false, inputShape: [1] })] });
  model.compile({ optimizer: optimizers.sgd({ learningRate }), loss: 'mae' });
  return model;
}

/** The rates of the first steps. */
function ratesOf(learningRate: LearningRate, steps: number): number[] {
  const model = create(learningRate);
  return Array.from({ length: steps }, () => {
    const rate = model.learningRate;
    model.trainOnBatch([[0]], [[0]]);
    return rate;
  });
}

function expectRates(learningRate: LearningRate, expected: (step: number) => number, steps = 40): void {
  ratesOf(learningRate, steps).forEach((rate, step) => {
    const wanted = expected(step);
    expect(Math.abs(rate - wanted), `step ${step}: ${rate}, ${wanted}`).toBeLessThan(1e-14);
  });
}

const initialLearningRate = 0.8;
const wave = (part: number): number => 0.5 * (1 + Math.cos(Math.PI * part));

describe('in closed form', () => {
  test('piecewiseConstant: a boundary belongs to the values before it', () => {
    const schedule = schedules.piecewiseConstant({ boundaries: [2, 4], values: [3, 2, 1] });
    expect(ratesOf(schedule, 7)).toEqual([3, 3, 3, 2, 2, 1, 1]);
  });

  test('stepDecay', () => {
    const schedule = schedules.stepDecay({ initialLearningRate, decaySteps: 10, decayRate: 0.5 });
    expectRates(schedule, (t) => 0.8 * 0.5 ** Math.floor(t / 10));
    expect(ratesOf(schedules.stepDecay({ initialLearningRate, decaySteps: 1 }), 2)[1]).toBeCloseTo(0.08, 15);
  });

  test('exponentialDecay and inverseTimeDecay, smooth and by stairs', () => {
    const options = { initialLearningRate, decaySteps: 7, decayRate: 0.9 };
    expectRates(schedules.exponentialDecay(options), (t) => 0.8 * 0.9 ** (t / 7));
    expectRates(schedules.exponentialDecay({ ...options, staircase: true }), (t) => 0.8 * 0.9 ** Math.floor(t / 7));
    expectRates(schedules.inverseTimeDecay(options), (t) => 0.8 / (1 + (0.9 * t) / 7));
    const stairs = schedules.inverseTimeDecay({ ...options, staircase: true });
    expectRates(stairs, (t) => 0.8 / (1 + 0.9 * Math.floor(t / 7)));
  });

  test('polynomialDecay stays at its end, or starts again from a later one', () => {
    const options = { initialLearningRate, decaySteps: 10, endLearningRate: 0.2, power: 3 };
    expectRates(schedules.polynomialDecay(options), (t) => 0.6 * (1 - Math.min(t, 10) / 10) ** 3 + 0.2);
    const cycle = schedules.polynomialDecay({ ...options, cycle: true });
    expectRates(cycle, (t) => 0.6 * (1 - t / (10 * Math.max(1, Math.ceil(t / 10)))) ** 3 + 0.2);
  });

  test('cosineDecay, with a straight line in front', () => {
    const options = { initialLearningRate, decaySteps: 20, alpha: 0.25 };
    const decay = (t: number): number => 0.25 + 0.75 * wave(Math.min(t, 20) / 20);
    expectRates(schedules.cosineDecay(options), (t) => 0.8 * decay(t));
    const warm = schedules.cosineDecay({ ...options, warmupTarget: 2, warmupSteps: 8 });
    expectRates(warm, (t) => (t < 8 ? 0.8 + (1.2 * t) / 8 : 2 * decay(t - 8)));
  });

  test('cosineDecayRestarts starts again exactly when a period ends', () => {
    const schedule = schedules.cosineDecayRestarts({
      initialLearningRate,
      firstDecaySteps: 3,
      tMul: 3,
      mMul: 0.5,
      alpha: 0.1,
    });
    const periods = [
      [0, 3, 1],
      [3, 9, 0.5],
      [12, 27, 0.25],
      [39, 81, 0.125],
    ];
    expectRates(schedule, (t) => {
      const [start, length, height] = periods.findLast(([first]) => first <= t) ?? [];
      return 0.8 * (0.1 + 0.9 * height * wave((t - start) / length));
    });
    expect(ratesOf(schedules.cosineDecayRestarts({ initialLearningRate, firstDecaySteps: 5 }), 16)[15]).toBe(0.8);
  });

  test('oneCycle rises and falls, as PyTorch’s OneCycleLR', () => {
    const options = { maxLearningRate: 1, totalSteps: 20, risingShare: 0.25 };
    const [first, last] = [1 / 25, 1 / 25 / 1e4];
    const cosine = (from: number, to: number, part: number): number => to + (from - to) * wave(part);
    expectRates(schedules.oneCycle(options), (t) =>
      t < 4 ? cosine(first, 1, t / 4) : cosine(1, last, Math.min((t - 4) / 15, 1)),
    );
    const line = schedules.oneCycle({ ...options, anneal: 'linear', startDivisor: 10, endDivisor: 100 });
    expectRates(line, (t) => (t < 4 ? 0.1 + (0.9 * t) / 4 : 1 - 0.999 * Math.min((t - 4) / 15, 1)));
    for (const risingShare of [0, 1]) {
      const rates = ratesOf(schedules.oneCycle({ ...options, risingShare }), 25);
      expect(Math.max(...rates)).toBe(1);
      expect(rates.every((rate) => rate >= last && rate <= 1)).toBe(true);
    }
  });

  test('warmUp goes before a rate, a schedule, another warm-up or a function', () => {
    expectRates(schedules.warmUp({ learningRate: 0.5, steps: 4 }), (t) => 0.5 * Math.min(t / 4, 1));
    const decay = schedules.exponentialDecay({ initialLearningRate, decaySteps: 1, decayRate: 0.9 });
    const warm = schedules.warmUp({ learningRate: decay, steps: 5, initialLearningRate: 0.3 });
    expectRates(warm, (t) => (t < 5 ? 0.3 + (0.5 * t) / 5 : 0.8 * 0.9 ** (t - 5)));
    const twice = schedules.warmUp({ learningRate: warm, steps: 2 });
    expectRates(twice, (t) => (t < 2 ? (0.3 * t) / 2 : t < 7 ? 0.3 + (0.5 * (t - 2)) / 5 : 0.8 * 0.9 ** (t - 7)));
    expectRates(schedules.warmUp({ learningRate: (t) => t / 10, steps: 0 }), (t) => t / 10);
  });
});

test('a step moves the weights by the rate of its own number', () => {
  const model = create(schedules.piecewiseConstant({ boundaries: [0, 1], values: [1, 0, 8] }));
  model.setWeights([[[0]]]);
  const moves = Array.from({ length: 4 }, () => {
    model.trainOnBatch([[1]], [[-100]]);
    return model.getWeights()[0].data[0];
  });
  expect(moves).toEqual([-1, -1, -9, -17]);
});

test('where gradients of several batches make a step, the rate counts batches, as in Keras', () => {
  const model = sequential({ layers: [layers.dense({ units: 1, useBias: false, inputShape: [1] })] });
  const learningRate = schedules.piecewiseConstant({ boundaries: [1, 3], values: [1, 10, 100] });
  model.compile({ optimizer: optimizers.sgd({ learningRate, gradientAccumulationSteps: 2 }), loss: 'mae' });
  model.setWeights([[[0]]]);
  for (const [weight, iterations] of [
    [0, 0],
    [-1, 1],
    [-1, 1],
    [-11, 2],
    [-11, 2],
    [-111, 3],
  ]) {
    model.trainOnBatch([[1]], [[-1000]]);
    expect(model.getWeights()[0].data[0]).toBe(weight);
    expect(model.optimizer.iterations).toBe(iterations);
  }
});

describe('the learning rate of a model', () => {
  test('can be read and set between steps', () => {
    const model = create(0.5);
    model.setWeights([[[0]]]);
    expect(model.learningRate).toBe(0.5);
    model.learningRate = 0.25;
    model.trainOnBatch([[1]], [[-1]]);
    expect(model.getWeights()[0].data[0]).toBe(-0.25);
    for (const value of [0, -1, NaN, Infinity, 1e300, '1', null]) {
      expect(() => (model.learningRate = value as number)).toThrow(
        'sequential: learningRate: expected a positive number',
      );
    }
    expect(model.optimizer).toMatchObject({ learningRate: 0.25, iterations: 1 });
  });

  test('cannot be set where a schedule or a function decides it', () => {
    for (const given of [schedules.warmUp({ learningRate: 1, steps: 2 }), () => 1]) {
      const model = create(given);
      expect(() => (model.learningRate = 0.1)).toThrow(
        'sequential: learningRate: the optimizer was compiled with a schedule, which decides it; compile with a number',
      );
    }
  });

  test('needs a compiled model', () => {
    const model = sequential({ layers: [layers.dense({ units: 1, inputShape: [1] })] });
    expect(() => model.learningRate).toThrow('sequential: learningRate: call compile(');
    expect(() => model.optimizer).toThrow('sequential: optimizer: call compile(');
  });
});

describe('a function of one’s own', () => {
  test('is told the step, and must give a finite rate that is not negative; nothing is changed otherwise', () => {
    const rates: unknown[] = [0.5, 0, -1];
    const model = create((step) => rates[step] as number);
    model.setWeights([[[0]]]);
    model.trainOnBatch([[1]], [[-100]]);
    model.trainOnBatch([[1]], [[-100]]);
    for (const bad of [-1, NaN, Infinity, 1e39, '1', undefined]) {
      rates[2] = bad;
      expect(() => model.trainOnBatch([[1]], [[-100]])).toThrow(
        'sequential: compile: optimizer sgd: learningRate(2): expected a non-negative number that float32 can hold',
      );
      expect(model.getWeights()[0].data[0]).toBe(-0.5);
    }
    rates[2] = 1;
    model.trainOnBatch([[1]], [[-100]]);
    expect(model.getWeights()[0].data[0]).toBe(-1.5);
  });

  test('cannot be saved with the optimizer; a schedule can', () => {
    const message = 'sequential: compile: learningRate: a function, which no file can hold';
    expect(() => create(() => 1).toSafetensors({ optimizer: true })).toThrow(message);
    const inside = create(schedules.warmUp({ learningRate: () => 1, steps: 2 }));
    expect(() => inside.toSafetensors({ optimizer: true })).toThrow(message);
    expect(inside.toSafetensors().length).toBeGreaterThan(0);
    const model = create(schedules.warmUp({ learningRate: 1, steps: 8 }));
    for (let step = 0; step < 3; step++) model.trainOnBatch([[0]], [[0]]);
    expect(loadModel(model.toSafetensors({ optimizer: true })).learningRate).toBe(3 / 8);
  });
});

describe('errors name schedule and option', () => {
  const decay = { initialLearningRate: 1, decaySteps: 10, decayRate: 0.5 };
  const cases: [string, unknown][] = [
    ['exponentialDecay: initialLearningRate: expected a positive number, got 0', { ...decay, initialLearningRate: 0 }],
    ['exponentialDecay: decaySteps: expected a number of at least 1, got 0.5', { ...decay, decaySteps: 0.5 }],
    ['exponentialDecay: decayRate: expected a positive number, got undefined', { ...decay, decayRate: undefined }],
    ['exponentialDecay: staircase: expected true or false, got 1', { ...decay, staircase: 1 }],
    ['exponentialDecay: unknown option "rate"', { ...decay, rate: 1 }],
    [
      'piecewiseConstant: boundaries: expected rising steps, got [2,2]',
      { kind: 'piecewiseConstant', boundaries: [2, 2], values: [1, 2, 3] },
    ],
    [
      'piecewiseConstant: values: expected 3, one more than boundaries, got 2',
      { kind: 'piecewiseConstant', boundaries: [2, 3], values: [1, 2] },
    ],
    [
      'piecewiseConstant: values[1]: expected a non-negative number that float32 can hold, got -1',
      { kind: 'piecewiseConstant', boundaries: [2], values: [1, -1] },
    ],
    [
      'cosineDecay: alpha: expected a number in [0, 1], got 2',
      { kind: 'cosineDecay', initialLearningRate: 1, decaySteps: 10, alpha: 2 },
    ],
    [
      'cosineDecayRestarts: tMul: expected a number of at least 1, got 0.5',
      { kind: 'cosineDecayRestarts', initialLearningRate: 1, firstDecaySteps: 5, tMul: 0.5 },
    ],
    [
      "oneCycle: anneal: expected one of 'cosine', 'linear', got 'x'",
      { kind: 'oneCycle', maxLearningRate: 1, totalSteps: 5, anneal: 'x' },
    ],
    [
      'warmUp: learningRate: exponentialDecay: decayRate: expected a positive number, got -1',
      { kind: 'warmUp', steps: 5, learningRate: { kind: 'exponentialDecay', ...decay, decayRate: -1 } },
    ],
    ['expected a number, a schedule (piecewiseConstant, stepDecay, ', { kind: 'noam' }],
  ];
  test.each(cases)('%s', (message, schedule) => {
    const given = { kind: 'exponentialDecay', ...(schedule as object) } as Schedule;
    expect(() => create(given)).toThrow('sequential: compile: optimizer sgd: learningRate: ');
    expect(() => create(given)).toThrow(message);
  });
});
