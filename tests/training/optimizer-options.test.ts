/** What every optimizer can do beside its rule: clipping, several batches to a step, averaged weights, being saved. */
import { describe, expect, test } from 'vitest';
import {
  functional,
  input,
  layers,
  loadModel,
  losses,
  optimizers,
  schedules,
  sequential,
  type CompileArguments,
  type Optimizer,
  type TrainableModel,
} from '../../src/index.js';
import { createRandom } from '../random.js';
import { GivenGradients, type Weights } from './given-gradients.js';

const random = createRandom(43);
const draw = (...shape: number[]) => ({ data: random.normals(shape.reduce((a, b) => a * b, 1)), shape });
const valuesOf = (model: TrainableModel): number[][] => model.getWeights().map(({ data }) => Array.from(data));
const bytesOf = (model: TrainableModel): Uint8Array => model.toSafetensors({ optimizer: true });

describe('gradients (3, 4) and (12), limit 1', () => {
  const sum = losses.custom({ name: 'sum', build: (yTrue, yPred) => layers.multiply().apply([yTrue, yPred]) });

  /** Two weights of 0; their gradients are the inputs. A step of SGD with rate 1 leaves them minus what clipping gave. */
  function clipped(options: object, logGradientNorm = false) {
    const [a, b] = [input({ shape: [2] }), input({ shape: [1] })];
    const outputs = [a, b].map((x) => layers.dense({ units: 1, useBias: false }).apply(x));
    const model = functional({ inputs: [a, b], outputs });
    model.setWeights([[[0], [0]], [[0]]]);
    model.compile({ optimizer: optimizers.sgd({ learningRate: 1, ...options }), loss: sum, logGradientNorm });
    const logs = model.trainOnBatch([[[3, 4]], [[12]]], [[[1]], [[1]]]);
    return { gradients: valuesOf(model).map((values) => values.map((value) => -value)), model, logs };
  }
  const expectGradients = (options: object, expected: number[][]): void => {
    const { gradients, model } = clipped(options);
    gradients.flat().forEach((value, i) => expect(value).toBeCloseTo(expected.flat()[i], 6));
    expect(model.optimizer.gradientNorm).toBe(13);
  };

  test('each: (0.6, 0.8) and (1)', () => {
    expectGradients({ clipNorm: 1 }, [[0.6, 0.8], [1]]);
  });
  test('all together: (0.2308, 0.3077) and (0.9231), from a norm of 13', () => {
    expectGradients({ globalClipNorm: 1 }, [[3 / 13, 4 / 13], [12 / 13]]);
  });
  test('by value, and not at all where limits are not reached', () => {
    expectGradients({ clipValue: 3.5 }, [[3, 3.5], [3.5]]);
    expectGradients({ clipNorm: 12 }, [[3, 4], [12]]);
    expectGradients({ globalClipNorm: 13 }, [[3, 4], [12]]);
    expectGradients({}, [[3, 4], [12]]);
  });

  test('the norm before clipping is in the logs if asked for: of a batch, and the mean over those of an epoch', async () => {
    expect(clipped({ globalClipNorm: 1 }).logs).not.toHaveProperty('gradientNorm');
    const { model, logs } = clipped({ globalClipNorm: 1 }, true);
    expect(logs.gradientNorm).toBe(13);
    const x = [
      [
        [3, 4],
        [0, 0],
      ],
      [[12], [5]],
    ];
    const y = [
      [[1], [1]],
      [[1], [1]],
    ];
    const { history } = await model.fit(x, y, { batchSize: 1, verbose: 0, validationData: [x, y] });
    expect(history.gradientNorm).toEqual([9]);
    expect(history).not.toHaveProperty('valGradientNorm');
    expect(model.evaluate(x, y)).not.toHaveProperty('gradientNorm');
  });

  test('before the first step it is NaN', () => {
    const { model } = clipped({});
    model.compile({ optimizer: 'sgd', loss: sum });
    expect(model.optimizer).toEqual({ iterations: 0, learningRate: 0.01, gradientNorm: NaN });
  });
});

const create = (options: Omit<CompileArguments, 'loss'>): TrainableModel => {
  const model = sequential({
    layers: [
      layers.embedding({ inputDim: 5, outputDim: 3, inputShape: [4] }),
      layers.lstm({ units: 3 }),
      layers.dense({ units: 2, kernelConstraint: 'maxNorm', kernelRegularizer: 'l2' }),
    ],
  });
  model.compile({ ...options, loss: 'mse' });
  return model;
};
const tokens = (rows: number) => ({
  data: Array.from({ length: rows * 4 }, () => Math.floor(random.uniform() * 5)),
  shape: [rows, 4],
});

