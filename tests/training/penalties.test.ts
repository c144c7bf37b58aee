/** Regularisers and constraints against the float64 reference: what they add to the loss, and where they move the weights. */
import { describe, expect, test } from 'vitest';
import { constraints, functional, input, layers, optimizers, regularizers, sequential } from '../../src/index.js';
import type { ConstraintOption, RegularizerOption, TrainableModel } from '../../src/index.js';
import { createRandom } from '../random.js';
import { relativeError } from '../reference/central-differences.js';
import { chain, type Link } from '../reference/chain.js';
import { maxNorm, nonNeg, unitNorm } from '../reference/constraints.js';
import { dense } from '../reference/dense.js';
import { gru } from '../reference/gru.js';
import { loss } from '../reference/losses.js';
import { lstm } from '../reference/lstm.js';
import { activityPenalty, weightPenalty, type PenaltyConfig } from '../reference/penalties.js';
import { add, sizeOf, tensor, toTensor, type Tensor, type Tensors } from '../reference/tensor.js';

const random = createRandom(51);
const draw = (...shape: number[]): Tensor => tensor(shape, random.normals(sizeOf(shape), 0.7));
const gradientStep = optimizers.sgd({ learningRate: 1 });

function drawWeights(model: TrainableModel): Tensors {
  const weights = model.getWeights().map(({ shape }) => draw(...shape));
  model.setWeights(weights);
  return weights;
}

const minus = (a: Tensors, b: Tensors): Tensors =>
  a.map((one, i) =>
    tensor(
      one.shape,
      one.data.map((value, at) => value - b[i].data[at]),
    ),
  );

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

const options: [RegularizerOption, PenaltyConfig][] = [
  ['l1', { l1: 0.01 }],
  ['l2', { l2: 0.01 }],
  ['l1l2', {}],
  [regularizers.l1({ l1: 0.2 }), { l1: 0.2 }],
  [regularizers.l2({ l2: 0.3 }), { l2: 0.3 }],
  [regularizers.l1l2({ l1: 0.1, l2: 0.05 }), { l1: 0.1, l2: 0.05 }],
];

test.each(options)('penalties of weights count in the loss and move the weights: %o', (regularizer, config) => {
  const model = sequential({
    layers: [
      layers.gru({
        units: 5,
        inputShape: [null, 3],
        kernelRegularizer: regularizer,
        recurrentRegularizer: regularizer,
        biasRegularizer: regularizer,
      }),
      layers.dense({ units: 2, kernelRegularizer: regularizer }),
    ],
  });
  const weights = drawWeights(model);
  model.compile({ optimizer: gradientStep, loss: 'mse', metrics: ['mse'] });
  const [x, target] = [draw(4, 6, 3), draw(4, 2)];
  const links: Link[] = [
    { weights: 3, forward: (own, given) => gru({ units: 5 }, own, [given]) },
    { weights: 2, forward: (own, given) => dense({ units: 2 }, own, [given]) },
  ];
  const pass = chain(links, weights, x);
  const { value, gradient } = loss('meanSquaredError', pass.outputs[0], target);
  const penalties = weights.slice(0, 4).map((weight) => weightPenalty(config, weight));
  const gradients = pass.backward([gradient]).weights.map((g, i) => (i < 4 ? add(g, penalties[i].gradient) : g));

  const evaluated = model.evaluate(x, target, { batchSize: 3 });
  const logs = model.trainOnBatch(x, target);
  const total = value + sum(penalties.map((one) => one.value));
  expect(logs.loss / total).toBeCloseTo(1, 5);
  expect(evaluated.loss / total).toBeCloseTo(1, 5);
  expect(logs.mse / value).toBeCloseTo(1, 5);
  const moved = minus(weights, model.getWeights().map(toTensor));
  expect(relativeError(moved, gradients, 1e-2)).toBeLessThan(1e-4);
});

