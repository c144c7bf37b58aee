/** Optimizers over 50 steps against their definitions in float64, schedules against theirs, clipping, and a rate that is set. */
import { describe, expect, test } from 'vitest';
import {
  layers,
  loadModel,
  optimizers,
  schedules,
  sequential,
  type LearningRate,
  type Optimizer,
} from '../../src/index.js';
import { createRandom } from '../random.js';

type Rule = (t: number, w: number[], g: readonly number[]) => number[];

const adaptive = (
  beta1: number,
  beta2: number,
  step: (t: number, m: number, v: number, g: number, largest: number) => number,
): Rule => {
  const [m, v, most]: [number[], number[], number[]] = [[], [], []];
  return (t, w, g) =>
    w.map((weight, i) => {
      m[i] = beta1 * (m[i] ?? 0) + (1 - beta1) * g[i];
      v[i] = beta2 * (v[i] ?? 0) + (1 - beta2) * g[i] ** 2;
      most[i] = Math.max(most[i] ?? 0, v[i]);
      return weight + step(t, m[i], v[i], g[i], most[i]);
    });
};

const decayed =
  (rate: number, decay: number, rule: Rule): Rule =>
  (t, w, g) =>
    rule(
      t,
      w.map((weight) => weight * (1 - rate * decay)),
      g,
    );

const adam = (rate: number): Rule =>
  adaptive(0.9, 0.999, (t, m, v) => (-rate * m) / (1 - 0.9 ** t) / (Math.sqrt(v / (1 - 0.999 ** t)) + 1e-7));

function nadam(rate: number): Rule {
  const mu = (t: number): number => 0.9 * (1 - 0.5 * 0.96 ** t);
  let product = 1;
  let last = 0;
  return adaptive(0.9, 0.999, (t, m, v, g) => {
    if (t !== last) [product, last] = [product * mu(t), t];
    const mean = (mu(t + 1) * m) / (1 - product * mu(t + 1)) + ((1 - mu(t)) * g) / (1 - product);
    return (-rate * mean) / (Math.sqrt(v / (1 - 0.999 ** t)) + 1e-7);
  });
}

function adamax(rate: number): Rule {
  const [m, u]: [number[], number[]] = [[], []];
  return (t, w, g) =>
    w.map((weight, i) => {
      m[i] = 0.9 * (m[i] ?? 0) + 0.1 * g[i];
      u[i] = Math.max(0.999 * (u[i] ?? 0), Math.abs(g[i]));
      return weight - ((rate / (1 - 0.9 ** t)) * m[i]) / (u[i] + 1e-7);
    });
}

function adadelta(rate: number): Rule {
  const [a, d]: [number[], number[]] = [[], []];
  return (_t, w, g) =>
    w.map((weight, i) => {
      a[i] = 0.95 * (a[i] ?? 0) + 0.05 * g[i] ** 2;
      const change = (-Math.sqrt((d[i] ?? 0) + 1e-7) / Math.sqrt(a[i] + 1e-7)) * g[i];
      d[i] = 0.95 * (d[i] ?? 0) + 0.05 * change ** 2;
      return weight + rate * change;
    });
}

function lion(rate: number): Rule {
  const m: number[] = [];
  return (_t, w, g) =>
    w.map((weight, i) => {
      const way = 0.9 * (m[i] ?? 0) + 0.1 * g[i];
      m[i] = 0.99 * (m[i] ?? 0) + 0.01 * g[i];
      return weight - rate * Math.sign(way);
    });
}

const random = createRandom(71);
const x = { data: random.normals(16 * 3), shape: [16, 3] };
const y = { data: random.normals(16), shape: [16, 1] };

function create(optimizer: Optimizer) {
  const model = sequential({ layers: [layers.dense({ units: 1, inputShape: [3] })] });
  model.compile({ optimizer, loss: 'mse' });
  return model;
}

/** Of the mean squared error of a linear model: weights, then the bias. */
function gradientAt(w: readonly number[]): number[] {
  const g = [0, 0, 0, 0];
  for (let row = 0; row < 16; row++) {
    const given = [...x.data.subarray(3 * row, 3 * row + 3), 1];
    const error = given.reduce((sum, value, i) => sum + value * w[i], 0) - y.data[row];
    given.forEach((value, i) => (g[i] += (2 * error * value) / 16));
  }
  return g;
}