describe('gradients of several batches', () => {
  test('make the step of one batch of them all, to rounding', () => {
    const few = create({
      optimizer: optimizers.adamw({ learningRate: 0.01, gradientAccumulationSteps: 3, globalClipNorm: 0.1 }),
    });
    const one = create({ optimizer: optimizers.adamw({ learningRate: 0.01, globalClipNorm: 0.1 }) });
    for (let step = 0; step < 5; step++) {
      const [x, y] = [tokens(12), draw(12, 2)];
      one.trainOnBatch(x, y);
      for (let part = 0; part < 3; part++) {
        const before = valuesOf(few);
        few.trainOnBatch(
          { data: x.data.slice(part * 16, part * 16 + 16), shape: [4, 4] },
          { data: y.data.slice(part * 8, part * 8 + 8), shape: [4, 2] },
        );
        if (part < 2) expect(valuesOf(few)).toEqual(before);
      }
      expect(few.optimizer.iterations).toBe(step + 1);
      expect(few.optimizer.gradientNorm).toBeCloseTo(one.optimizer.gradientNorm, 5);
      valuesOf(few)
        .flat()
        .forEach((value, i) => expect(value).toBeCloseTo(valuesOf(one).flat()[i], 5));
    }
  });

  test('a bad batch among them is left out, and the others stay', () => {
    const optimizer = optimizers.sgd({ gradientAccumulationSteps: 2, momentum: 0.5 });
    const [model, quiet] = [create({ optimizer }), create({ optimizer })];
    for (let step = 0; step < 4; step++) {
      const [x, y] = [tokens(2), draw(2, 2)];
      expect(() => model.trainOnBatch(x, { data: [NaN, 1, 1, 1], shape: [2, 2] })).toThrow('the loss is NaN');
      for (const one of [model, quiet]) one.trainOnBatch(x, y);
    }
    expect(bytesOf(model)).toEqual(bytesOf(quiet));
  });

  test('those of an epoch’s end go on in the next', async () => {
    const optimizer = optimizers.sgd({ gradientAccumulationSteps: 2 });
    const model = create({ optimizer });
    await model.fit(tokens(3), draw(3, 2), { batchSize: 1, epochs: 3, verbose: 0 });
    expect(model.optimizer.iterations).toBe(4);
  });
});