test.each(options)('penalties of outputs are those of a sample: %o', (activityRegularizer, config) => {
  const model = sequential({
    layers: [
      layers.lstm({ units: 5, returnSequences: true, inputShape: [null, 3], activityRegularizer }),
      layers.dense({ units: 2, activation: 'tanh', activityRegularizer }),
    ],
  });
  const weights = drawWeights(model);
  model.compile({ optimizer: gradientStep, loss: 'mse' });
  const [x, target] = [draw(4, 6, 3), draw(4, 6, 2)];
  const first = lstm({ units: 5, returnSequences: true }, weights.slice(0, 3), [x]);
  const second = dense({ units: 2, activation: 'tanh' }, weights.slice(3), [first.outputs[0]]);
  const { value, gradient } = loss('meanSquaredError', second.outputs[0], target);
  const penalties = [first.outputs[0], second.outputs[0]].map((output) => activityPenalty(config, output));
  const ofSecond = second.backward([add(gradient, penalties[1].gradient)]);
  const ofFirst = first.backward([add(ofSecond.inputs[0], penalties[0].gradient)]);

  const total = value + sum(penalties.map((one) => one.value));
  expect(model.evaluate(x, target, { batchSize: 2 }).loss / total).toBeCloseTo(1, 5);
  expect(model.trainOnBatch(x, target).loss / total).toBeCloseTo(1, 5);
  const moved = minus(weights, model.getWeights().map(toTensor));
  expect(relativeError(moved, [...ofFirst.weights, ...ofSecond.weights], 1e-2)).toBeLessThan(1e-4);
});

test('an output that nothing reads is penalized too, and so is one on the way to no loss', () => {
  const x = input({ shape: [null, 3] });
  const [, h] = layers.gru({ units: 4, returnState: true, activityRegularizer: 'l2' }).apply(x);
  const outputs = [h, layers.dense({ units: 2, activityRegularizer: 'l1' }).apply(h)];
  const model = functional({ inputs: x, outputs });
  const weights = drawWeights(model);
  model.compile({ optimizer: gradientStep, loss: ['mse', null] });
  const [given, target] = [draw(2, 5, 3), draw(2, 4)];
  const pass = gru({ units: 4 }, weights.slice(0, 3), [given]);
  const [y] = pass.outputs;
  const second = dense({ units: 2 }, weights.slice(3), [y]);
  const expected =
    loss('meanSquaredError', y, target).value +
    2 * activityPenalty({ l2: 0.01 }, y).value +
    activityPenalty({ l1: 0.01 }, second.outputs[0]).value;
  expect(model.trainOnBatch(given, target).loss / expected).toBeCloseTo(1, 5);
});

test('a penalty inside a wrapper is that of the wrapper, and that of the layer on its own', () => {
  const regularizer = { activityRegularizer: 'l2' } as const;
  const dense = (options: object) => layers.dense({ units: 2, ...options });
  const all = [
    dense({ ...regularizer, inputShape: [null, 3] }),
    layers.timeDistributed({ layer: dense(regularizer), inputShape: [null, 3] }),
    layers.timeDistributed({ layer: dense({}), inputShape: [null, 3], ...regularizer }),
  ];
  const [weights, x, y] = [[draw(3, 2), draw(2)], draw(4, 5, 3), draw(4, 5, 2)];
  const [plain, ...wrapped] = all.map((layer) => {
    const model = sequential({ layers: [layer] });
    model.setWeights(weights);
    model.compile({ optimizer: gradientStep, loss: 'mse' });
    return { loss: model.trainOnBatch(x, y).loss, weights: model.getWeights().map(({ data }) => data) };
  });
  for (const one of wrapped) expect(one).toEqual(plain);
});

