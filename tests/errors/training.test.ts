/** What goes wrong in training: one clear error each; weights and optimizer stay those of the last good batch. */
import { describe, expect, test } from 'vitest';
import {
  functional,
  input,
  layers,
  NonFiniteLossError,
  optimizers,
  schedules,
  sequential,
  type Optimizer,
} from '../../src/index.js';
import { filled, ones, withValue, zeros, type Plain } from '../numbers.js';

function createModel(loss: 'mse' | 'mae' = 'mse') {
  const model = sequential({ layers: [layers.lstm({ units: 4, inputShape: [null, 3] }), layers.dense({ units: 1 })] });
  model.compile({ optimizer: optimizers.adam({ learningRate: 0.01 }), loss });
  return model;
}
const [x, y] = [ones(4, 5, 3), zeros(4, 1)];
const valuesOf = (model: ReturnType<typeof createModel>) => model.getWeights().map(({ data }) => data);

describe('order', () => {
  test('an uncompiled model does not train, but predicts and has gradients', async () => {
    const model = sequential({ layers: [layers.dense({ units: 1, inputShape: [1] })] });
    for (const name of ['trainOnBatch', 'evaluate'] as const) {
      expect(() => model[name](ones(1, 1), ones(1, 1))).toThrow(
        `sequential: ${name}: call compile({ optimizer, loss }) first`,
      );
    }
    await expect(model.fit(ones(1, 1), ones(1, 1))).rejects.toThrow('sequential: fit: call compile');
    expect(model.gradients(ones(1, 1), ones(1, 1)).inputs[0].shape).toEqual([1, 1]);
  });

  test('while fit runs, what would change weights is refused; fit ends as if nothing had been asked', async () => {
    const [model, quiet] = [createModel(), createModel()];
    const [many, targets] = [ones(64, 20, 3), zeros(64, 1)];
    const first = model.fit(many, targets, { epochs: 40, verbose: 0 });
    await expect(model.fit(x, y)).rejects.toThrow('sequential: fit: another fit of this model is running');
    const running = 'fit is running; abort it or wait for it';
    expect(() => model.setWeights(model.getWeights())).toThrow(`sequential: setWeights: ${running}`);
    expect(() => model.compile({ optimizer: 'sgd', loss: 'mse' })).toThrow(`sequential: compile: ${running}`);
    expect(() => model.trainOnBatch(x, y)).toThrow(`sequential: trainOnBatch: ${running}`);
    expect(model.predict(x).shape).toEqual([4, 1]);
    const { history } = await first;
    expect(history).toEqual((await quiet.fit(many, targets, { epochs: 40, verbose: 0 })).history);
    expect(valuesOf(model)).toEqual(valuesOf(quiet));
    await model.fit(x, y, { verbose: 0 });
  });

  test('a bad compile leaves the good one as it is, with what the optimizer remembers', () => {
    const [model, quiet] = [createModel(), createModel()];
    for (const one of [model, quiet]) one.trainOnBatch(x, y);
    expect(() => model.compile({ optimizer: 'sgd', loss: 'no' as never })).toThrow('loss of "dense": expected one of');
    expect(() => model.compile({ optimizer: 'no' as never, loss: 'mse' })).toThrow('optimizer: expected one of');
    for (const one of [model, quiet]) one.trainOnBatch(x, y);
    expect(valuesOf(model)).toEqual(valuesOf(quiet));
  });
});