test.each<[string, Optimizer, Rule]>([
  ['adamW', optimizers.adamW({ learningRate: 0.01, weightDecay: 0.1 }), decayed(0.01, 0.1, adam(0.01))],
  [
    'adam, amsgrad',
    optimizers.adam({ learningRate: 0.05, amsgrad: true }),
    adaptive(
      0.9,
      0.999,
      (t, m, _v, _g, most) => (-0.05 * m) / (1 - 0.9 ** t) / (Math.sqrt(most / (1 - 0.999 ** t)) + 1e-7),
    ),
  ],
  ['nadam', optimizers.nadam({ learningRate: 0.02 }), nadam(0.02)],
  ['adamax', optimizers.adamax({ learningRate: 0.02 }), adamax(0.02)],
  ['adadelta', optimizers.adadelta({ learningRate: 1 }), adadelta(1)],
  ['lion', optimizers.lion({ learningRate: 0.01 }), lion(0.01)],
  [
    'sgd with decay',
    optimizers.sgd({ learningRate: 0.1, weightDecay: 0.2 }),
    decayed(0.1, 0.2, (_t, w, g) => w.map((weight, i) => weight - 0.1 * g[i])),
  ],
])('%s, 50 steps', (_name, optimizer, rule) => {
  const model = create(optimizer);
  let w = model.getWeights().flatMap(({ data }) => [...data]);
  for (let t = 1; t <= 50; t++) {
    model.trainOnBatch(x, y);
    w = rule(t, w, gradientAt(w));
    const ours = model.getWeights().flatMap(({ data }) => [...data]);
    ours.forEach((value, i) => {
      expect(Math.abs(value - w[i]), `step ${t}`).toBeLessThan(2e-4 * Math.max(1, Math.abs(w[i])));
    });
  }
  const again = loadModel(model.toSafetensors({ optimizer: true }));
  for (let t = 0; t < 5; t++) expect(again.trainOnBatch(x, y)).toEqual(model.trainOnBatch(x, y));
  expect(again.getWeights().map(({ data }) => data)).toEqual(model.getWeights().map(({ data }) => data));
});

test('what is excluded does not decay', () => {
  const options = { learningRate: 0.1, weightDecay: 0.5 } as const;
  const [all, some, none] = [
    create(optimizers.sgd(options)),
    create(optimizers.sgd({ ...options, excludeFromWeightDecay: ['kernel'] })),
    create(optimizers.sgd({ learningRate: 0.1 })),
  ];
  for (const model of [some, none]) model.setWeights(all.getWeights());
  const start = [all, some, none].map((model) => {
    model.setWeights([{ data: new Float32Array([1, 2, 3]), shape: [3, 1] }, [4]]);
    model.trainOnBatch(x, y);
    return model.getWeights().map(({ data }) => [...data]);
  });
  expect(start[1][0]).toEqual(start[2][0]);
  expect(start[1][1]).toEqual(start[0][1]);
  expect(start[0][0]).not.toEqual(start[2][0]);
});

