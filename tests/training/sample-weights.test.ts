/** Weights of samples, steps, classes and outputs: what they change in losses, gradients and metrics, and how they may be given. */
import { describe, expect, test } from 'vitest';
import {
  functional,
  input,
  layers,
  optimizers,
  sequential,
  type CompileArguments,
  type TrainableModel,
  type WeightOptions,
} from '../../src/index.js';
import { createRandom } from '../random.js';

const random = createRandom(5);
const draw = (...shape: number[]) => ({ data: random.normals(shape.reduce((a, b) => a * b)), shape });

/** How the weights move in one step. */
function step(model: TrainableModel, ...args: Parameters<TrainableModel['trainOnBatch']>) {
  const before = model.getWeights().map(({ data }) => data);
  const logs = model.trainOnBatch(...args);
  const moves = model.getWeights().flatMap(({ data }, i) => Array.from(data, (weight, at) => before[i][at] - weight));
  return { logs, moves };
}

const gradientStep = optimizers.sgd({ learningRate: 1 });

const expectClose = (ours: readonly number[], theirs: readonly number[]) => {
  expect(ours.length).toBe(theirs.length);
  ours.forEach((value, i) => expect(value).toBeCloseTo(theirs[i], 5));
};

describe('sample weights', () => {
  const create = () => {
    const model = sequential({ layers: [layers.dense({ units: 2, inputShape: [null, 3] })] });
    model.compile({ optimizer: gradientStep, loss: 'mse', metrics: ['mse'], weightedMetrics: ['mae'] });
    return model;
  };
  const [x, y] = [draw(4, 5, 3), draw(4, 5, 2)];

  test('of 1 change no bit', () => {
    const plain = step(create(), x, y);
    expect(step(create(), x, y, { sampleWeight: [1, 1, 1, 1] })).toEqual(plain);
    const bySteps = { data: new Float32Array(20).fill(1), shape: [4, 5] };
    expect(step(create(), x, y, { sampleWeight: bySteps })).toEqual(plain);
    expect(step(create(), x, y, { classWeight: [1, 1] })).toEqual(plain);
  });

  test('multiply losses and gradients, and not what they are divided by; metrics do without them', () => {
    const plain = step(create(), x, y);
    const twice = step(create(), x, y, { sampleWeight: [2, 2, 2, 2] });
    expect(twice.logs.loss).toBe(2 * plain.logs.loss);
    expect(twice.logs.mse).toBe(plain.logs.mse);
    expect(twice.logs.mae).toBe(plain.logs.mae);
    expectClose(
      twice.moves,
      plain.moves.map((move) => 2 * move),
    );
  });

  test('of a sample are those of each of its steps', () => {
    const ofSteps = [0.5, 0, 2, 1].map((weight) => Array.from({ length: 5 }, () => weight));
    const bySample = step(create(), x, y, { sampleWeight: [0.5, 0, 2, 1] });
    expect(step(create(), x, y, { sampleWeight: ofSteps })).toEqual(bySample);
    expect(step(create(), x, y, { sampleWeight: [[0.5], [0], [2], [1]] })).toEqual(bySample);
  });

  test('are the sum of the weights that weighted metrics divide by, over all batches', () => {
    const model = create();
    const whole = model.evaluate(x, y, { sampleWeight: [0.5, 0, 2, 1] });
    const parts = model.evaluate(x, y, { sampleWeight: [0.5, 0, 2, 1], batchSize: 3 });
    expect(parts.mae).toBeCloseTo(whole.mae, 12);
    const single = [0, 2, 3].map((i) => {
      const own = { data: x.data.subarray(15 * i, 15 * i + 15), shape: [1, 5, 3] };
      return model.evaluate(own, { data: y.data.subarray(10 * i, 10 * i + 10), shape: [1, 5, 2] }).mae;
    });
    expect(whole.mae).toBeCloseTo((0.5 * single[0] + 2 * single[1] + single[2]) / 3.5, 6);
  });
});

describe('class weights', () => {
  const dense = (units: number) => {
    const model = sequential({ layers: [layers.dense({ units, activation: 'softmax', inputShape: [3] })] });
    return model;
  };
  const x = draw(5, 3);
  const classes = [0, 2, 1, 1, 0];
  const oneHot = classes.map((chosen) => [0, 1, 2].map((i) => Number(i === chosen)));
  const sampleWeight = [2, 0.5, 1, 1, 2];

  test.each([
    ['an object', { 0: 2, 2: 0.5 }],
    ['an array', [2, 1, 0.5]],
  ])('as %s are weights of the samples of a class', (_, classWeight) => {
    const loss = (kind: 'categoricalCrossentropy' | 'sparseCategoricalCrossentropy', options: WeightOptions) => {
      const model = dense(3);
      model.compile({ optimizer: gradientStep, loss: kind });
      return step(model, x, kind === 'categoricalCrossentropy' ? oneHot : classes, options);
    };
    for (const kind of ['categoricalCrossentropy', 'sparseCategoricalCrossentropy'] as const) {
      expect(loss(kind, { classWeight })).toEqual(loss(kind, { sampleWeight }));
    }
    const both = loss('categoricalCrossentropy', { classWeight, sampleWeight });
    expect(both).toEqual(loss('categoricalCrossentropy', { sampleWeight: sampleWeight.map((w) => w * w) }));
  });

  test('of yes and no, step by step', () => {
    const create = () => {
      const layer = layers.dense({ units: 1, activation: 'sigmoid', inputShape: [null, 3] });
      const model = sequential({ layers: [layer] });
      model.compile({ optimizer: gradientStep, loss: 'binaryCrossentropy' });
      return model;
    };
    const [sequences, bits] = [
      draw(2, 3, 3),
      [
        [[1], [0], [0]],
        [[0], [1], [1]],
      ],
    ];
    const theirs = step(create(), sequences, bits, {
      sampleWeight: [
        [4, 1, 1],
        [1, 4, 4],
      ],
    });
    expect(step(create(), sequences, bits, { classWeight: { 1: 4 } })).toEqual(theirs);
  });
});

