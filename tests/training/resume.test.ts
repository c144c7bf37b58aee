/** Training that stops anywhere and goes on from its checkpoint ends with the bits of one that never stopped. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import {
  callbacks,
  layers,
  loadModel,
  losses,
  optimizers,
  schedules,
  sequential,
  type Callback,
  type CallbackOption,
  type CompileArguments,
  type FitOptions,
  type TrainableModel,
} from '../../src/index.js';
import { readSafetensors } from '../../src/formats/load-safetensors.js';
import { writeSafetensors } from '../../src/formats/safetensors.js';
import { createRandom } from '../random.js';
import { keepCheckpoints } from './kept-checkpoints.js';

const folder = mkdtempSync(join(tmpdir(), 'bucle-resume-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const random = createRandom(41);
const x = { data: random.normals(14 * 5 * 2), shape: [14, 5, 2] };
const y = { data: random.normals(14), shape: [14, 1] };
const options = { epochs: 3, batchSize: 4, seed: 5, verbose: 0, validationSplit: 0.15 } as const;

function create(optimizer: CompileArguments['optimizer'] = 'adam'): TrainableModel {
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

/** Trains, and once more from each checkpoint on that this left: all must end with the same bits and the same history. */
async function expectSameFromEach(make: () => TrainableModel, more: FitOptions, targets = y): Promise<number> {
  using kept = keepCheckpoints();
  const fit = (model: TrainableModel, resume: boolean) =>
    model.fit(x, targets, { ...options, ...more, resume, callbacks: [...(more.callbacks ?? []), kept.callback] });
  const whole = make();
  const history = await fit(whole, false);
  const files = kept.files.splice(0);
  for (const [i, file] of files.entries()) {
    const model = loadModel(file);
    expect(await fit(model, true), `from checkpoint ${i}`).toEqual(history);
    expect(bytesOf(model), `from checkpoint ${i}`).toEqual(bytesOf(whole));
  }
  return files.length;
}

describe('from the end of every batch and epoch', () => {
  test.each([
    'sgd',
    'adam',
    'adamw',
    'nadam',
    'adamax',
    'rmsprop',
    'adagrad',
    'adadelta',
    'lion',
    optimizers.sgd({ momentum: 0.9, nesterov: true, globalClipNorm: 1 }),
    optimizers.rmsprop({ momentum: 0.5, centered: true }),
    optimizers.adam({ epsilonHat: true, amsgrad: true, clipNorm: 0.5, useEma: true }),
    optimizers.adam({
      learningRate: schedules.exponentialDecay({ initialLearningRate: 0.1, decaySteps: 2, decayRate: 0.5 }),
    }),
    optimizers.adamw({ gradientAccumulationSteps: 2, useEma: true, emaOverwriteFrequency: 3 }),
  ] as const)('with %j', async (optimizer) => {
    expect(await expectSameFromEach(() => create(optimizer), {})).toBe(12);
  });

  test('with weights of samples and classes, and metrics that are sums of much', async () => {
    const make = () => {
      const model = sequential({
        layers: [layers.gru({ units: 3, inputShape: [null, 2] }), layers.dense({ units: 1 })],
      });
      const metrics = ['auc', 'f1Score', 'rootMeanSquaredError'] as const;
      model.compile({ optimizer: 'adam', loss: 'binaryCrossentropy', metrics, weightedMetrics: ['mae'] });
      return model;
    };
    const labels = { ...y, data: y.data.map((value) => (value > 0 ? 1 : 0)) };
    const sampleWeight = Float32Array.from({ length: 14 }, (_, i) => 1 + (i % 3));
    await expectSameFromEach(make, { sampleWeight, classWeight: { 0: 2 }, validationFreq: 2 }, labels);
  });

  test('with stateful layers, whose states a callback resets, in each epoch or every other batch', async () => {
    const make = () => {
      const rnn = layers.gru({ units: 3, stateful: true, dropout: 0.2, inputShape: [null, 2] });
      const model = sequential({ layers: [rnn, layers.dense({ units: 1 })] });
      model.compile({ optimizer: 'adam', loss: 'mse' });
      return model;
    };
    const stateful = { batchSize: 2, validationSplit: 0 };
    await expectSameFromEach(make, stateful);
    const eachEpoch: Callback = { onEpochBegin: ({ training }) => training.resetStates() };
    await expectSameFromEach(make, { ...stateful, callbacks: [eachEpoch] });
    const everyOther: Callback = {
      onTrainBatchEnd: ({ batch, training }) => {
        if (batch % 2 === 1) training.resetStates();
      },
    };
    await expectSameFromEach(make, { ...stateful, callbacks: [everyOther] });
  });

  test('with early stopping, plateaus and a schedule of epochs', async () => {
    const list: CallbackOption[] = [
      callbacks.reduceLROnPlateau({ monitor: 'loss', patience: 1, factor: 0.5, minDelta: 1 }),
      callbacks.earlyStopping({ monitor: 'loss', patience: 4, minDelta: 1, restoreBestWeights: true }),
    ];
    expect(await expectSameFromEach(create, { epochs: 12, callbacks: list })).toBeLessThan(12 * 4);
    const schedule = (epoch: number, rate: number) => (epoch < 1 ? rate : rate / 2);
    await expectSameFromEach(create, { callbacks: [callbacks.learningRateScheduler({ schedule })] });
  });

  test('where a callback stops it in the middle of an epoch', async () => {
    const stop: Callback = {
      onTrainBatchEnd: ({ epoch, batch, training }) => {
        if (epoch === 1 && batch === 1) training.stop('enough');
      },
    };
    expect(await expectSameFromEach(create, { callbacks: [stop] })).toBe(4 + 3);
  });
});

