/** Losses and metrics with options against the float64 reference: the value, and the gradient by a step of plain SGD. */
import { describe, expect, test } from 'vitest';
import { functional, input, layers, losses, optimizers, sequential, type LossOption } from '../../src/index.js';
import { createRandom } from '../random.js';
import { relativeError } from '../reference/central-differences.js';
import {
  binaryCrossentropy,
  categoricalCrossentropy,
  sparseCategoricalCrossentropy,
} from '../reference/cross-entropy.js';
import type { Loss } from '../reference/loss-reduction.js';
import { sizeOf, tensor, toTensor, type Mask, type Tensor } from '../reference/tensor.js';

const random = createRandom(31);
const draw = (...shape: number[]): Tensor => tensor(shape, random.normals(sizeOf(shape), 0.7));
const between = (from: number, to: number, ...shape: number[]): Tensor =>
  tensor(shape, random.uniforms(sizeOf(shape), from, to));
const drawClasses = (count: number, ...shape: number[]): Tensor =>
  tensor(
    shape,
    Array.from({ length: sizeOf(shape) }, () => random.integer(0, count - 1)),
  );

const oneHot = (classes: Tensor, count: number): Tensor =>
  tensor(
    [...classes.shape, count],
    Array.from(classes.data).flatMap((one) => Array.from({ length: count }, (_, i) => Number(i === one))),
  );

const mask: Mask = ['1110', '0101', '0000'].map((row) => Array.from(row, (step) => step === '1'));

/**
 * A step of a Dense layer whose kernel is the identity: it predicts its input x, and moves the kernel by xᵀ times the
 * gradient of the loss.
 */
function stepOf(loss: LossOption, x: Tensor, target: Tensor, given?: Mask) {
  const features = x.shape[x.shape.length - 1];
  const sequence = x.shape.length === 3;
  const inputs = [input({ shape: sequence ? [null, features] : [features] })];
  const masks = given === undefined ? [] : [input({ shape: [null], dtype: 'bool' })];
  const dense = layers.dense({ units: features, useBias: false });
  const outputs = dense.apply(inputs[0], given === undefined ? {} : { mask: masks[0] });
  const model = functional({ inputs: [...inputs, ...masks], outputs });
  const identity = tensor(
    [features, features],
    Array.from({ length: features ** 2 }, (_, i) => Number(i % (features + 1) === 0)),
  );
  model.setWeights([identity]);
  model.compile({ optimizer: optimizers.sgd({ learningRate: 1 }), loss, metrics: [loss] });
  const all = [x, ...(given === undefined ? [] : [tensor([3, 4], given.flat().map(Number))])];
  const logs = model.trainOnBatch(all, target);
  const [after] = model.getWeights().map(toTensor);
  return {
    logs,
    moved: tensor(
      identity.shape,
      identity.data.map((w, i) => w - after.data[i]),
    ),
  };
}

function expectSame(loss: LossOption, x: Tensor, target: Tensor, theirs: Loss, given?: Mask): void {
  const { logs, moved } = stepOf(loss, x, target, given);
  expect(Math.abs(logs.loss - theirs.value)).toBeLessThan(1e-5 * theirs.value + 1e-7);
  const kind = Object.keys(logs).find((name) => name !== 'loss') ?? '';
  expect(logs[kind]).toBe(logs.loss);
  const features = x.shape[x.shape.length - 1];
  const expected = tensor([features, features], new Float64Array(features ** 2));
  for (let row = 0; row < x.data.length / features; row++) {
    for (let i = 0; i < features; i++) {
      for (let j = 0; j < features; j++) {
        expected.data[i * features + j] += x.data[row * features + i] * theirs.gradient.data[row * features + j];
      }
    }
  }
  expect(relativeError([moved], [expected], 1e-2)).toBeLessThan(1e-4);
}

const shapes: [string, number[], Mask | undefined][] = [
  ['of vectors', [5, 4], undefined],
  ['of sequences', [3, 4, 5], undefined],
  ['of masked sequences', [3, 4, 5], mask],
];