describe('averaged weights', () => {
  const start: Weights = { kernel: [1, -2], bias: [0.5] };
  const gradients = Array.from({ length: 7 }, (): Weights => ({ kernel: Array.from(random.normals(2)), bias: [1] }));
  const flat = ({ kernel, bias }: Weights): number[] => [...kernel, ...bias];

  test('are Σ (1 − μ) μ^(t − i) w_i, from the first step’s weights', () => {
    const optimizer = optimizers.sgd({ learningRate: 0.5, useEma: true, emaMomentum: 0.75 });
    const given = new GivenGradients(start, { optimizer });
    const seen = gradients.map((g) => {
      given.step(g);
      return flat(given.weights);
    });
    const last = seen.length - 1;
    const expected = seen[0].map((_, k) =>
      seen.reduce((sum, w, i) => sum + (i === 0 ? 1 : 0.25) * 0.75 ** (last - i) * w[k], 0),
    );
    given.model.swapAveragedWeights();
    flat(given.weights).forEach((value, k) => expect(value).toBeCloseTo(expected[k], 5));
    expect(() => given.step(gradients[0])).toThrow(
      'the averaged weights are in place: call swapAveragedWeights() again',
    );
    expect(() => bytesOf(given.model)).toThrow('call swapAveragedWeights() again before it is saved');
    given.model.swapAveragedWeights();
    expect(flat(given.weights)).toEqual(seen[last]);
    given.step(gradients[0]);
    given.model.swapAveragedWeights();
    given.model.finalizeWeights();
    const averaged = flat(given.weights);
    given.model.finalizeWeights();
    expect(flat(given.weights)).toEqual(averaged);
    given.step(gradients[0]);
  });

  test('replace the weights every so many steps', () => {
    const options = { learningRate: 0.5, useEma: true, emaMomentum: 0.5 };
    const given = new GivenGradients(start, { optimizer: optimizers.sgd({ ...options, emaOverwriteFrequency: 2 }) });
    let [w, average] = [1, 0];
    gradients.forEach((g, i) => {
      given.step(g);
      w -= 0.5 * g.kernel[0];
      average = i === 0 ? w : 0.5 * average + 0.5 * w;
      if (i % 2 === 1) w = average;
      expect(given.weights.kernel[0]).toBeCloseTo(w, 5);
    });
  });

  test('of gathered batches go by steps', () => {
    const options = { learningRate: 0.5, useEma: true, emaMomentum: 0.5 };
    const [one, three] = [1, 3].map((gradientAccumulationSteps) => {
      const given = new GivenGradients(start, { optimizer: optimizers.sgd({ ...options, gradientAccumulationSteps }) });
      for (const g of gradients) for (let i = 0; i < gradientAccumulationSteps; i++) given.step(g);
      given.model.swapAveragedWeights();
      return flat(given.weights);
    });
    three.forEach((value, i) => expect(value).toBeCloseTo(one[i], 5));
  });

  test('are what fit ends with, and what callbacks can look at', async () => {
    const optimizer = optimizers.adam({ learningRate: 0.1, useEma: true, emaMomentum: 0.9 });
    const [model, other] = [create({ optimizer }), create({ optimizer })];
    const [x, y] = [tokens(8), draw(8, 2)];
    const options = { batchSize: 2, epochs: 2, verbose: 0 } as const;
    const seen: number[] = [];
    await model.fit(x, y, options);
    await other.fit(x, y, {
      ...options,
      callbacks: [
        {
          onEpochEnd: () => {
            other.swapAveragedWeights();
            seen.push(other.evaluate(x, y).loss);
            other.swapAveragedWeights();
          },
        },
      ],
    });
    expect(valuesOf(other)).toEqual(valuesOf(model));
    expect(seen).toHaveLength(2);
    expect(model.evaluate(x, y).loss).toBe(seen[1]);
  });

  test('that are not kept, or not yet, cannot be put in place', () => {
    const without = create({ optimizer: 'sgd' });
    expect(() => {
      without.swapAveragedWeights();
    }).toThrow('sequential: swapAveragedWeights: the optimizer keeps no averages; compile it with useEma: true');
    const before = valuesOf(without);
    without.finalizeWeights();
    expect(valuesOf(without)).toEqual(before);
    const fresh = create({ optimizer: optimizers.sgd({ useEma: true }) });
    expect(() => {
      fresh.swapAveragedWeights();
    }).toThrow('there are no averages before the first step');
  });
});

describe('saved and loaded, it goes on with the same bits', () => {
  const decay = schedules.cosineDecay({ initialLearningRate: 0.05, decaySteps: 20 });
  const all: Optimizer[] = [
    ...Object.values(optimizers).map((make) => make()),
    optimizers.sgd({ momentum: 0.9, nesterov: true, globalClipNorm: 0.1 }),
    optimizers.adam({ amsgrad: true, epsilonHat: true, learningRate: decay }),
    optimizers.rmsprop({ centered: true }),
    optimizers.rmsprop({ momentum: 0.5 }),
    optimizers.rmsprop({ centered: true, momentum: 0.5, weightDecay: 0.1, excludeFromWeightDecay: ['bias'] }),
    optimizers.nadam({ gradientAccumulationSteps: 3 }),
    optimizers.lion({ useEma: true, emaMomentum: 0.7, emaOverwriteFrequency: 2 }),
    optimizers.adadelta({ useEma: true, gradientAccumulationSteps: 2, learningRate: 1, clipNorm: 0.1 }),
  ];

  test.each(all)('%j', (optimizer) => {
    const batches = Array.from({ length: 10 }, () => [tokens(4), draw(4, 2)] as const);
    const whole = create({ optimizer });
    for (const [x, y] of batches) whole.trainOnBatch(x, y);
    for (const stop of [0, 1, 4, 5]) {
      const first = create({ optimizer });
      for (const [x, y] of batches.slice(0, stop)) first.trainOnBatch(x, y);
      const second = loadModel(bytesOf(first));
      expect(second.learningRate).toBe(first.learningRate);
      expect(second.optimizer.iterations).toBe(first.optimizer.iterations);
      for (const [x, y] of batches.slice(stop)) second.trainOnBatch(x, y);
      expect(bytesOf(second), `stopped after ${stop}`).toEqual(bytesOf(whole));
    }
  });

  test('also a learning rate that was set', () => {
    const model = create({ optimizer: 'sgd' });
    model.learningRate = 0.125;
    expect(loadModel(bytesOf(model)).learningRate).toBe(0.125);
  });
});