describe('a loss or a gradient that is not finite', () => {
  const bad: [string, Plain, Plain, RegExp][] = [
    [
      'a NaN in the input',
      withValue(x, 40, NaN),
      y,
      /the loss is NaN .* the first bad tensor is input \(given\); .* NaN/,
    ],
    ['a NaN in the targets', x, withValue(y, 3, NaN), /the loss is NaN .* the first bad tensor is dense \(target\)/],
    ['infinite targets', x, filled(Infinity, 4, 1), /the loss is Infinity .* tensor is dense \(target\)/],
    ['an infinite input', withValue(x, 5, Infinity), y, /a gradient is not finite .* tensor is input \(given\)/],
  ];

  test.each(bad)(
    '%s: trainOnBatch stops, and goes on with good data as if nothing had been',
    (_, badX, badY, message) => {
      const [model, quiet] = [createModel(), createModel()];
      for (const one of [model, quiet]) one.trainOnBatch(x, y);
      expect(() => model.trainOnBatch(badX, badY)).toThrow(message);
      expect(() => model.trainOnBatch(badX, badY)).toThrow('sequential: ');
      expect(() => model.trainOnBatch(badX, badY)).toThrow(NonFiniteLossError);
      expect(valuesOf(model)).toEqual(valuesOf(quiet));
      for (const one of [model, quiet]) one.trainOnBatch(x, y);
      expect(valuesOf(model)).toEqual(valuesOf(quiet));
    },
  );

  test('fit names epoch, batch, tensor and norm, and says what to try; the weights are those of the batch before', async () => {
    const [model, quiet] = [createModel(), createModel()];
    const longer = { data: new Float32Array([...x.data, ...x.data, ...x.data]), shape: [12, 5, 3] };
    const failed = model.fit(withValue(longer, 130, NaN), zeros(12, 1), { batchSize: 4, shuffle: false, verbose: 0 });
    const error: unknown = await failed.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(NonFiniteLossError);
    expect(error).toMatchObject({ epoch: 0, batch: 2, tensor: 'input (given)', gradientNorm: NaN });
    expect(String(error)).toBe(
      "NonFiniteLossError: sequential: the loss is NaN in epoch 1, batch 3: the first bad tensor is input (given); the gradients' norm is NaN. " +
        'The weights are those of the last good batch. Try a smaller learning rate, clipping (globalClipNorm: 1), or scaled inputs.',
    );
    for (let batch = 0; batch < 2; batch++) quiet.trainOnBatch(x, y);
    expect(valuesOf(model)).toEqual(valuesOf(quiet));
    await model.fit(x, y, { verbose: 0 });
  });

  test('a bad weight is named', () => {
    const model = createModel();
    const weights = model.getWeights();
    weights[1].data[3] = NaN;
    model.setWeights(weights);
    expect(() => model.trainOnBatch(x, y)).toThrow('the first bad tensor is the weight lstm/recurrentKernel');
  });

  test('a gradient that overflows, of a loss that does not, is named with the layer', () => {
    const linear = { units: 1, useBias: false };
    const model = sequential({ layers: [layers.dense({ ...linear, inputShape: [1] }), layers.dense(linear)] });
    model.compile({ optimizer: 'sgd', loss: 'mae' });
    model.setWeights([[[1e-30]], [[1e30]]]);
    expect(() => model.trainOnBatch([[1e30]], [[0]])).toThrow(
      /a gradient is not finite in this batch: the first bad tensor is dense\.d\(kernel\) .*; the gradients' norm is Infinity/,
    );
  });

  test('an explosion is found in the layer where it starts', async () => {
    const model = sequential({
      layers: [layers.simpleRNN({ units: 4, activation: 'linear', inputShape: [null, 1] }), layers.dense({ units: 1 })],
    });
    model.compile({ optimizer: optimizers.sgd({ learningRate: 10 }), loss: 'mse' });
    const failed = model.fit(ones(8, 20, 1), zeros(8, 1), { epochs: 100, batchSize: 4, verbose: 0 });
    await expect(failed).rejects.toThrow(/the first bad tensor is simple_rnn\..* of simple_rnn\)/);
    expect(model.getWeights().every(({ data }) => data.every(Number.isFinite))).toBe(true);
  });

  test('of several outputs, the one whose target is bad', () => {
    const sequence = input({ shape: [null, 3] });
    const h = layers.gru({ units: 3, returnSequences: true }).apply(sequence);
    const [a, b] = [layers.dense({ units: 1, name: 'a' }).apply(h), layers.dense({ units: 1, name: 'b' }).apply(h)];
    const model = functional({ inputs: sequence, outputs: [a, b] });
    model.compile({ optimizer: 'sgd', loss: 'mse' });
    const targets = [zeros(4, 5, 1), withValue(zeros(4, 5, 1), 7, NaN)];
    expect(() => model.trainOnBatch(x, targets)).toThrow('the first bad tensor is b (target)');
  });

  test('evaluate tells of a NaN as it is', () => {
    expect(createModel().evaluate(withValue(x, 0, NaN), y)).toEqual({ loss: NaN });
  });
});

