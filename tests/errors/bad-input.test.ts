/** Bad input: one clear error each, thrown before anything changes; the model works on afterwards as before. */
import { describe, expect, test } from 'vitest';
import { functional, input, layers, NonFiniteLossError, optimizers, sequential } from '../../src/index.js';

const zeros = (...shape: number[]) => ({ data: new Float32Array(shape.reduce((a, b) => a * b, 1)), shape });
const ones = (...shape: number[]) => ({ data: zeros(...shape).data.fill(1), shape });

function lstmModel() {
  return sequential({
    layers: [layers.lstm({ units: 4, inputShape: [null, 3] }), layers.dense({ units: 1 })],
  });
}

describe('predict', () => {
  const model = lstmModel();
  const before = model.predict(ones(2, 5, 3)).toArray();
  test.each([
    ['wrong rank', ones(2, 3), /"input": expected shape \[batch, time, 3\], got \[2, 3\]/],
    ['wrong features', ones(2, 5, 4), /expected shape \[batch, time, 3\], got \[2, 5, 4\]/],
    ['ragged arrays', [[[1, 2, 3]], [[1, 2]]], /ragged: expected arrays of length 3/],
    ['strings', [[['a', 'b', 'c']]], /expected numbers, got 'a'/],
    ['booleans', [[[true, false, true]]], /expected numbers, got true/],
    ['undefined', undefined, /expected numbers, got undefined/],
    ['a shape that lies', { data: new Float32Array(5), shape: [1, 2, 3] }, /wants 6 values, got 5/],
    ['a batch of 0', zeros(0, 5, 3), /expected a batch of at least 1, got 0/],
    ['an unknown input', { wrong: ones(1, 5, 3) }, /expected "input", got "wrong"/],
  ])('%s is refused', (_, x, message) => {
    expect(() => model.predict(x as never)).toThrow(message);
    expect(model.predict(ones(2, 5, 3)).toArray()).toEqual(before);
  });

  test('no time steps are valid: an empty time axis, the final state is the initial one', () => {
    const x = input({ shape: [null, 3] });
    const h0 = input({ shape: [4] });
    const [y, h] = layers.gru({ units: 4, returnSequences: true, returnState: true }).apply(x, { initialState: [h0] });
    const empty = functional({ inputs: [x, h0], outputs: [y, h] });
    const [sequence, state] = empty.predictAll([zeros(2, 0, 3), ones(2, 4)]);
    expect(sequence.shape).toEqual([2, 0, 4]);
    expect(state.toArray()).toEqual([
      [1, 1, 1, 1],
      [1, 1, 1, 1],
    ]);
    expect(model.predict([[], []]).shape).toEqual([2, 1]);
  });
});

describe('options', () => {
  test.each([
    ['NaN units', () => layers.lstm({ units: NaN }), /lstm: units: expected a positive integer, got NaN/],
    ['units of 0', () => layers.dense({ units: 0 }), /dense: units: expected a positive integer, got 0/],
    [
      'an unknown activation',
      () => layers.dense({ units: 1, activation: 'tahn' as never }),
      /activation: expected one of/,
    ],
    [
      'an unknown option',
      () => layers.lstm({ units: 1, returnSequence: true } as never),
      /unknown option "returnSequence"/,
    ],
    ['a rate of 1', () => layers.dropout({ rate: 1 }), /dropout: rate: expected a number in \[0, 1\), got 1/],
    [
      'no padding',
      () => layers.conv1d({ filters: 1, kernelSize: 2 } as never),
      /conv1d: padding: expected one of 'causal'/,
    ],
    ['no layers', () => sequential({ layers: [] }), /expected at least one layer, got none/],
    ['no input shape', () => sequential({ layers: [layers.lstm({ units: 1 })] }), /must say its inputShape/],
  ])('%s: refused', (_, make, message) => {
    expect(make).toThrow(message);
  });

  test.each([
    [{ optimizer: 'adm', loss: 'mse' }, /optimizer: expected one of 'sgd', 'adam', got 'adm'/],
    [
      { optimizer: optimizers.adam({ learningRate: NaN }), loss: 'mse' },
      /learningRate: expected a positive number, got NaN/,
    ],
    [{ optimizer: 'adam', loss: 'msee' }, /loss of "dense": expected one of/],
    [{ optimizer: 'adam', loss: 'mse', metric: [] }, /unknown option "metric"/],
  ])('compile %j: refused', (options, message) => {
    expect(() => {
      lstmModel().compile(options as never);
    }).toThrow(message);
  });
});