test('a resume that forgot what the optimizer remembers, and nothing else, would end with other bits', async () => {
  using kept = keepCheckpoints();
  const whole = create();
  await whole.fit(x, y, { ...options, callbacks: [kept.callback] });
  const weightsAfter = async (file: Uint8Array) => {
    const model = loadModel(file);
    await model.fit(x, y, { ...options, resume: true });
    return model.getWeights().map(({ data }) => data);
  };
  const expected = whole.getWeights().map(({ data }) => data);
  const file = kept.files[5];
  expect(await weightsAfter(file)).toEqual(expected);
  const { tensors, metadata } = readSafetensors('test', file);
  for (const { name, data } of tensors) if (name.startsWith('training:optimizer')) data.fill(0);
  expect(await weightsAfter(writeSafetensors({ tensors, metadata }))).not.toEqual(expected);
});

describe('backupAndRestore', () => {
  const path = join(folder, 'backup');
  const backup = callbacks.backupAndRestore({ path, saveFreq: 2 });
  const crashAfter = (batches: number): Callback => ({
    onTrainBatchEnd: () => {
      if (--batches === 0) throw new Error('crash');
    },
  });

  test('the same program, started again', async () => {
    const whole = create();
    const history = await whole.fit(x, y, { ...options, callbacks: [backup] });
    expect(existsSync(path)).toBe(false);
    for (const batches of [3, 6, 8]) {
      const crashing = create().fit(x, y, { ...options, callbacks: [backup, crashAfter(batches)] });
      await expect(crashing).rejects.toThrow('crash');
      expect(existsSync(path)).toBe(true);
      const again = create();
      expect((await again.fit(x, y, { ...options, callbacks: [backup] })).history).toEqual(history.history);
      expect(bytesOf(again)).toEqual(bytesOf(whole));
      expect(existsSync(path)).toBe(false);
    }
  });

  test('with a loss of one’s own, which stands as a graph in the file', async () => {
    const make = () => {
      const model = create();
      const loss = losses.custom({
        name: 'cubed',
        build: (yTrue, yPred) => {
          const error = layers.subtract().apply([yTrue, yPred]);
          return layers.multiply().apply([error, layers.multiply().apply([error, error])]);
        },
      });
      model.compile({ optimizer: 'adam', loss });
      return model;
    };
    const whole = make();
    await whole.fit(x, y, options);
    await expect(make().fit(x, y, { ...options, callbacks: [backup, crashAfter(5)] })).rejects.toThrow('crash');
    const again = make();
    await again.fit(x, y, { ...options, callbacks: [backup] });
    expect(bytesOf(again)).toEqual(bytesOf(whole));
  });

  test('another program is refused, and its model left alone', async () => {
    const crashing = create().fit(x, y, { ...options, callbacks: [backup, crashAfter(3)] });
    await expect(crashing).rejects.toThrow('crash');
    const refused = async (model: TrainableModel, more: FitOptions, message: string) => {
      const before = bytesOf(model);
      const fit = model.fit(x, y, { ...options, ...more, callbacks: [backup] });
      await expect(fit).rejects.toThrow(`sequential: fit: resume: ${message}`);
      expect(bytesOf(model)).toEqual(before);
    };
    await refused(create(), { seed: 6 }, 'seed: expected 5, as in the checkpoint, got 6');
    await refused(create('sgd'), {}, "compile: optimizer: expected 'adam', as in the checkpoint, got 'sgd'");
    await refused(
      create(optimizers.adam({ learningRate: 0.5 })),
      {},
      'compile: optimizer: expected \'adam\', as in the checkpoint, got {"kind":"adam","learningRate":0.5}',
    );
    const other = sequential({ layers: [layers.gru({ units: 1, inputShape: [null, 2] })] });
    other.compile({ optimizer: 'adam', loss: 'mse', metrics: ['mae'] });
    await refused(other, {}, 'expected the layers of the checkpoint, got others');
    await create().save(path);
    await refused(create(), {}, 'expected a checkpoint, got a file without the optimizer');
    await create().save(path, { optimizer: true });
    await refused(create(), {}, 'the backup was not written as a checkpoint of fit');
    writeFileSync(path, readFileSync(path).subarray(0, -4));
    await expect(create().fit(x, y, { ...options, callbacks: [backup] })).rejects.toThrow('data_offsets');
  });
});