describe('a step that overflows', () => {
  /** One weight of 1; its gradient is the input, up to sign. */
  const create = (optimizer: Optimizer, stateful = false) => {
    const one = stateful
      ? layers.simpleRNN({ units: 1, activation: 'linear', useBias: false, stateful, inputShape: [null, 1] })
      : layers.dense({ units: 1, useBias: false, inputShape: [1] });
    const model = sequential({ layers: [one] });
    model.setWeights(stateful ? [[[1]], [[1]]] : [[[1]]]);
    model.compile({ optimizer, loss: 'mae' });
    return model;
  };
  const { sgd, adam, adamw, nadam, adamax, rmsprop, adagrad, adadelta, lion } = optimizers;
  const cases: [string, Optimizer, number, number, string][] = [
    ['sgd', sgd({ learningRate: 1e38 }), 1e-30, 10, 'the weight dense/kernel'],
    ['sgd with momentum', sgd({ learningRate: 1e38, momentum: 0.5 }), 1e-30, 10, 'the weight dense/kernel'],
    ['adam', adam({ learningRate: 1e30, epsilon: 1e-30 }), 1e-27, 1e-20, 'the weight dense/kernel'],
    ['rmsprop', rmsprop({ learningRate: 1e38 }), 1e-30, 10, 'the weight dense/kernel'],
    ['rmsprop with momentum', rmsprop({ learningRate: 1e38, momentum: 0.5 }), 1e-30, 10, 'the weight dense/kernel'],
    ['what rmsprop remembers', rmsprop(), 1, 1e25, 'what the optimizer remembers of the weight dense/kernel'],
    ['adagrad', adagrad({ learningRate: 1e38 }), 1e-30, 10, 'the weight dense/kernel'],
    ['what adagrad remembers', adagrad(), 1, 1e25, 'what the optimizer remembers of the weight dense/kernel'],
    ['what adam remembers', adam(), 1, 1e25, 'what the optimizer remembers of the weight dense/kernel'],
    [
      'adamw',
      adamw({ learningRate: 1e30, epsilon: 1e-30, weightDecay: 1e-31 }),
      1e-27,
      1e-20,
      'the weight dense/kernel',
    ],
    [
      'what amsgrad remembers',
      adam({ amsgrad: true }),
      1,
      1e25,
      'what the optimizer remembers of the weight dense/kernel',
    ],
    ['nadam', nadam({ learningRate: 1e30, epsilon: 1e-30 }), 1e-27, 1e-20, 'the weight dense/kernel'],
    ['what nadam remembers', nadam(), 1, 1e25, 'what the optimizer remembers of the weight dense/kernel'],
    ['adamax', adamax({ learningRate: 1e30, beta2: 0, epsilon: 1e-10 }), 1, 1e-20, 'the weight dense/kernel'],
    ['what adadelta remembers', adadelta(), 1, 1e25, 'what the optimizer remembers of the weight dense/kernel'],
    ['gathered gradients', sgd({ gradientAccumulationSteps: 3 }), 1, 1.5e38, 'the sum of the gradients of batches'],
  ];

  test.each(cases)(
    '%s: the weights are those of before, and so is the optimizer',
    (_, optimizer, good, bad, tensor) => {
      const [model, quiet] = [create(optimizer), create(optimizer)];
      for (const one of [model, quiet]) one.trainOnBatch([[good]], [[0]]);
      const message = `sequential: the optimizer's step overflows in this batch: the first bad tensor is ${tensor}; the gradients' norm is `;
      for (let attempt = 0; attempt < 2; attempt++) {
        expect(() => model.trainOnBatch([[bad]], [[0]])).toThrow(message);
        expect(() => model.trainOnBatch([[bad]], [[0]])).toThrow(NonFiniteLossError);
        expect(valuesOf(model)).toEqual(valuesOf(quiet));
        expect(model.predict([[2]]).data).toEqual(quiet.predict([[2]]).data);
      }
      for (const one of [model, quiet]) for (let step = 0; step < 3; step++) one.trainOnBatch([[good]], [[0]]);
      expect(valuesOf(model)).toEqual(valuesOf(quiet));
    },
  );

  test.each<[string, Optimizer]>([
    [
      'a schedule',
      sgd({ learningRate: schedules.exponentialDecay({ initialLearningRate: 1, decaySteps: 1, decayRate: 1e20 }) }),
    ],
    ['a decay that is none', sgd({ learningRate: 1, weightDecay: 1e15 })],
    ['the same with lion', lion({ learningRate: 1, weightDecay: 1e15 })],
  ])('%s: what grows too large in the end stops before it does', (_, optimizer) => {
    const model = create(optimizer);
    let before = valuesOf(model);
    const train = (): void => {
      for (let step = 0; step < 10; step++) {
        before = valuesOf(model);
        model.trainOnBatch([[1e-3]], [[0]]);
      }
    };
    expect(train).toThrow('the first bad tensor is the weight dense/kernel');
    expect(valuesOf(model)).toEqual(before);
    expect(Math.abs(before[0][0])).toBeGreaterThan(1e10);
  });

  test('fit names epoch and batch', async () => {
    const model = create(sgd({ learningRate: 1e38 }));
    const failed = model.fit([[1e-30], [1e-30], [10]], [[-1], [-1], [-1]], {
      batchSize: 1,
      shuffle: false,
      verbose: 0,
    });
    await expect(failed).rejects.toThrow("the optimizer's step overflows in epoch 1, batch 3: ");
    await expect(failed).rejects.toMatchObject({
      epoch: 0,
      batch: 2,
      tensor: 'the weight dense/kernel',
      gradientNorm: 10,
    });
  });

  test('leaves the states of stateful layers where they were', () => {
    const [model, quiet] = [create(sgd({ learningRate: 1e38 }), true), create(sgd({ learningRate: 1e38 }), true)];
    for (const one of [model, quiet]) one.predict([[[1], [2]]]);
    expect(() => model.trainOnBatch([[[10]]], [[0]])).toThrow('step overflows');
    expect(model.predict([[[3]]]).data).toEqual(quiet.predict([[[3]]]).data);
  });

  test('numbers that are 0 or infinite in float32 are refused', () => {
    for (const value of [1e-60, 1e300]) {
      for (const make of Object.values(optimizers)) {
        for (const name of ['learningRate', 'clipValue', 'clipNorm', 'globalClipNorm']) {
          expect(() => create(make({ [name]: value }))).toThrow(
            `${name}: expected a positive number that float32 can hold, got ${value}`,
          );
        }
      }
      for (const make of [adam, adamw, nadam, adamax, rmsprop, adagrad, adadelta]) {
        const optimizer = make({ epsilon: value });
        expect(() => create(optimizer)).toThrow(`${optimizer.kind}: epsilon: expected a positive number that float32`);
      }
    }
  });
});