describe('graphs', () => {
  test('duplicate names, by name', () => {
    const twice = [
      layers.lstm({ units: 2, name: 'a', inputShape: [null, 1], returnSequences: true }),
      layers.gru({ units: 2, name: 'a' }),
    ];
    expect(() => sequential({ layers: twice })).toThrow('two layers are called "a"');
  });

  test('layers of two workspaces, naming both', () => {
    const [a, b] = [layers.dense({ units: 2, inputShape: [2] }), layers.dense({ units: 2, inputShape: [2] })];
    sequential({ name: 'first', layers: [a] });
    sequential({ name: 'second', layers: [b] });
    const x = input({ shape: [2] });
    expect(() => functional({ inputs: x, outputs: b.apply(a.apply(x)) })).toThrow(
      /"first".*"second"|"second".*"first"/,
    );
  });

  test('an input that is not given, by name', () => {
    const [x, other] = [input({ shape: [2], name: 'x' }), input({ shape: [2], name: 'other' })];
    const y = layers.dense({ units: 2 }).apply(x);
    expect(() => functional({ inputs: other, outputs: y })).toThrow('need the input "x"');
  });

  test('a layer that needs the whole sequence does not stream, by name', () => {
    const model = sequential({ layers: [layers.lstm({ units: 2, goBackwards: true, inputShape: [null, 1] })] });
    expect(() => model.stream()).toThrow('lstm needs the whole sequence');
  });
});

describe('training', () => {
  test('a second fit, or setWeights, during fit is refused; the first one ends well', async () => {
    const model = lstmModel();
    model.compile({ optimizer: 'adam', loss: 'mse' });
    const [x, y] = [ones(64, 20, 3), zeros(64, 1)];
    const first = model.fit(x, y, { epochs: 40, verbose: 0 });
    await expect(model.fit(x, y, { verbose: 0 })).rejects.toThrow('another fit of this model is running');
    expect(() => {
      model.setWeights(model.getWeights());
    }).toThrow('setWeights: fit is running');
    expect((await first).history.loss.length).toBe(40);
  });

  test('an abort stops fit with its reason', async () => {
    const model = lstmModel();
    model.compile({ optimizer: 'adam', loss: 'mse' });
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(model.fit(ones(4, 5, 3), zeros(4, 1), { verbose: 0, signal })).rejects.toThrow('enough');
  });

  test('a NaN loss stops, names what is bad, and leaves the last good weights', async () => {
    const model = lstmModel();
    model.compile({ optimizer: 'sgd', loss: 'mse' });
    const x = ones(8, 5, 3);
    x.data[4 * 15] = NaN;
    const good = { data: x.data.slice(0, 60), shape: [4, 5, 3] };
    const reference = lstmModel();
    reference.compile({ optimizer: 'sgd', loss: 'mse' });
    reference.trainOnBatch(good, zeros(4, 1));
    const failed = model.fit(x, zeros(8, 1), { batchSize: 4, shuffle: false, verbose: 0 });
    await expect(failed).rejects.toThrow(NonFiniteLossError);
    await expect(failed).rejects.toThrow(
      /epoch 1, batch 2: the first bad tensor is input \(given\); the gradients' norm is NaN/,
    );
    expect(model.getWeights().map(({ data }) => data)).toEqual(reference.getWeights().map(({ data }) => data));
  });

  test('setWeights with a wrong shape changes nothing', () => {
    const model = lstmModel();
    const weights = model.getWeights();
    const wrong = [...weights.slice(0, -1).map(({ shape }) => ones(...shape)), ones(7)];
    expect(() => {
      model.setWeights(wrong);
    }).toThrow(/setWeights: dense\/bias: expected shape \[1\], got \[7\]/);
    expect(model.getWeights().map(({ data }) => data)).toEqual(weights.map(({ data }) => data));
  });

  test('targets of another length are refused', () => {
    const model = lstmModel();
    model.compile({ optimizer: 'sgd', loss: 'mse' });
    expect(() => model.trainOnBatch(ones(2, 5, 3), zeros(3, 1))).toThrow(
      'expected as many targets as inputs, 2, got 3',
    );
  });

  test('masked steps count for nothing: Masking(0), 1 0 1 against 0 1 1', () => {
    const model = sequential({ layers: [layers.masking({ inputShape: [null, 1] }), layers.dense({ units: 1 })] });
    model.setWeights([[[1]], [0]]);
    model.compile({ optimizer: 'sgd', loss: 'mae', metrics: ['mae'] });
    const short = model.evaluate([[[1], [0], [1]]], [[[0], [1], [1]]]);
    expect(short).toEqual({ loss: 0.5, meanAbsoluteError: 0.5 });
    const padding = Array.from({ length: 10 }, () => [0]);
    const long = model.evaluate([[[1], [0], [1], ...padding]], [[[0], [1], [1], ...padding.map(() => [3])]]);
    expect(long).toEqual(short);
  });
});