describe('schedules', () => {
  const rates = (learningRate: LearningRate, steps: number): number[] => {
    const model = create(optimizers.sgd({ learningRate }));
    return Array.from({ length: steps }, () => {
      const before = model.getWeights()[1].data[0];
      model.setWeights([{ data: new Float32Array(3), shape: [3, 1] }, [0]]);
      model.trainOnBatch(x, y);
      expect(before).toBeDefined();
      return model.learningRate;
    });
  };
  const cosine = (share: number): number => 0.5 * (1 + Math.cos(Math.PI * share));

  test.each<[string, LearningRate, (step: number) => number]>([
    [
      'piecewiseConstant',
      schedules.piecewiseConstant({ boundaries: [2, 5], values: [1, 0.5, 0.1] }),
      (t) => (t <= 2 ? 1 : t <= 5 ? 0.5 : 0.1),
    ],
    [
      'exponentialDecay',
      schedules.exponentialDecay({ initialLearningRate: 0.1, decaySteps: 4, decayRate: 0.5 }),
      (t) => 0.1 * 0.5 ** (t / 4),
    ],
    [
      'exponentialDecay, staircase',
      schedules.exponentialDecay({ initialLearningRate: 0.1, decaySteps: 4, decayRate: 0.5, staircase: true }),
      (t) => 0.1 * 0.5 ** Math.floor(t / 4),
    ],
    [
      'inverseTimeDecay',
      schedules.inverseTimeDecay({ initialLearningRate: 0.1, decaySteps: 2, decayRate: 0.5 }),
      (t) => 0.1 / (1 + 0.5 * (t / 2)),
    ],
    [
      'polynomialDecay',
      schedules.polynomialDecay({ initialLearningRate: 0.1, decaySteps: 10, endLearningRate: 0.01, power: 2 }),
      (t) => 0.09 * (1 - Math.min(t, 10) / 10) ** 2 + 0.01,
    ],
    [
      'polynomialDecay, cycle',
      schedules.polynomialDecay({ initialLearningRate: 0.1, decaySteps: 5, endLearningRate: 0.01, cycle: true }),
      (t) => 0.09 * (1 - t / (5 * Math.max(1, Math.ceil(t / 5)))) + 0.01,
    ],
    [
      'cosineDecay',
      schedules.cosineDecay({ initialLearningRate: 0.1, decaySteps: 10, alpha: 0.1 }),
      (t) => 0.1 * (0.9 * cosine(Math.min(t, 10) / 10) + 0.1),
    ],
    [
      'cosineDecay, warmed up',
      schedules.cosineDecay({ initialLearningRate: 0, decaySteps: 10, warmupTarget: 0.2, warmupSteps: 4 }),
      (t) => (t < 4 ? (0.2 * t) / 4 : 0.2 * cosine(Math.min(1, (t - 4) / 10))),
    ],
    [
      'cosineDecayRestarts',
      schedules.cosineDecayRestarts({ initialLearningRate: 0.1, firstDecaySteps: 4, tMul: 2, mMul: 0.5 }),
      (t) => (t < 4 ? 0.1 * cosine(t / 4) : t < 12 ? 0.05 * cosine((t - 4) / 8) : 0.025 * cosine((t - 12) / 16)),
    ],
    [
      'oneCycle',
      schedules.oneCycle({ maxLearningRate: 1, totalSteps: 20, warmupShare: 0.3 }),
      (t) =>
        t <= 5 ? 0.04 + 0.96 * (1 - cosine(t / 5)) : 0.04 / 1e4 + (1 - 0.04 / 1e4) * cosine(Math.min(1, (t - 5) / 14)),
    ],
    ['warmUp', schedules.warmUp({ warmupSteps: 3, learningRate: 0.3 }), (t) => Math.min(0.3, 0.1 * t)],
    ['a function', (step) => 1 / (step + 1), (t) => 1 / (t + 1)],
  ])('%s', (_name, learningRate, expected) => {
    rates(learningRate, 20).forEach((rate, t) => {
      expect(rate, `step ${t}`).toBeCloseTo(expected(t), 12);
    });
  });

  test('a schedule goes on from a file; its rate cannot be set', () => {
    const model = create(
      optimizers.adam({
        learningRate: schedules.exponentialDecay({ initialLearningRate: 0.1, decaySteps: 3, decayRate: 0.5 }),
      }),
    );
    for (let t = 0; t < 4; t++) model.trainOnBatch(x, y);
    const again = loadModel(model.toSafetensors({ optimizer: true }));
    for (const one of [model, again]) one.trainOnBatch(x, y);
    expect(again.learningRate).toBe(model.learningRate);
    expect(() => {
      model.learningRate = 0.1;
    }).toThrow('learningRate: a schedule of the optimizer decides it');
    const own = create(optimizers.sgd({ learningRate: () => 0.1 }));
    expect(() => own.toSafetensors({ optimizer: true })).toThrow('a function, which no file can hold');
  });

  test('nonsense is refused when the model is compiled, of a function when it gives it', () => {
    expect(() => create(optimizers.sgd({ learningRate: { kind: 'nonsense' } as never }))).toThrow(
      'learningRate: kind: expected one of',
    );
    expect(() =>
      create(optimizers.sgd({ learningRate: schedules.cosineDecay({ initialLearningRate: 0.1, decaySteps: 0 }) })),
    ).toThrow('decaySteps: expected a positive integer');
    expect(() =>
      create(optimizers.sgd({ learningRate: schedules.piecewiseConstant({ boundaries: [3, 2], values: [1, 1, 1] }) })),
    ).toThrow('expected rising steps');
    expect(() => create(optimizers.sgd({ learningRate: () => NaN }))).toThrow(
      'at step 0: expected a non-negative number, got NaN',
    );
  });
});

test('a rate that is set is that of the next step', () => {
  const [one, two] = [create(optimizers.sgd({ learningRate: 0.1 })), create(optimizers.sgd({ learningRate: 0.02 }))];
  one.setWeights(two.getWeights());
  one.learningRate = 0.02;
  for (const model of [one, two]) model.trainOnBatch(x, y);
  expect(one.getWeights().map(({ data }) => data)).toEqual(two.getWeights().map(({ data }) => data));
  expect(() => {
    one.learningRate = -1;
  }).toThrow('learningRate: expected a positive number');
});

