/** What fit promises: which rows it trains on, what it returns and prints, when it stops; clipping, losses, masks, metrics. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  functional,
  input,
  layers,
  optimizers,
  sequential,
  type FitOptions,
  type TrainableModel,
} from '../../src/index.js';
import { ones, rowsOf, zeros, type Plain } from '../numbers.js';
import { createRandom } from '../random.js';

const random = createRandom(3);
const x: Plain = { data: random.normals(40 * 6 * 2), shape: [40, 6, 2] };
const y: Plain = { data: random.normals(40), shape: [40, 1] };
const quietly = { verbose: 0 } as const;

function createModel(optimizer = optimizers.sgd({ learningRate: 0.01 })) {
  const model = sequential({
    layers: [layers.simpleRNN({ units: 6, inputShape: [null, 2] }), layers.dense({ units: 1 })],
  });
  model.compile({ optimizer, loss: 'mse', metrics: ['mae'] });
  return model;
}
const valuesOf = (model: TrainableModel) => model.getWeights().map(({ data }) => data);

describe('the rows', () => {
  test('validationSplit takes the last ones, before shuffling', async () => {
    const [split, given] = [createModel(), createModel()];
    const one = await split.fit(x, y, { epochs: 3, validationSplit: 0.25, ...quietly });
    const two = await given.fit(rowsOf(x, 0, 30), rowsOf(y, 0, 30), {
      epochs: 3,
      validationData: [rowsOf(x, 30, 40), rowsOf(y, 30, 40)],
      ...quietly,
    });
    expect(one).toEqual(two);
    expect(valuesOf(split)).toEqual(valuesOf(given));
    expect(split.evaluate(rowsOf(x, 30, 40), rowsOf(y, 30, 40)).loss).toBe(one.history.valLoss[2]);
  });

  test('validationSplit takes its share of them, to the row', async () => {
    const valLossOf = async (rows: number, validationSplit: number) => {
      const fit = createModel().fit(rowsOf(x, 0, rows), rowsOf(y, 0, rows), { validationSplit, ...quietly });
      return (await fit).history.valLoss[0];
    };
    const lossOf = async (rows: number, from: number) => {
      const model = createModel();
      await model.fit(rowsOf(x, 0, from), rowsOf(y, 0, from), quietly);
      return model.evaluate(rowsOf(x, from, rows), rowsOf(y, from, rows)).loss;
    };
    // As Keras: the rows that are trained on are whole rows of the rest. 10 · (1 − 0.9) rounds to less than 1.
    for (const [rows, split, from] of [
      [10, 0.9, 1],
      [10, 0.1, 9],
      [11, 0.1, 9],
      [40, 0.7, 12],
      [3, 0.01, 2],
    ]) {
      expect(await valLossOf(rows, split), `${rows} rows, ${split}`).toBe(await lossOf(rows, from));
    }
    const all = 'validationSplit 0.95 of 10 row(s) leaves none to train on';
    await expect(valLossOf(10, 0.95)).rejects.toThrow(`sequential: fit: ${all}`);
    const none = 'validationSplit 1e-17 of 40 row(s) gives none to validate on';
    await expect(valLossOf(40, 1e-17)).rejects.toThrow(`sequential: fit: ${none}`);
  });

  test('without shuffling fit is trainOnBatch, batch after batch; its loss is their mean, weighted by rows', async () => {
    const [fitted, stepped] = [createModel(), createModel()];
    const { history } = await fitted.fit(x, y, { batchSize: 16, shuffle: false, ...quietly });
    const cuts = [[0, 16], [16, 32], [32, 40]]; // prettier-ignore
    const losses = cuts.map(([from, to]) => stepped.trainOnBatch(rowsOf(x, from, to), rowsOf(y, from, to)).loss);
    expect(valuesOf(fitted)).toEqual(valuesOf(stepped));
    expect(history.loss[0]).toBeCloseTo((16 * losses[0] + 16 * losses[1] + 8 * losses[2]) / 40, 12);
  });

  test('shuffling gives every row once an epoch, in another order each, the same for the same seed', async () => {
    // A step of 1 on the mean absolute error of w · x, one row at a time, moves w[row] by ±1, whatever came before.
    const identity = ones(8, 8);
    identity.data.forEach((_, i) => (identity.data[i] = i % 9 === 0 ? 1 : 0));
    const orders = async (seed: number, epochs: number): Promise<number[]> => {
      const model = sequential({ layers: [layers.dense({ units: 1, useBias: false, inputShape: [8] })] });
      model.compile({ optimizer: optimizers.sgd({ learningRate: 1, momentum: 0.5 }), loss: 'mae' });
      model.setWeights([zeros(8, 1)]);
      await model.fit(
        identity,
        { ...ones(8, 1), data: new Float32Array(8).fill(100) },
        { batchSize: 1, epochs, seed, ...quietly },
      );
      return [...valuesOf(model)[0]];
    };
    const first = await orders(1, 1);
    // With momentum 1/2 a row's weight goes on moving by 1/2, 1/4 …: what it has moved tells when its turn was.
    const turns = [...Array(8).keys()].map((turn) => 2 - 0.5 ** (7 - turn));
    expect([...first].sort((a, b) => a - b)).toEqual(turns.sort((a, b) => a - b));
    expect(first).not.toEqual(turns.reverse());
    expect(await orders(1, 1)).toEqual(first);
    expect(await orders(2, 1)).not.toEqual(first);
    expect(await orders(1, 2)).not.toEqual(first.map((moved) => 2 * moved));
  });

  test('evaluate gives the same loss and metrics for any batch size, up to rounding', () => {
    const model = createModel();
    const whole = model.evaluate(x, y, { batchSize: 40 });
    for (const batchSize of [1, 7, 32, 100]) {
      const logs = model.evaluate(x, y, { batchSize });
      expect(logs.loss).toBeCloseTo(whole.loss, 6);
      expect(logs.mae).toBeCloseTo(whole.mae, 6);
    }
    const errors = model.predict(x).data.map((value, i) => value - y.data[i]);
    expect(whole.loss).toBeCloseTo(errors.reduce((sum, e) => sum + e * e, 0) / 40, 5);
    expect(whole.mae).toBeCloseTo(errors.reduce((sum, e) => sum + Math.abs(e), 0) / 40, 5);
  });

  test('a stateful model trains in order, each batch going on where the last one ended; validation leaves its states', async () => {
    const create = () => {
      const model = sequential({ layers: [layers.gru({ units: 1, stateful: true, inputShape: [null, 2] })] });
      model.compile({ optimizer: optimizers.sgd({ learningRate: 0.1 }), loss: 'mse' });
      return model;
    };
    const [fitted, stepped] = [create(), create()];
    const options = { batchSize: 10, validationData: [x, y] } as const;
    const { history } = await fitted.fit(x, y, { ...options, ...quietly });
    for (let from = 0; from < 40; from += 10)
      stepped.trainOnBatch(rowsOf(x, from, from + 10), rowsOf(y, from, from + 10));
    expect(valuesOf(fitted)).toEqual(valuesOf(stepped));
    const next = rowsOf(x, 0, 10);
    expect(fitted.predict(next).data).toEqual(stepped.predict(next).data);
    // Validation goes on, on a copy, from where the last batch ended.
    const [again, same] = [create(), create()];
    await again.fit(x, y, { batchSize: 10, ...quietly });
    expect(history.valLoss[0]).toBe(again.evaluate(x, y, { batchSize: 10 }).loss);
    await same.fit(x, y, { batchSize: 10, ...quietly });
    same.resetStates();
    expect(history.valLoss[0]).not.toBe(same.evaluate(x, y, { batchSize: 10 }).loss);
  });
});

describe('learning', () => {
  test('a SimpleRNN learns to recall what was two steps ago', async () => {
    const recall = { data: Float32Array.from({ length: 40 }, (_, i) => x.data[i * 12 + 6]), shape: [40, 1] };
    const model = createModel(optimizers.adam({ learningRate: 0.02 }));
    const { history } = await model.fit(x, recall, { epochs: 150, ...quietly });
    expect(history.loss[149]).toBeLessThan(0.1 * history.loss[0]);
  });

  test('an LSTM learns the same at every step, through TimeDistributed', async () => {
    const lagged = { data: x.data.map((_, i) => (i % 12 < 4 ? 0 : x.data[i - 4])), shape: x.shape };
    const model = sequential({
      layers: [
        layers.lstm({ units: 12, returnSequences: true, inputShape: [null, 2] }),
        layers.timeDistributed({ layer: layers.dense({ units: 2 }) }),
      ],
    });
    model.compile({ optimizer: optimizers.adam({ learningRate: 0.03 }), loss: 'mse' });
    const { history } = await model.fit(x, lagged, { epochs: 150, ...quietly });
    expect(history.loss[149]).toBeLessThan(0.15 * history.loss[0]);
  });
});

describe('what it returns and prints', () => {
  const lines: string[] = [];
  const write = vi.spyOn(process.stderr, 'write').mockImplementation((text) => lines.push(String(text)) > 0);
  const print = vi.spyOn(console, 'log').mockImplementation((text) => void lines.push(String(text)));
  afterEach(() => void lines.splice(0));
  const fit = (options: FitOptions) => createModel().fit(x, y, { epochs: 2, validationSplit: 0.2, ...options });

  test('the history has the losses and metrics of every epoch, by Keras’s names', async () => {
    const { epoch, history } = await fit(quietly);
    expect(epoch).toEqual([0, 1]);
    expect(Object.keys(history)).toEqual(['loss', 'mae', 'valLoss', 'valMae']);
    expect(Object.values(history).every((values) => values.length === 2)).toBe(true);
    expect(Object.keys((await fit({ validationSplit: 0, ...quietly })).history)).toEqual(['loss', 'mae']);
  });

  test('a second fit goes on training, in other orders, and counts its epochs from 0', async () => {
    const [model, quiet] = [createModel(), createModel()];
    await quiet.fit(x, y, { epochs: 4, ...quietly });
    for (let fit = 0; fit < 2; fit++) expect((await model.fit(x, y, { epochs: 2, ...quietly })).epoch).toEqual([0, 1]);
    expect(valuesOf(model)).toEqual(valuesOf(quiet));
  });

  test('verbose 0 prints nothing, 2 one plain line an epoch, auto the same where there is no terminal', async () => {
    await fit(quietly);
    expect(lines).toEqual([]);
    await fit({ verbose: 2 });
    const number = String.raw`\d\.\d{3,4}`;
    const values = `loss ${number}  mae ${number}  valLoss ${number}  valMae ${number}`;
    expect(lines.length).toBe(2);
    expect(lines[0]).toMatch(new RegExp(`^epoch 1/2  ${values}\n$`));
    expect(lines[1]).toMatch(new RegExp(`^epoch 2/2  ${values}\n$`));
    const plain = lines.splice(0);
    await fit({ verbose: 'auto' });
    expect(process.stderr.isTTY ? plain : lines).toEqual(plain);
    expect([write.mock.calls.length > 0, print.mock.calls.length]).toEqual([true, 0]);
    expect((await fit({ verbose: 1 })).history).toEqual((await fit(quietly)).history);
  });

  test.skipIf(process.stderr.isTTY)('verbose 1, where there is no terminal for its bar, prints the lines', async () => {
    await fit({ verbose: 2 });
    const plain = lines.splice(0);
    await fit({ verbose: 1 });
    expect(lines).toEqual(plain);
  });

  test('another verbose is refused', async () => {
    const message = "sequential: fit: verbose: expected 'auto', 0, 1 or 2, got 3";
    await expect(fit({ verbose: 3 as never })).rejects.toThrow(new TypeError(message));
  });
});

describe('an abort', () => {
  test('before the first batch changes nothing, not even the random numbers of the next fit', async () => {
    const [model, quiet] = [createModel(), createModel()];
    const before = valuesOf(model);
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(model.fit(x, y, { signal, ...quietly })).rejects.toThrow('enough');
    // Nor does a first batch that fails.
    await expect(model.fit({ ...x, data: x.data.map(() => NaN) }, y, quietly)).rejects.toThrow('NaN');
    expect(valuesOf(model)).toEqual(before);
    for (const one of [model, quiet]) await one.fit(x, y, { batchSize: 8, ...quietly });
    expect(valuesOf(model)).toEqual(valuesOf(quiet));
  });

  test('in the middle stops after the batch that runs, with its reason; the model can be trained on', async () => {
    const model = createModel();
    const controller = new AbortController();
    const fitting = model.fit(x, y, { epochs: 1_000_000, signal: controller.signal, ...quietly });
    setTimeout(() => controller.abort(new RangeError('time is up')), 50);
    await expect(fitting).rejects.toThrow(new RangeError('time is up'));
    expect((await model.fit(x, y, quietly)).history.loss.length).toBe(1);
  });
});

describe('clipping', () => {
  const before = valuesOf(createModel());
  /** By `gradients`, from the derivative of the mean squared error: 2 (ŷ − y) / n. */
  const model = createModel();
  const cotangents = { data: model.predict(x).data.map((value, i) => (2 * (value - y.data[i])) / 40), shape: [40, 1] };
  const gradients = model.gradients(x, cotangents).weights.map(({ data }) => data);
  const normOf = (...arrays: Float32Array[]) =>
    Math.sqrt(arrays.flatMap((a) => [...a]).reduce((sum, v) => sum + v * v, 0));
  const limit = 0.05;

  test.each([
    ['no clipping', {}, (g: Float32Array) => g],
    ['clipValue', { clipValue: limit }, (g: Float32Array) => g.map((v) => Math.min(limit, Math.max(-limit, v)))],
    ['clipNorm', { clipNorm: limit }, (g: Float32Array) => g.map((v) => v * Math.min(1, limit / normOf(g)))],
    [
      'globalClipNorm',
      { globalClipNorm: limit },
      (g: Float32Array) => g.map((v) => v * Math.min(1, limit / normOf(...gradients))),
    ],
    ['a limit that is not reached', { globalClipNorm: 100 }, (g: Float32Array) => g],
  ])('%s: the step of SGD is the gradient by hand', (_, options, clip) => {
    expect(Math.max(...gradients.flatMap((g) => [...g]).map(Math.abs))).toBeGreaterThan(2 * limit);
    const clipped = createModel(optimizers.sgd({ learningRate: 1, ...options }));
    clipped.trainOnBatch(x, y);
    valuesOf(clipped).forEach((values, i) => {
      const expected = clip(gradients[i]);
      values.forEach((value, j) => expect(before[i][j] - value).toBeCloseTo(expected[j], 5));
    });
  });
});

