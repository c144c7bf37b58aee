/** Training that stops anywhere and goes on from its checkpoint ends with the bits of one that never stopped. */
import { mkdtempSync, readFileSync, existsSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import {
  callbacks,
  layers,
  loadModel,
  optimizers,
  sequential,
  type FitOptions,
  type TrainableModel,
} from '../../src/index.js';
import { createRandom } from '../random.js';

const folder = mkdtempSync(join(tmpdir(), 'bucle-resume-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const random = createRandom(41);
const x = { data: random.normals(14 * 5 * 2), shape: [14, 5, 2] };
const y = { data: random.normals(14), shape: [14, 1] };
const options = { epochs: 3, batchSize: 4, seed: 5, verbose: 0, validationSplit: 0.15 } as const;

function create(optimizer: Parameters<TrainableModel['compile']>[0]['optimizer'] = 'adam'): TrainableModel {
  const model = sequential({
    layers: [
      layers.lstm({ units: 4, dropout: 0.3, recurrentDropout: 0.2, inputShape: [null, 2] }),
      layers.batchNormalization(),
      layers.dropout({ rate: 0.4 }),
      layers.dense({ units: 1 }),
    ],
  });
  model.compile({ optimizer, loss: 'mse', metrics: ['mae'] });
  return model;
}

const bytesOf = (model: TrainableModel): Uint8Array => model.toSafetensors({ optimizer: true });

/** Trains until so many batches are done, saving a checkpoint after each, and throws. */
async function trainUntil(model: TrainableModel, path: string, batches: number, more: FitOptions = {}): Promise<void> {
  let done = 0;
  const crash = {
    onTrainBatchEnd: () => {
      if (++done > batches) throw new Error('crash');
    },
  };
  const checkpoint = callbacks.modelCheckpoint({ path, saveFreq: 1 });
  await model
    .fit(x, y, { ...options, ...more, callbacks: [checkpoint, ...(more.callbacks ?? []), crash] })
    .catch((error: unknown) => {
      if ((error as Error).message !== 'crash') throw error;
    });
}

describe.each([
  'sgd',
  'adam',
  'rmsprop',
  'adagrad',
  optimizers.sgd({ momentum: 0.9, nesterov: true, globalClipNorm: 1 }),
] as const)('with %j', (optimizer) => {
  test('after every batch', async () => {
    const whole = create(optimizer);
    const checkpoint = callbacks.modelCheckpoint({ path: join(folder, 'whole'), saveFreq: 1 });
    const history = await whole.fit(x, y, { ...options, callbacks: [checkpoint] });
    for (let batches = 1; batches < 9; batches++) {
      const path = join(folder, 'stopped');
      await trainUntil(create(optimizer), path, batches);
      const model = loadModel(new Uint8Array(readFileSync(path)));
      const again = await model.fit(x, y, { ...options, resume: true, callbacks: [checkpoint] });
      expect(again, `after ${batches}`).toEqual(history);
      expect(bytesOf(model), `after ${batches}`).toEqual(bytesOf(whole));
    }
  });
});

test('without the optimizer’s state it would end with other bits', async () => {
  const whole = create();
  await whole.fit(x, y, options);
  const path = join(folder, 'forgetful');
  await trainUntil(create(), path, 4);
  const model = loadModel(new Uint8Array(readFileSync(path)));
  const weights = model.getWeights();
  model.compile({ optimizer: 'adam', loss: 'mse', metrics: ['mae'] });
  await model.fit(x, y, { ...options, initialEpoch: 1 });
  expect(weights.length).toBe(whole.getWeights().length);
  expect(model.getWeights().map(({ data }) => data)).not.toEqual(whole.getWeights().map(({ data }) => data));
});

test('states of stateful layers, of early stopping and of a changed learning rate go on', async () => {
  const make = (): TrainableModel => {
    const model = sequential({
      layers: [layers.gru({ units: 3, stateful: true, inputShape: [null, 2] }), layers.dense({ units: 1 })],
    });
    model.compile({ optimizer: optimizers.adam({ learningRate: 0.05 }), loss: 'mse' });
    return model;
  };
  const list = [
    callbacks.reduceLROnPlateau({ monitor: 'loss', patience: 1, factor: 0.5, minDelta: 1 }),
    callbacks.earlyStopping({ monitor: 'loss', patience: 4, minDelta: 1, restoreBestWeights: true }),
  ];
  const more = { epochs: 12, batchSize: 7, validationSplit: 0, callbacks: list };
  const whole = make();
  const history = await whole.fit(x, y, { ...options, ...more });
  expect(history.epoch.length).toBeLessThan(12);
  for (const batches of [1, 4, 7]) {
    const path = join(folder, 'stateful');
    await trainUntil(make(), path, batches, more);
    const model = loadModel(new Uint8Array(readFileSync(path)));
    const resumed = await model.fit(x, y, {
      ...options,
      ...more,
      resume: true,
      callbacks: [callbacks.modelCheckpoint({ path, saveFreq: 1 }), ...list],
    });
    expect(resumed.history).toEqual(history.history);
    expect(model.getWeights().map(({ data }) => data)).toEqual(whole.getWeights().map(({ data }) => data));
  }
});

test('backupAndRestore: the same program, started again', async () => {
  const whole = create();
  const backup = callbacks.backupAndRestore({ path: join(folder, 'backup'), saveFreq: 2 });
  const history = await whole.fit(x, y, { ...options, callbacks: [backup] });
  expect(existsSync(join(folder, 'backup'))).toBe(false);
  for (const crashAt of [3, 6, 8]) {
    let done = 0;
    const crash = {
      onTrainBatchEnd: () => {
        if (++done === crashAt) throw new Error('crash');
      },
    };
    await expect(create().fit(x, y, { ...options, callbacks: [backup, crash] })).rejects.toThrow('crash');
    expect(existsSync(join(folder, 'backup'))).toBe(true);
    const again = create();
    expect((await again.fit(x, y, { ...options, callbacks: [backup] })).history).toEqual(history.history);
    expect(bytesOf(again)).toEqual(bytesOf(whole));
    expect(existsSync(join(folder, 'backup'))).toBe(false);
  }
});

test('other data or options than the checkpoint’s are refused', async () => {
  const path = join(folder, 'refused');
  await trainUntil(create(), path, 2);
  const model = loadModel(new Uint8Array(readFileSync(path)));
  const resume = (more: FitOptions) => model.fit(x, y, { ...options, ...more, resume: true });
  await expect(resume({ batchSize: 5 })).rejects.toThrow('resume: batchSize: expected 4, as in the checkpoint, got 5');
  await expect(resume({ seed: 6 })).rejects.toThrow('resume: seed: expected 5, as in the checkpoint, got 6');
  await expect(resume({ shuffle: false })).rejects.toThrow(
    'resume: shuffle: expected true, as in the checkpoint, got false',
  );
  await expect(resume({ validationSplit: 0 })).rejects.toThrow(
    'resume: rows: expected 11, as in the checkpoint, got 14',
  );
  await expect(create().fit(x, y, { ...options, resume: true })).rejects.toThrow('not loaded from a checkpoint of fit');
});

describe('batches to iterate over', () => {
  const rows = (from: number, to: number) =>
    [
      { data: x.data.slice(10 * from, 10 * to), shape: [to - from, 5, 2] },
      { data: y.data.slice(from, to), shape: [to - from, 1] },
    ] as const;
  const all = [rows(0, 4), rows(4, 8), rows(8, 12), rows(12, 14)];
  const quietly = { epochs: 3, seed: 5, verbose: 0 } as const;
  async function* slowly() {
    for (const one of all) {
      await Promise.resolve();
      yield one;
    }
  }

  test.each([
    ['something to iterate over', { [Symbol.iterator]: () => all[Symbol.iterator]() }, {}],
    ['a function that makes a generator', () => all.values(), {}],
    ['an async one', slowly, {}],
    ['an object with epochs', { epoch: () => all.values() }, {}],
    [
      'an endless generator',
      (function* endless() {
        for (;;) yield* all;
      })(),
      { stepsPerEpoch: 4 },
    ],
  ])('%s trains as arrays do', async (_, batches, more) => {
    const [one, two] = [create(), create()];
    const expected = await one.fit(x, y, { ...quietly, batchSize: 4, shuffle: false });
    expect(await two.fit(batches as never, { ...quietly, ...more })).toEqual(expected);
    expect(two.getWeights().map(({ data }) => data)).toEqual(one.getWeights().map(({ data }) => data));
  });

  test('a generator that is used up, and what is no batch, are said', async () => {
    await expect(create().fit(all.values(), quietly)).rejects.toThrow('a generator is used up once');
    await expect(create().fit(() => all.values(), { ...quietly, stepsPerEpoch: 5 })).resolves.toBeDefined();
    await expect(create().fit(() => [5] as never, quietly)).rejects.toThrow(
      'a batch: expected [x, y] or [x, y, sampleWeight], got 5',
    );
    await expect(create().fit(() => all.values(), { ...quietly, validationSplit: 0.1 })).rejects.toThrow(
      'expected arrays to split',
    );
  });

  test('a resumed training skips what it has had', async () => {
    const path = join(folder, 'iterated');
    const whole = create();
    const checkpoint = callbacks.modelCheckpoint({ path, saveFreq: 1 });
    await whole.fit(() => all.values(), { ...quietly, callbacks: [checkpoint] });
    let done = 0;
    const crash = {
      onTrainBatchEnd: () => {
        if (++done === 7) throw new Error('crash');
      },
    };
    await expect(create().fit(() => all.values(), { ...quietly, callbacks: [checkpoint, crash] })).rejects.toThrow(
      'crash',
    );
    const model = loadModel(new Uint8Array(readFileSync(path)));
    await model.fit(() => all.values(), { ...quietly, resume: true, callbacks: [checkpoint] });
    expect(bytesOf(model)).toEqual(bytesOf(whole));
  });
});

test('initialEpoch, validationFreq, weights of validation, and hooks in Keras’s order', async () => {
  const events: string[] = [];
  const hooks = ['onTrainBegin', 'onTrainEnd', 'onEpochBegin', 'onEpochEnd', 'onTrainBatchBegin', 'onTrainBatchEnd', 'onTestBegin', 'onTestEnd', 'onTestBatchBegin', 'onTestBatchEnd']; // prettier-ignore
  const spy = Object.fromEntries(
    hooks.map((hook) => [
      hook,
      ({ epoch, batch }: { epoch?: number; batch?: number }) =>
        events.push(`${hook} ${epoch ?? ''} ${batch ?? ''}`.trim()),
    ]),
  );
  const ones = new Float32Array(14).fill(0.5);
  const history = await create().fit(x, y, {
    epochs: 4,
    initialEpoch: 2,
    batchSize: 14,
    verbose: 0,
    validationData: [x, y, { data: ones, shape: [14] }],
    validationFreq: 2,
    callbacks: [spy],
  });
  expect(history.epoch).toEqual([2, 3]);
  expect(history.history.valLoss.length).toBe(1);
  expect(events).toEqual([
    ...['onTrainBegin', 'onEpochBegin 2', 'onTrainBatchBegin 2 0', 'onTrainBatchEnd 2 0', 'onEpochEnd 2'],
    ...['onEpochBegin 3', 'onTrainBatchBegin 3 0', 'onTrainBatchEnd 3 0', 'onTestBegin 3', 'onTestBatchBegin 3 0'],
    ...['onTestBatchEnd 3 0', 'onTestEnd 3', 'onEpochEnd 3', 'onTrainEnd'],
  ]);
  const twice = create();
  await twice.fit(x, y, { epochs: 1, verbose: 0, sampleWeight: ones });
  const half = twice.evaluate(x, y, { sampleWeight: ones }).loss;
  expect(half).toBeCloseTo(twice.evaluate(x, y).loss / 2, 5);
});