describe.each(shapes)('cross-entropies %s', (_, shape, given) => {
  const classes = shape[shape.length - 1];
  const leading = shape.slice(0, -1);

  test.each([{}, { fromLogits: true }, { labelSmoothing: 0.2 }, { fromLogits: true, labelSmoothing: 0.2 }])(
    'categorical, %o',
    (options) => {
      const x = options.fromLogits === true ? draw(...shape) : between(0.1, 1, ...shape);
      const target = oneHot(drawClasses(classes, ...leading), classes);
      const theirs = categoricalCrossentropy(options, x, target, { mask: given });
      expectSame(losses.categoricalCrossentropy(options), x, target, theirs, given);
      if (Object.keys(options).length > 0) return;
      for (const name of ['categoricalCrossentropy', 'categorical_crossentropy'] as const) {
        expectSame(name, x, target, theirs, given);
      }
    },
  );

  test.each([{}, { fromLogits: true }, { ignoreClass: 2 }, { ignoreClass: -1, fromLogits: true }])(
    'sparse, %o',
    (options) => {
      const x = options.fromLogits === true ? draw(...shape) : between(0.1, 1, ...shape);
      const target = drawClasses(classes, ...leading);
      if (options.ignoreClass === -1) target.data[1] = -1;
      const theirs = sparseCategoricalCrossentropy(options, x, target, { mask: given });
      const loss = losses.sparseCategoricalCrossentropy(options);
      expectSame(loss, x, target, theirs, given);
      expectSame(loss, x, tensor([...leading, 1], target.data), theirs, given);
      if (Object.keys(options).length > 0) return;
      for (const name of ['sparseCategoricalCrossentropy', 'sparse_categorical_crossentropy'] as const) {
        expectSame(name, x, target, theirs, given);
      }
    },
  );

  test.each([{}, { fromLogits: true }, { labelSmoothing: 0.2 }, { fromLogits: true, labelSmoothing: 0.2 }])(
    'binary, %o',
    (options) => {
      const x = options.fromLogits === true ? draw(...shape) : between(0.1, 0.9, ...shape);
      const target = drawClasses(2, ...shape);
      const theirs = binaryCrossentropy(options, x, target, { mask: given });
      expectSame(losses.binaryCrossentropy(options), x, target, theirs, given);
      if (Object.keys(options).length > 0) return;
      for (const name of ['binaryCrossentropy', 'binary_crossentropy'] as const) {
        expectSame(name, x, target, theirs, given);
      }
    },
  );
});

test('of one class, and of one value, a sequence has as many rows as steps', () => {
  const x = between(0.2, 0.8, 2, 3, 1);
  const target = drawClasses(2, 2, 3, 1);
  expectSame('binary_crossentropy', x, target, binaryCrossentropy({}, x, target));
});

describe('accuracy', () => {
  const identity = (features: number, sequence = false) =>
    sequential({
      layers: [layers.activation({ activation: 'linear', inputShape: sequence ? [null, features] : [features] })],
    });

  test('is that of classes where the output has several values', () => {
    const model = identity(3);
    model.compile({ optimizer: 'sgd', loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
    const x = [
      [0.1, 0.7, 0.2],
      [0.5, 0.3, 0.2],
      [0.1, 0.1, 0.8],
      [0.4, 0.4, 0.2],
    ];
    const y = [
      [0, 1, 0],
      [0, 1, 0],
      [0, 0, 1],
      [1, 0, 0],
    ];
    expect(model.evaluate(x, y, { batchSize: 3 }).accuracy).toBe(3 / 4);
  });

  test('is that of class numbers with a sparse loss, by step', () => {
    const model = identity(2, true);
    model.compile({ optimizer: 'sgd', loss: 'sparse_categorical_crossentropy', metrics: ['acc'] });
    const x = [
      [
        [0.1, 0.9],
        [0.8, 0.2],
      ],
      [
        [0.3, 0.7],
        [0.6, 0.4],
      ],
    ];
    expect(
      model.evaluate(x, [
        [1, 1],
        [1, 0],
      ]).acc,
    ).toBe(3 / 4);
  });

  test('is that of yes and no where the output has one value', () => {
    const model = identity(1);
    model.compile({ optimizer: 'sgd', loss: 'binary_crossentropy', metrics: ['accuracy'] });
    expect(model.evaluate([[0.5], [0.51], [0.2], [0.9]], [[0], [1], [1], [0]]).accuracy).toBe(1 / 2);
  });
});

describe('a mistake is told', () => {
  const model = () => sequential({ layers: [layers.dense({ units: 3, inputShape: [2] })] });
  const x = [
    [1, 2],
    [3, 4],
  ];

  test.each([
    [
      losses.binaryCrossentropy({ labelSmoothing: 2 }),
      'binaryCrossentropy: labelSmoothing: expected a number in [0, 1], got 2',
    ],
    [
      losses.categoricalCrossentropy({ logits: true } as never),
      'unknown option "logits"; known: kind, fromLogits, labelSmoothing',
    ],
    [losses.sparseCategoricalCrossentropy({ ignoreClass: 0.5 }), 'ignoreClass: expected an integer, got 0.5'],
    [{ kind: 'hinges' } as never, 'expected output names (dense), got'],
  ])('in the options of a loss', (loss, message) => {
    expect(() => model().compile({ optimizer: 'sgd', loss })).toThrow(message);
  });

  test('in class numbers', () => {
    const sparse = model();
    sparse.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' });
    expect(() => sparse.trainOnBatch(x, [0, 3])).toThrow(
      'sequential: trainOnBatch: targets of "dense": expected class numbers from 0 to 2, got 3',
    );
    expect(() => sparse.trainOnBatch(x, [0, 0.5])).toThrow('expected class numbers from 0 to 2, got 0.5');
    expect(() => sparse.trainOnBatch(x, [0, -1])).toThrow('expected class numbers from 0 to 2, got -1');
    expect(() =>
      sparse.trainOnBatch(x, [
        [1, 0, 0],
        [0, 1, 0],
      ]),
    ).toThrow('expected shape [batch, 1], got [2, 3]');
  });

  test('in metrics that want other targets than the loss', () => {
    expect(() =>
      model().compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy', 'mse'] }),
    ).toThrow('metrics of "dense": expected metrics of class numbers, as its loss takes, got mse');
  });
});