describe('several outputs', () => {
  const create = (options: Partial<CompileArguments> = {}) => {
    const x = input({ shape: [null, 3] });
    const a = layers.dense({ units: 2, name: 'a' }).apply(x);
    const b = layers.dense({ units: 1, name: 'b' }).apply(layers.lstm({ units: 2 }).apply(x));
    const model = functional({ inputs: x, outputs: [a, b] });
    model.compile({ optimizer: gradientStep, loss: 'mse', ...options });
    return model;
  };
  const [x, a, b] = [draw(4, 5, 3), draw(4, 5, 2), draw(4, 1)];

  test('count as much as lossWeights say; their own losses are without', () => {
    const plain = step(create(), x, [a, b]);
    const forms: CompileArguments['lossWeights'][] = [[0.25, 3], { a: 0.25, b: 3 }];
    for (const lossWeights of forms) {
      const { logs, moves } = step(create({ lossWeights }), x, [a, b]);
      expect(logs.aLoss).toBe(plain.logs.aLoss);
      expect(logs.bLoss).toBe(plain.logs.bLoss);
      expect(logs.loss).toBeCloseTo(0.25 * logs.aLoss + 3 * logs.bLoss, 12);
      // The kernel and bias of a come first or last, as the order of layers has it: they move a quarter as far.
      expect(new Set(moves.map((move, i) => Number((move / plain.moves[i]).toFixed(3))))).toEqual(new Set([0.25, 3]));
    }
    const { logs } = step(create({ lossWeights: { a: 0 } }), x, [a, b]);
    expect(logs.loss).toBe(logs.bLoss);
  });

  test('have weights of their own, or all the same', () => {
    const w = [1, 0.5, 0, 2];
    const forms: WeightOptions['sampleWeight'][] = [
      w,
      Float32Array.from(w),
      [w, w],
      { a: w, b: w },
      { data: w, shape: [4] },
    ];
    const [first, ...others] = forms.map((sampleWeight) => step(create(), x, [a, b], { sampleWeight }));
    for (const other of others) expect(other).toEqual(first);
    const onlyB = step(create(), x, [a, b], { sampleWeight: [null, w] });
    expect(step(create(), x, [a, b], { sampleWeight: { b: w } })).toEqual(onlyB);
    expect(onlyB.logs.aLoss).toBe(step(create(), x, [a, b]).logs.aLoss);
    expect(onlyB.logs.bLoss).toBe(first.logs.bLoss);
  });

  test('have metrics of their own', () => {
    const model = create({ metrics: { a: ['mae', 'rmse'], b: 'mape' }, weightedMetrics: { b: ['mse'] } });
    const names = ['loss', 'aLoss', 'aMae', 'aRmse', 'bLoss', 'bMape', 'bMse'];
    expect(Object.keys(model.evaluate(x, [a, b]))).toEqual(names);
  });

  test('refuse weights that fit none', () => {
    const model = create();
    const train = (options: object) => () => model.trainOnBatch(x, [a, b], options);
    const where = 'functional: trainOnBatch:';
    expect(train({ sampleWeight: { c: [1, 1, 1, 1] } })).toThrow(
      `${where} sampleWeight: expected output names (a, b), got 'c'`,
    );
    expect(train({ sampleWeight: [[1, 1, 1, 1]] })).toThrow(`${where} sampleWeight: expected 2 tensors (a, b), got 1`);
    expect(train({ sampleWeight: { b: draw(4, 5) } })).toThrow('sampleWeight of "b": expected shape [4], got [4, 5]');
    expect(train({ sampleWeight: { a: draw(4, 4) } })).toThrow('expected shape [4] or [4, 5], got [4, 4]');
    expect(train({ sampleWeight: [1, 1, NaN, 1] })).toThrow('sampleWeight of "a": expected finite numbers, got NaN');
    expect(train({ classWeight: [1, 2] })).toThrow('classWeight: expected an object by output name (a, b)');
    for (const name of ['x', '', ' 1', '1.5']) {
      expect(train({ classWeight: { a: { [name]: 1 } } })).toThrow(
        `classWeight: expected class numbers, got '${name}'`,
      );
    }
  });
});