describe('stateful layers', () => {
  const make = (batchInputShape?: (number | null)[]) => {
    const shape = batchInputShape === undefined ? { inputShape: [null, 3] } : { batchInputShape };
    const model = sequential({ layers: [layers.lstm({ units: 2, stateful: true, ...shape })] });
    model.compile({ optimizer: 'sgd', loss: 'mse' });
    return model;
  };

  test('another batch size is refused until resetStates, and the states stay', () => {
    const model = make();
    const before = make();
    for (const one of [model, before]) one.predict(ones(2, 5, 3));
    const message = 'hold the states of a batch of 2, got a batch of 3; call resetStates() first';
    expect(() => model.predict(ones(3, 5, 3))).toThrow(message);
    expect(() => model.trainOnBatch(ones(3, 5, 3), zeros(3, 2))).toThrow(message);
    expect(() => model.evaluate(ones(3, 5, 3), zeros(3, 2))).toThrow(message);
    expect(model.predict(ones(2, 5, 3)).data).toEqual(before.predict(ones(2, 5, 3)).data);
    model.resetStates();
    expect(model.predict(ones(3, 5, 3)).shape).toEqual([3, 2]);
  });

  test('a first batch that fails binds them to no batch size', () => {
    const model = sequential({ layers: [layers.gru({ units: 512, stateful: true, inputShape: [null, 1] })] });
    model.compile({ optimizer: optimizers.sgd({ learningRate: 1e38 }), loss: 'mse' });
    const [large, largeTargets] = [zeros(4000, 100, 1), zeros(4000, 512)];
    const failing: [string, () => unknown][] = [
      ['does not fit', () => model.predict(large)],
      ['does not fit', () => model.gradients(large, largeTargets)],
      ['does not fit', () => model.trainOnBatch(large, largeTargets)],
      ['does not fit', () => model.evaluate(large, largeTargets, { batchSize: 4000 })],
      ['the loss is NaN', () => model.trainOnBatch(filled(NaN, 3, 2, 1), zeros(3, 512))],
      ['step overflows', () => model.trainOnBatch(ones(4, 2, 1), filled(1e6, 4, 512))],
    ];
    failing.forEach(([message, call], i) => {
      expect(call).toThrow(message);
      expect(model.predict(ones(i + 1, 2, 1)).shape, message).toEqual([i + 1, 512]);
      model.resetStates();
    });
  });

  test('rows that do not fall into whole batches are refused before anything is trained', async () => {
    const model = make();
    const weights = model.getWeights();
    const message = 'stateful layers need batches of one size: expected a multiple of 2 rows, got 5';
    const five = [ones(5, 4, 3), zeros(5, 2)] as const;
    await expect(model.fit(...five, { batchSize: 2 })).rejects.toThrow(`sequential: fit: ${message}`);
    const validationData = five;
    await expect(model.fit(ones(4, 4, 3), zeros(4, 2), { batchSize: 2, validationData })).rejects.toThrow(
      `sequential: fit: validation: ${message}`,
    );
    await make().fit(ones(2, 4, 3), zeros(2, 2), {
      validationData: [ones(4, 4, 3), zeros(4, 2)],
      batchSize: 3,
      verbose: 0,
    });
    // A copy of the states that training leaves serves no other batch, be it smaller.
    const one = [ones(1, 4, 3), zeros(1, 2)] as const;
    await expect(model.fit(ones(4, 4, 3), zeros(4, 2), { validationData: one })).rejects.toThrow(
      'fit: validation: stateful layers need batches of one size: expected a multiple of 4 rows, got 1',
    );
    await expect(model.fit(ones(5, 4, 3), zeros(5, 2), { validationSplit: 0.2 })).rejects.toThrow(
      'expected a multiple of 4 rows, got 1',
    );
    expect(() => model.evaluate(...five, { batchSize: 2 })).toThrow(`sequential: evaluate: ${message}`);
    expect(() => model.predict(five[0], { batchSize: 2 })).toThrow(`sequential: predict: ${message}`);
    expect(model.getWeights().map(({ data }) => data)).toEqual(weights.map(({ data }) => data));
  });

  test('a batch that the input’s shape fixes is the batch size; another one is refused', async () => {
    const model = make([2, null, 3]);
    const message = "batchSize: expected 2, which the input's shape fixes, got 3";
    expect(() => model.predict(ones(6, 5, 3), { batchSize: 3 })).toThrow(`sequential: predict: ${message}`);
    await expect(model.fit(ones(6, 5, 3), zeros(6, 2), { batchSize: 3 })).rejects.toThrow(`fit: ${message}`);
    expect(() => model.predict(ones(3, 5, 3))).toThrow('expected shape [2, time, 3], got [3, 5, 3]');
    expect(() => model.trainOnBatch(ones(4, 5, 3), zeros(4, 2))).toThrow('expected shape [2, time, 3], got [4, 5, 3]');
    const validationData = [ones(4, 5, 3), zeros(4, 2)] as const;
    await model.fit(ones(6, 5, 3), zeros(6, 2), { verbose: 0, validationData });
    expect(model.predict(ones(6, 5, 3)).shape).toEqual([6, 2]);
  });
});