describe('a model of a checkpoint', () => {
  const checkpoint = async (make = create, more: FitOptions = {}): Promise<Uint8Array> => {
    using kept = keepCheckpoints();
    await make().fit(x, y, { ...options, ...more, callbacks: [kept.callback] });
    return kept.files[1];
  };
  const lost = 'fit: resume: the model was not loaded from a checkpoint of fit, or was changed since';

  test('refuses other data or options than the checkpoint’s, and can still go on then', async () => {
    const model = loadModel(await checkpoint());
    const resume = (more: FitOptions = {}) => model.fit(x, y, { ...options, ...more, resume: true });
    const refused = (more: FitOptions, message: string) =>
      expect(resume(more)).rejects.toThrow(new TypeError(`sequential: fit: resume: ${message}`));
    await refused({ batchSize: 5 }, 'batchSize: expected 4, as in the checkpoint, got 5');
    await refused({ seed: 6 }, 'seed: expected 5, as in the checkpoint, got 6');
    await refused({ shuffle: false }, 'shuffle: expected true, as in the checkpoint, got false');
    await refused({ validationSplit: 0 }, 'rows: expected 11, as in the checkpoint, got 14');
    await expect(model.fit(() => [], { verbose: 0, seed: 5, resume: true })).rejects.toThrow(
      'resume: expected arrays, as in the checkpoint, got batches to iterate over',
    );
    const whole = create();
    const history = await whole.fit(x, y, options);
    expect(await resume()).toEqual(history);
    expect(bytesOf(model)).toEqual(bytesOf(whole));
  });

  test('goes on once, and only if nothing has trained or set it since', async () => {
    const file = await checkpoint();
    const change: ((model: TrainableModel) => unknown)[] = [
      (model) => model.fit(x, y, options),
      (model) => model.fit(x, y, { ...options, resume: true }),
      (model) => model.trainOnBatch(x, y),
      (model) => model.setWeights(model.getWeights()),
      (model) => model.compile({ optimizer: 'adam', loss: 'mse', metrics: ['mae'] }),
    ];
    for (const act of change) {
      const model = loadModel(file);
      await act(model);
      await expect(model.fit(x, y, { ...options, resume: true })).rejects.toThrow(lost);
    }
    await expect(create().fit(x, y, { ...options, resume: true })).rejects.toThrow(lost);
    const outside = loadModel(create().toSafetensors({ optimizer: true }));
    await expect(outside.fit(x, y, { ...options, resume: true })).rejects.toThrow(lost);
  });

  test('may predict and evaluate before: states are those of the checkpoint', async () => {
    const make = () => {
      const model = sequential({ layers: [layers.gru({ units: 1, stateful: true, inputShape: [null, 2] })] });
      model.compile({ optimizer: 'adam', loss: 'mse' });
      return model;
    };
    const stateful = { batchSize: 7, validationSplit: 0 };
    const [model, whole] = [loadModel(await checkpoint(make, stateful)), make()];
    await whole.fit(x, y, { ...options, ...stateful });
    model.evaluate(x, y, { batchSize: 7 });
    model.resetStates();
    model.predict(x);
    await model.fit(x, y, { ...options, ...stateful, resume: true });
    expect(bytesOf(model)).toEqual(bytesOf(whole));
  });

  test('trains for more epochs than was said at first', async () => {
    const file = await checkpoint(create, { epochs: 1 });
    const [model, whole] = [loadModel(file), create()];
    expect(await model.fit(x, y, { ...options, resume: true })).toEqual(await whole.fit(x, y, options));
    expect(bytesOf(model)).toEqual(bytesOf(whole));
  });
});