test('a bad value in what is penalized is named', () => {
  const model = sequential({
    layers: [layers.dense({ units: 2, inputShape: [1], activation: 'exponential', activityRegularizer: 'l2' })],
  });
  model.setWeights([[[1, 1]], [0, 0]]);
  model.compile({ optimizer: 'sgd', loss: 'mae' });
  expect(() => model.trainOnBatch([[1000]], [[0, 0]])).toThrow(
    'the first bad tensor is dense (after activate of dense)',
  );
});

test('fit reports penalties as Keras does: in loss and valLoss, not in metrics', async () => {
  const model = sequential({ layers: [layers.dense({ units: 1, inputShape: [2], kernelRegularizer: 'l2' })] });
  model.setWeights([[[3], [4]], [0]]);
  model.compile({ optimizer: optimizers.sgd({ learningRate: 1e-30 }), loss: 'mse', metrics: ['mse'] });
  const { history } = await model.fit(
    [
      [0, 0],
      [0, 0],
      [0, 0],
    ],
    [[1], [1], [1]],
    {
      batchSize: 2,
      verbose: 0,
      validationData: [[[0, 0]], [[0]]],
    },
  );
  expect(history.loss[0]).toBeCloseTo(1.25, 6);
  expect(history.mse[0]).toBe(1);
  expect(history.valLoss[0]).toBeCloseTo(0.25, 6);
});

describe('constraints hold after each step', () => {
  const cases: [ConstraintOption, (weight: Tensor) => Tensor][] = [
    ['nonNeg', nonNeg],
    [constraints.nonNeg(), nonNeg],
    ['maxNorm', (weight) => maxNorm({}, weight)],
    [constraints.maxNorm({ maxValue: 0.5 }), (weight) => maxNorm({ maxValue: 0.5 }, weight)],
    [constraints.maxNorm({ maxValue: 0.5, axis: -1 }), (weight) => maxNorm({ maxValue: 0.5, axis: -1 }, weight)],
    ['unitNorm', (weight) => unitNorm({}, weight)],
    [constraints.unitNorm({ axis: [0, 1] }), (weight) => unitNorm({ axis: [0, 1] }, weight)],
    [constraints.minMaxNorm({ minValue: 1, maxValue: 1 }), (weight) => unitNorm({}, weight)],
    ['minMaxNorm', (weight) => maxNorm({ maxValue: 1 }, weight)],
    [constraints.minMaxNorm({ minValue: 1, rate: 0.25 }), (weight) => mixed(weight, unitNorm({}, weight), 0.25)],
  ];
  const mixed = (a: Tensor, b: Tensor, rate: number): Tensor =>
    tensor(
      a.shape,
      a.data.map((value, i) => (1 - rate) * value + rate * b.data[i]),
    );

  test.each(cases)('%o', (constraint, constrain) => {
    const model = sequential({
      layers: [
        layers.simpleRNN({
          units: 5,
          inputShape: [null, 3],
          kernelConstraint: constraint,
          recurrentConstraint: constraint,
        }),
      ],
    });
    const weights = drawWeights(model);
    model.compile({ optimizer: optimizers.sgd({ learningRate: 0.1 }), loss: 'mse' });
    const free = sequential({ layers: [layers.simpleRNN({ units: 5, inputShape: [null, 3] })] });
    free.setWeights(weights);
    free.compile({ optimizer: optimizers.sgd({ learningRate: 0.1 }), loss: 'mse' });
    const [x, target] = [draw(4, 6, 3), draw(4, 5)];
    for (const one of [model, free]) one.trainOnBatch(x, target);
    const [kernel, recurrentKernel, bias] = free.getWeights().map(toTensor);
    const expected = [constrain(kernel), constrain(recurrentKernel), bias];
    expect(relativeError(model.getWeights().map(toTensor), expected, 1e-2)).toBeLessThan(1e-5);
    // What runs next runs on them.
    const [y] = model.predictAll(x);
    const after = sequential({ layers: [layers.simpleRNN({ units: 5, inputShape: [null, 3] })] });
    after.setWeights(model.getWeights());
    expect(y.data).toEqual(after.predict(x).data);
  });

  test('on a bias, and on the filters of a convolution', () => {
    const model = sequential({
      layers: [
        layers.conv1d({
          filters: 3,
          kernelSize: 2,
          padding: 'causal',
          inputShape: [null, 5],
          kernelConstraint: constraints.unitNorm({ axis: [0, 1] }),
          biasConstraint: 'unitNorm',
        }),
      ],
    });
    drawWeights(model);
    model.compile({ optimizer: optimizers.sgd({ learningRate: 1e-30 }), loss: 'mse' });
    const before = model.getWeights().map(toTensor);
    model.trainOnBatch(draw(2, 4, 5), draw(2, 4, 3));
    const expected = [unitNorm({ axis: [0, 1] }, before[0]), unitNorm({}, before[1])];
    expect(relativeError(model.getWeights().map(toTensor), expected, 1e-2)).toBeLessThan(1e-5);
  });

  test('axes must be neighbours', () => {
    const kernelConstraint = constraints.maxNorm({ axis: [0, 2] });
    const layer = layers.conv1d({
      filters: 3,
      kernelSize: 2,
      padding: 'causal',
      inputShape: [null, 5],
      kernelConstraint,
    });
    expect(() => sequential({ layers: [layer] })).toThrow(
      'conv1d: kernelConstraint: axis: expected neighbouring axes of a weight of rank 3, got 0, 2',
    );
  });
});

