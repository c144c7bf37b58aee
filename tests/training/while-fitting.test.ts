/** While fit runs, between its batches, others read; what they do changes nothing of it. */
import { describe, expect, test, vi } from 'vitest';
import { functional, input, layers, optimizers, sequential, type TrainableModel } from '../../src/index.js';
import { rowsOf, type Plain } from '../numbers.js';
import { createRandom } from '../random.js';

const random = createRandom(31);
const x: Plain = { data: random.normals(40 * 6 * 2), shape: [40, 6, 2] };
const y: Plain = { data: random.normals(40), shape: [40, 1] };
const options = { batchSize: 10, epochs: 10, verbose: 0 } as const;

const valuesOf = (model: TrainableModel) => model.getWeights().map(({ data }) => data);

/** Does something ten times while fit lets others run, which it does after every batch: it has forty. */
async function between<T>(fitting: Promise<T>, act: () => void): Promise<T> {
  for (let batch = 0; batch < 10; batch++) {
    act();
    await Promise.resolve();
  }
  return fitting;
}

describe('a stateful model', () => {
  const create = () => {
    const model = sequential({ layers: [layers.gru({ units: 1, stateful: true, inputShape: [null, 2] })] });
    model.compile({ optimizer: optimizers.sgd({ learningRate: 0.1 }), loss: 'mse' });
    return model;
  };
  const [some, wanted] = [rowsOf(x, 5, 25), rowsOf(y, 5, 25)];

  test('predicts and evaluates from the states that the last batch left, and trains on from them', async () => {
    const [model, quiet, stepped] = [create(), create(), create()];
    stepped.trainOnBatch(rowsOf(x, 0, 10), rowsOf(y, 0, 10));
    const expected = stepped.predict(some, { batchSize: 10 }).data;
    let seen: Float32Array | undefined;
    const onTrainBatchEnd = () => {
      seen ??= model.predict(some, { batchSize: 10 }).data;
    };
    const fitting = model.fit(x, y, { ...options, callbacks: [{ onTrainBatchEnd }] });
    const { history } = await between(fitting, () => {
      model.predict(some, { batchSize: 10 });
      model.predictAll(rowsOf(x, 0, 10));
      model.evaluate(some, wanted, { batchSize: 10 });
      model.gradients(rowsOf(x, 0, 10), rowsOf(y, 0, 10));
    });
    expect(seen).toEqual(expected);
    expect(history).toEqual((await quiet.fit(x, y, options)).history);
    expect(valuesOf(model)).toEqual(valuesOf(quiet));
    expect(model.predict(some, { batchSize: 10 }).data).toEqual(quiet.predict(some, { batchSize: 10 }).data);
  });

  test('cannot reset its states', async () => {
    const [model, quiet] = [create(), create()];
    const message = 'sequential: resetStates: fit is running; abort it or wait for it';
    const { history } = await between(model.fit(x, y, options), () => {
      expect(() => model.resetStates()).toThrow(message);
    });
    expect(history).toEqual((await quiet.fit(x, y, options)).history);
    model.resetStates();
    expect(model.predict(rowsOf(x, 0, 3)).shape).toEqual([3, 1]);
  });
});

test('the arrays that fit was given may be used again at once', async () => {
  const create = () => {
    const model = sequential({ layers: [layers.simpleRNN({ units: 1, inputShape: [null, 2] })] });
    model.compile({ optimizer: 'sgd', loss: 'mse' });
    return model;
  };
  const [model, quiet] = [create(), create()];
  const [given, targets, validation] = [rowsOf(x, 0, 40), rowsOf(y, 0, 40), rowsOf(x, 0, 40)];
  const fitting = model.fit(given, targets, { ...options, validationData: [validation, targets] });
  for (const { data, shape } of [given, targets, validation]) {
    data.fill(NaN);
    shape.fill(1);
  }
  expect((await fitting).history).toEqual((await quiet.fit(x, y, { ...options, validationData: [x, y] })).history);
  expect(valuesOf(model)).toEqual(valuesOf(quiet));
});