test.each<[string, unknown, string]>([
  ['state elsewhere', { count: 3 }, 'state: unknown option "count"; known: numbers, tensors'],
  ['other numbers', { numbers: { count: '3' } }, "state: numbers: count: expected a number, got '3'"],
  ['no tensors', { tensors: { best: [1] } }, 'state: tensors: best: expected an object of options, got [1]'],
])('a callback with %s is refused when it is to be saved: it would be lost', async (_, state, message) => {
  const callback = { name: 'mine', onEpochEnd: () => undefined, state: () => state } as Callback;
  using kept = keepCheckpoints();
  const fit = create().fit(x, y, { ...options, callbacks: [callback, kept.callback] });
  await expect(fit).rejects.toThrow(`callback "mine": ${message}`);
});

test('what no file can hold is refused before anything is trained, not at the first save', async () => {
  const model = create();
  model.compile({ optimizer: optimizers.sgd({ learningRate: (step) => 0.1 / (1 + step) }), loss: 'mse' });
  const before = model.getWeights().map(({ data }) => data);
  const path = join(folder, 'never');
  for (const callback of [callbacks.backupAndRestore({ path }), callbacks.modelCheckpoint({ path })]) {
    const fit = model.fit(x, y, { ...options, callbacks: [callback] });
    await expect(fit).rejects.toThrow('sequential: compile: learningRate: a function, which no file can hold');
  }
  expect(model.getWeights().map(({ data }) => data)).toEqual(before);
  await model.fit(x, y, { ...options, callbacks: [callbacks.modelCheckpoint({ path, optimizer: false })] });
  expect(loadModel(new Uint8Array(readFileSync(path))).predict(x).data).toEqual(model.predict(x).data);
});

test('numbers that JSON has no word for come back', async () => {
  const seen: unknown[] = [];
  const numbers = { a: Infinity, b: -Infinity, c: NaN, d: -0, e: 0.1 + 0.2, f: 5e-324 };
  const callback: Callback = {
    onEpochEnd: () => undefined,
    state: () => ({ numbers }),
    restore: (state) => void seen.push(state.numbers),
  };
  using kept = keepCheckpoints();
  await create().fit(x, y, { ...options, callbacks: [callback, kept.callback] });
  await loadModel(kept.files[0]).fit(x, y, { ...options, resume: true, callbacks: [callback] });
  expect(seen).toEqual([numbers]);
});

test('an abort in the middle of a resumed training leaves a model that trains on', async () => {
  using kept = keepCheckpoints();
  await create().fit(x, y, { ...options, callbacks: [kept.callback] });
  const controller = new AbortController();
  const abort: Callback = {
    onTrainBatchEnd: () => {
      controller.abort(new Error('enough'));
    },
  };
  const model = loadModel(kept.files[2]);
  const resumed = model.fit(x, y, { ...options, resume: true, signal: controller.signal, callbacks: [abort] });
  await expect(resumed).rejects.toThrow('enough');
  expect((await model.fit(x, y, options)).epoch).toEqual([0, 1, 2]);
});
