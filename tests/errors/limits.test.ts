/** The smallest and the largest runs: no time steps are valid, too many bytes are refused with the figure. */
import { describe, expect, test } from 'vitest';
import { functional, input, layers, sequential, type Layer } from '../../src/index.js';
import { ones, zeros } from '../numbers.js';

describe('no time steps', () => {
  const recurrent: [string, (returnSequences: boolean) => Layer, number][] = [
    ['simpleRNN', (returnSequences) => layers.simpleRNN({ units: 4, returnSequences, returnState: true }), 1],
    ['lstm', (returnSequences) => layers.lstm({ units: 4, returnSequences, returnState: true }), 2],
    ['gru', (returnSequences) => layers.gru({ units: 4, returnSequences, returnState: true }), 1],
    [
      'gru, resetAfter false',
      (returnSequences) => layers.gru({ units: 4, returnSequences, returnState: true, resetAfter: false }),
      1,
    ],
    [
      'lstm, goBackwards',
      (returnSequences) => layers.lstm({ units: 4, returnSequences, returnState: true, goBackwards: true }),
      2,
    ],
  ];

  test.each(recurrent)('%s: the final state is the initial one, an empty sequence comes out', (_, make, states) => {
    const x = input({ shape: [null, 3] });
    const initial = Array.from({ length: states }, () => input({ shape: [4] }));
    const call = (returnSequences: boolean) => make(returnSequences).call(x, { initialState: initial }).outputs;
    const model = functional({ inputs: [x, ...initial], outputs: [...call(true), ...call(false)] });
    const given = initial.map((_, i) => ({ data: new Float32Array([0.1, 0.2, 0.3, 0.4 + i]), shape: [1, 4] }));
    const empty = zeros(1, 0, 3);

    const [sequence, ...rest] = model.predictAll([empty, ...given]);
    expect([sequence.shape, sequence.data.length]).toEqual([[1, 0, 4], 0]);
    const expected = [...given, given[0], ...given].map(({ data }) => data);
    expect(rest.map(({ data }) => data)).toEqual(expected);

    const cotangents = [zeros(1, 0, 4), ...expected.map(() => ones(1, 4))];
    const gradients = model.gradients([empty, ...given], cotangents);
    expect(gradients.inputs[0].shape).toEqual([1, 0, 3]);
    // h is an output three times: as the last step and as the state of both calls; c only as their state.
    expect(gradients.inputs.slice(1).map(({ data }) => data[0])).toEqual([3, 2].slice(0, states));
    expect(gradients.weights.every(({ data }) => data.every((value) => value === 0))).toBe(true);
  });

  const chain = () =>
    sequential({
      layers: [
        layers.masking({ inputShape: [null, 3] }),
        layers.conv1d({ filters: 4, kernelSize: 3, dilationRate: 2, padding: 'causal', activation: 'relu' }),
        layers.dropout({ rate: 0.5 }),
        layers.lstm({ units: 3, returnSequences: true }),
        layers.timeDistributed({ layer: layers.dense({ units: 2, activation: 'softmax' }) }),
      ],
    });

  test('go through every layer, as nested arrays too, and leave a session where it was', () => {
    const model = chain();
    expect(model.predict(zeros(5, 0, 3)).shape).toEqual([5, 0, 2]);
    expect(model.predict([[], []]).shape).toEqual([2, 0, 2]);
    expect(model.predict([[], []]).toArray()).toEqual([[], []]);
    const session = model.stream({ batch: 2 });
    const whole = model.predict(ones(2, 6, 3)).data;
    const parts = [0, 2, 0, 0, 4, 0].map((steps) => session.push(ones(2, steps, 3)));
    expect(parts.map(({ shape }) => shape[1])).toEqual([0, 2, 0, 0, 4, 0]);
    expect([...parts[1].data.slice(0, 4), ...parts[4].data.slice(0, 8)]).toEqual([...whole.slice(0, 12)]);
  });

  test('train: the loss is 0, and no weight moves', async () => {
    const model = chain();
    model.compile({ optimizer: 'sgd', loss: 'mse', metrics: ['mae'] });
    const before = model.getWeights().map(({ data }) => data);
    const none = { loss: 0, mae: 0 };
    expect(model.trainOnBatch(zeros(4, 0, 3), zeros(4, 0, 2))).toEqual(none);
    expect(model.evaluate(zeros(4, 0, 3), [[], [], [], []])).toEqual(none);
    const { history } = await model.fit(zeros(4, 0, 3), zeros(4, 0, 2), { verbose: 0 });
    expect(history.loss).toEqual([0]);
    expect(model.getWeights().map(({ data }) => data)).toEqual(before);
  });

  test('a collapsing layer gives the state that it starts from, zeros', () => {
    const model = sequential({ layers: [layers.gru({ units: 2, inputShape: [null, 3] }), layers.dense({ units: 1 })] });
    model.setWeights(model.getWeights().map(({ shape }, i) => (i === 4 ? [7] : ones(...shape))));
    expect(model.predict([[], []]).toArray()).toEqual([[7], [7]]);
    model.compile({ optimizer: 'sgd', loss: 'mse' });
    expect(model.trainOnBatch([[], []], [[6], [6]]).loss).toBe(1);
    // Only the bias of what sees the state moves: by 0.01 · 2 · (7 − 6).
    expect(model.predict([[]]).data[0]).toBeCloseTo(6.98, 5);
  });
});