test('what is wrong with the options of a regulariser is told', () => {
  expect(() => regularizers.l1({ l2: 1 } as never)).toThrow('regularizers.l1: unknown option "l2"; known: l1');
  expect(() => regularizers.l1l2({ l2: -1 })).toThrow('regularizers.l1l2: l2: expected a non-negative number, got -1');
});

test('an output that no layer reads is penalized where another of a composite is', () => {
  const x = input({ shape: [3, 2] });
  const options = { layer: layers.gru({ units: 2 }), mergeMode: null, activityRegularizer: 'l2' } as const;
  const directions = layers.bidirectional(options).apply(x);
  const [one, both] = [directions[0], directions].map((outputs) => functional({ inputs: x, outputs }));
  const rows = draw(2, 3, 2);
  const zeros = { shape: [2, 2], data: new Float32Array(4) };
  one.compile({ optimizer: 'sgd', loss: 'mse', lossWeights: 0 });
  both.compile({ optimizer: 'sgd', loss: 'mse', lossWeights: [0, 0] });
  expect(one.evaluate(rows, zeros).loss).toBeGreaterThan(0);
  expect(one.evaluate(rows, zeros).loss).toBe(both.evaluate(rows, [zeros, zeros]).loss);
});

test('rows inside of steps are padded with zeros, whatever ran before', () => {
  const make = (): TrainableModel => {
    const x = input({ shape: [3, 2, 5] });
    const h = layers.activation({ activation: 'linear', activityRegularizer: 'l2' }).apply(x);
    const model = functional({ inputs: x, outputs: layers.dense({ units: 3, activation: 'softmax' }).apply(h) });
    model.compile({ optimizer: 'sgd', loss: 'mse' });
    return model;
  };
  const rows = (count: number, value: number, width = 5) => ({
    data: new Float32Array(count * 6 * width).fill(value),
    shape: [count, 3, 2, width],
  });
  const [fresh, used] = [make(), make()];
  used.evaluate(rows(7, 1), rows(7, 0, 3));
  used.predict(rows(7, 1));
  used.gradients(rows(7, NaN), rows(7, NaN, 3));
  const [given, cotangent] = [rows(2, 0.1), rows(2, 1, 3)];
  expect(used.gradients(given, cotangent).inputs[0].data).toEqual(fresh.gradients(given, cotangent).inputs[0].data);
  expect(used.trainOnBatch(given, rows(2, 0, 3))).toEqual(fresh.trainOnBatch(given, rows(2, 0, 3)));
});