test('gradients (3, 4) and (12), limit 1: each weight’s to (0.6, 0.8) and (1); all to norm 1, of 13 before', () => {
  // A loss of −½ Σ (w·x)² has no minimum; squared errors of targets far away have the gradients that are wanted.
  const clipped = (options: object): { moves: number[][]; norm: number } => {
    const model = sequential({
      layers: [
        layers.dense({ units: 1, useBias: false, inputShape: [2], name: 'two' }),
        layers.dense({ units: 1, useBias: false, name: 'one' }),
      ],
    });
    model.compile({ optimizer: optimizers.sgd({ learningRate: 1, ...options }), loss: 'mse' });
    // z = a·x with x = (3, 4) / 12 · 12, y = b·z: at b = 1 and a·x = 12 the gradients are e · (3, 4) and e · 12, for e = 2 (y − t) = 1.
    model.setWeights([
      { data: new Float32Array([0, 3]), shape: [2, 1] },
      { data: new Float32Array([1]), shape: [1, 1] },
    ]);
    model.trainOnBatch([[3, 4]], [[11.5]]);
    const [a, b] = model.getWeights().map(({ data }) => [...data]);
    return { moves: [[0 - a[0], 3 - a[1]], [1 - b[0]]], norm: model.gradientNorm };
  };
  const each = clipped({ clipNorm: 1 });
  expect(each.moves.map((move) => move.map((value) => Number(value.toFixed(4))))).toEqual([[0.6, 0.8], [1]]);
  const all = clipped({ globalClipNorm: 1 });
  expect(all.moves.map((move) => move.map((value) => Number(value.toFixed(4))))).toEqual([[0.2308, 0.3077], [0.9231]]);
  expect(all.norm).toBeCloseTo(13, 6);
});

describe('accumulation and averages', () => {
  const rows = (from: number, to: number) =>
    [
      { data: x.data.slice(3 * from, 3 * to), shape: [to - from, 3] },
      { data: y.data.slice(from, to), shape: [to - from, 1] },
    ] as const;
  const weightsOf = (model: ReturnType<typeof create>) => model.getWeights().flatMap(({ data }) => [...data]);

  test('a step of four batches is that of the batch of all', () => {
    const [parts, whole] = [
      create(optimizers.adam({ learningRate: 0.05, gradientAccumulationSteps: 4 })),
      create(optimizers.adam({ learningRate: 0.05 })),
    ];
    parts.setWeights(whole.getWeights());
    for (let step = 0; step < 5; step++) {
      const before = weightsOf(parts);
      for (const from of [0, 4, 8]) parts.trainOnBatch(...rows(from, from + 4));
      expect(weightsOf(parts)).toEqual(before);
      parts.trainOnBatch(...rows(12, 16));
      whole.trainOnBatch(x, y);
      weightsOf(parts).forEach((value, i) => {
        expect(value).toBeCloseTo(weightsOf(whole)[i], 4);
      });
    }
  });

  test('what waits goes into a file', () => {
    const model = create(optimizers.sgd({ momentum: 0.5, gradientAccumulationSteps: 3, useEma: true }));
    for (let step = 0; step < 4; step++) model.trainOnBatch(x, y);
    const again = loadModel(model.toSafetensors({ optimizer: true }));
    for (let step = 0; step < 5; step++) expect(again.trainOnBatch(x, y)).toEqual(model.trainOnBatch(x, y));
    expect(weightsOf(again)).toEqual(weightsOf(model));
  });

  test('fit ends with the moving average of the weights; they become it on the way too, where that is wanted', async () => {
    const options = { learningRate: 0.1, useEma: true, emaMomentum: 0.5 } as const;
    const [averaged, plain] = [create(optimizers.sgd(options)), create(optimizers.sgd({ learningRate: 0.1 }))];
    averaged.setWeights(plain.getWeights());
    let expected: number[] = [];
    for (let step = 0; step < 6; step++) {
      plain.trainOnBatch(x, y);
      expected = weightsOf(plain).map((value, i) => (step === 0 ? value : 0.5 * expected[i] + 0.5 * value));
    }
    await averaged.fit(x, y, { epochs: 6, batchSize: 16, verbose: 0 });
    weightsOf(averaged).forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i], 5);
    });
    const often = create(optimizers.sgd({ ...options, emaOverwriteFrequency: 1 }));
    often.setWeights(plain.getWeights());
    let w = weightsOf(often);
    let average: number[] = [];
    for (let step = 0; step < 3; step++) {
      const g = gradientAt(w);
      const next = w.map((value, i) => value - 0.1 * g[i]);
      average = next.map((value, i) => (step === 0 ? value : 0.5 * average[i] + 0.5 * value));
      w = average;
      often.trainOnBatch(x, y);
      weightsOf(often).forEach((value, i) => {
        expect(value).toBeCloseTo(w[i], 5);
      });
    }
  });
});