describe('more bytes than there can be', () => {
  const model = sequential({
    layers: [layers.lstm({ units: 512, inputShape: [null, 1] }), layers.dense({ units: 1 })],
  });
  model.compile({ optimizer: 'sgd', loss: 'mse' });
  const [x, y] = [ones(2, 10, 1), ones(2, 1)];
  const large = zeros(4000, 100, 1);
  const message = (name: string): RegExp =>
    new RegExp(
      `^sequential: ${name}: a batch of shape \\[4000, 100, 1\\] does not fit: ` +
        'sequential: out of memory: \\d{4,5} MB are needed, of 2048 MB at most$',
    );

  test('each call refuses before it allocates, with the figure, the batch and the length; the model works on', async () => {
    const before = model.predict(x).data;
    model.evaluate(x, y);
    model.gradients(x, y);
    const [weights, bytes] = [model.getWeights(), model.workspace.floats.byteLength];
    const targets = zeros(4000, 1);
    for (const [name, call] of [
      ['predict', () => model.predict(large, { batchSize: 4000 })],
      ['trainOnBatch', () => model.trainOnBatch(large, targets)],
      ['evaluate', () => model.evaluate(large, targets, { batchSize: 4000 })],
      ['gradients', () => model.gradients(large, targets)],
    ] as const) {
      expect(call).toThrow(RangeError);
      expect(call).toThrow(message(name));
      expect(model.predict(x).data).toEqual(before);
    }
    await expect(model.fit(large, targets, { batchSize: 4000 })).rejects.toThrow(message('fit'));
    const after = model.getWeights();
    expect(weights.every(({ data }, i) => data.every((value, j) => value === after[i].data[j]))).toBe(true);
    expect(model.predict(x).data).toEqual(before);
    expect(model.workspace.floats.byteLength).toBe(bytes);
    expect(model.trainOnBatch(x, y).loss).toBeGreaterThan(0);
  });

  test('a layer whose weights are too large is refused when the model is made', () => {
    const wide = [layers.dense({ units: 40_000, inputShape: [40_000] })];
    expect(() => sequential({ layers: wide })).toThrow(/sequential: out of memory: \d{4,5} MB are needed/);
  });

  test('a session whose states are too large is refused when it is started', () => {
    expect(() => model.stream({ batch: 1_000_000 })).toThrow(/sequential: out of memory: \d{4,5} MB are needed/);
    expect(model.stream().push([1]).shape).toEqual([1, 1]);
  });
});