describe('losses', () => {
  test('masked steps count for nothing: Masking(0), 1 0 1 against 0 1 1; ten more change neither loss nor gradient', () => {
    const create = () => {
      const model = sequential({ layers: [layers.masking({ inputShape: [null, 1] }), layers.dense({ units: 1 })] });
      model.setWeights([[[1]], [0]]);
      model.compile({
        optimizer: optimizers.sgd({ learningRate: 1 }),
        loss: 'mae',
        metrics: ['mae', 'mean_squared_error'],
      });
      return model;
    };
    const padding = Array.from({ length: 10 }, () => [0]);
    const short = [[[[1], [0], [1]]], [[[0], [1], [1]]]] as const;
    const long = [[[[1], [0], [1], ...padding]], [[[0], [1], [1], ...padding.map(() => [3])]]] as const;
    const half = { loss: 0.5, mae: 0.5, meanSquaredError: 0.5 };
    const trained = [short, long].map(([given, target]) => {
      const model = create();
      expect(model.evaluate(given, target)).toEqual(half);
      expect(model.trainOnBatch(given, target)).toEqual(half);
      return valuesOf(model);
    });
    // The first step is 1 too high: its gradient, over two steps, is 1/2 for kernel and bias. The last one is right.
    expect(trained[0].map(([value]) => value)).toEqual([0.5, -0.5]);
    expect(trained[1]).toEqual(trained[0]);
  });

  test('a recurrent layer behind Masking passes the mask on to the loss', () => {
    const model = sequential({
      layers: [layers.masking({ inputShape: [null, 1] }), layers.gru({ units: 1, returnSequences: true })],
    });
    model.compile({ optimizer: 'sgd', loss: 'mse' });
    const [short] = [model.evaluate([[[1], [2]]], [[[0], [0]]])];
    expect(model.evaluate([[[1], [0], [2], [0]]], [[[0], [9], [0], [9]]])).toEqual(short);
  });

  const create = (loss: Parameters<TrainableModel['compile']>[0]['loss']) => {
    const sequence = input({ shape: [null, 2] });
    const h = layers.simpleRNN({ units: 3 }).apply(sequence);
    const outputs = ['a', 'b'].map((name) => layers.dense({ units: 1, name }).apply(h));
    const model = functional({ inputs: sequence, outputs });
    model.compile({ optimizer: 'sgd', loss, metrics: ['mae'] });
    return model;
  };

  test('of several outputs are added; each has its own, and its metrics, by name', async () => {
    const one = create(['mse', 'mae']).evaluate(x, [y, y]);
    expect(Object.keys(one)).toEqual(['loss', 'aLoss', 'aMae', 'bLoss', 'bMae']);
    expect(one.loss).toBeCloseTo(one.aLoss + one.bLoss, 12);
    expect(one.bLoss).toBe(one.bMae);
    expect(create({ b: 'mean_absolute_error', a: 'meanSquaredError' }).evaluate(x, { b: y, a: y })).toEqual(one);
    expect(create({ b: 'mae' }).evaluate(x, y)).toEqual({ loss: one.bLoss, mae: one.bLoss });
    expect(create([null, 'mae']).evaluate(x, { b: y }).loss).toBe(one.bLoss);
    const { history } = await create('mse').fit(x, [y, y], { validationSplit: 0.5, ...quietly });
    expect(Object.keys(history)).toEqual(expect.arrayContaining(['aLoss', 'valLoss', 'valBMae']));
  });

  test('of several outputs are those of batches, weighted by their rows, also where a mask leaves unlike shares; metrics are not (Keras)', async () => {
    const create = () => {
      const given = input({ shape: [2, 1], name: 'given' });
      const sequence = layers.masking().apply(given);
      const dense = (name: string) => layers.dense({ units: 1, name, kernelInitializer: 'ones' }).apply(sequence);
      const model = functional({ inputs: given, outputs: [dense('p'), dense('r')] });
      model.compile({ optimizer: optimizers.sgd({ learningRate: 1e-30 }), loss: 'mse', metrics: { p: 'mse' } });
      return model;
    };
    const sequences = { data: Float32Array.of(1, 1, 2, 0), shape: [2, 2, 1] };
    const targets = [zeros(2, 2, 1), zeros(2, 2, 1)];
    const errors = { loss: 5, pLoss: 2.5, pMse: 2, rLoss: 2.5 };
    expect(create().evaluate(sequences, targets, { batchSize: 1 })).toEqual(errors);
    const { history } = await create().fit(sequences, targets, {
      batchSize: 1,
      validationData: [sequences, targets],
      ...quietly,
    });
    expect(history).toEqual({
      ...{ loss: [5], pLoss: [2.5], pMse: [2], rLoss: [2.5] },
      ...{ valLoss: [5], valPLoss: [2.5], valPMse: [2], valRLoss: [2.5] },
    });
  });

  test('of a shared layer’s two outputs are told apart', () => {
    const [p, q] = [input({ shape: [1], name: 'p' }), input({ shape: [1], name: 'q' })];
    const shared = layers.dense({ units: 1, name: 'shared' });
    const model = functional({ inputs: [p, q], outputs: [shared.apply(p), shared.apply(q)] });
    model.setWeights([[[1]], [0]]);
    model.compile({ optimizer: 'sgd', loss: { 'shared@1': 'mae', shared: 'mse' } });
    expect(model.evaluate([[[3]], [[4]]], { shared: [[1]], 'shared@1': [[1]] })).toEqual({
      loss: 7,
      sharedLoss: 4,
      'shared@1Loss': 3,
    });
  });
});

test('dropout lets gradients through where it lets values through, scaled alike', () => {
  const model = sequential({ layers: [layers.dropout({ rate: 0.5, inputShape: [50] }), layers.dense({ units: 1 })] });
  model.setWeights([ones(50, 1), [0]]);
  model.compile({ optimizer: optimizers.sgd({ learningRate: 1 }), loss: 'mse' });
  const { loss } = model.trainOnBatch(ones(1, 50), [[0]]);
  // The output is 2 for each value kept; the gradient of each kept weight is 2 · output · 2, that of a dropped one 0.
  const output = Math.sqrt(loss);
  const kept = [...valuesOf(model)[0]].filter((value) => value !== 1);
  expect(2 * kept.length).toBe(output);
  expect(kept.length).toBeGreaterThan(10);
  expect(kept.length).toBeLessThan(40);
  expect(new Set(kept)).toEqual(new Set([1 - 4 * output]));
});