describe('a second model over the same layers', () => {
  const create = () => {
    const start = input({ shape: [null, 2] });
    const hidden = layers.gru({ units: 4, name: 'shared' }).apply(start);
    const first = functional({ name: 'first', inputs: start, outputs: layers.dense({ units: 1 }).apply(hidden) });
    const second = functional({ name: 'second', inputs: start, outputs: layers.dense({ units: 1 }).apply(hidden) });
    for (const model of [first, second]) model.compile({ optimizer: 'adam', loss: 'mse' });
    return [first, second] as const;
  };

  test('cannot change their weights meanwhile; it can afterwards', async () => {
    const [[first, second], [quiet]] = [create(), create()];
    const batch = [rowsOf(x, 0, 10), rowsOf(y, 0, 10)] as const;
    const running = 'fit of "first" is running over shared; abort it or wait for it';
    const fitting = first.fit(x, y, options);
    await expect(second.fit(x, y, options)).rejects.toThrow(`second: fit: ${running}`);
    const { history } = await between(fitting, () => {
      expect(() => second.setWeights(second.getWeights())).toThrow(`second: setWeights: ${running}`);
      expect(() => second.trainOnBatch(...batch)).toThrow(`second: trainOnBatch: ${running}`);
      second.compile({ optimizer: 'sgd', loss: 'mse' });
      second.evaluate(...batch);
      second.gradients(...batch);
    });
    expect(history).toEqual((await quiet.fit(x, y, options)).history);
    expect(valuesOf(first)).toEqual(valuesOf(quiet));
    second.setWeights(second.getWeights());
    expect(second.trainOnBatch(...batch).loss).toBeGreaterThan(0);
    await expect(first.fit(x, y, { ...options, signal: AbortSignal.abort() })).rejects.toThrow('aborted');
    expect((await second.fit(x, y, options)).epoch.length).toBe(10);
  });

  test('trains meanwhile over layers of its own', async () => {
    const [[first], [quiet]] = [create(), create()];
    const { inputs } = first.graph;
    const apart = functional({ inputs: [...inputs], outputs: layers.gru({ units: 1 }).apply(inputs[0]) });
    apart.compile({ optimizer: 'sgd', loss: 'mse' });
    await between(first.fit(x, y, options), () => apart.trainOnBatch(rowsOf(x, 0, 10), rowsOf(y, 0, 10)));
    await quiet.fit(x, y, options);
    expect(valuesOf(first)).toEqual(valuesOf(quiet));
  });
});

describe('validation', () => {
  const create = () => {
    const model = sequential({ layers: [layers.gru({ units: 16, stateful: true, inputShape: [null, 2] })] });
    model.compile({ optimizer: 'sgd', loss: 'mse' });
    return model;
  };
  const [few, wanted] = [rowsOf(x, 0, 1), { data: random.normals(16), shape: [1, 16] }];
  const many: Plain = { data: random.normals(2000 * 20 * 2), shape: [2000, 20, 2] };
  const validationData = [many, { data: random.normals(2000 * 16), shape: [2000, 16] }] as const;

  test('lets other tasks run, and stops between its batches for a signal', async () => {
    const model = create();
    // A clock by which every batch takes 10 ms.
    const time = { ms: 0 };
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => (time.ms += 10));
    const waits = vi.spyOn(globalThis, 'setTimeout');
    await model.fit(few, wanted, { validationData, batchSize: 1, verbose: 0 });
    expect(waits.mock.calls.length).toBeGreaterThan(500);
    clock.mockRestore();
    waits.mockRestore();

    const controller = new AbortController();
    const fitting = model.fit(few, wanted, { validationData, batchSize: 1, signal: controller.signal, verbose: 0 });
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    controller.abort(new Error('enough'));
    await expect(fitting).rejects.toThrow('enough');
  });

  test('leaves the states of the last batch to what predicts meanwhile, and its memory when it ends', async () => {
    const [model, stepped] = [create(), create()];
    stepped.trainOnBatch(few, wanted);
    const expected = stepped.predict(few).data;
    const seen: Float32Array[] = [];
    const onTestBatchEnd = () => {
      seen.push(model.predict(few).data);
    };
    await model.fit(few, wanted, { validationData, batchSize: 1, verbose: 0, callbacks: [{ onTestBatchEnd }] });
    expect(seen.length).toBeGreaterThan(1);
    for (const data of seen) expect(data).toEqual(expected);
    const allocate = vi.spyOn(model.workspace, 'allocate');
    const release = vi.spyOn(model.workspace, 'release');
    await model.fit(few, wanted, { validationData, batchSize: 1, verbose: 0 });
    expect(allocate.mock.calls.length).toBe(release.mock.calls.length);
  });
});
