/** fit of bucle/worker is model.fit in another thread: the same bits, logs, hooks, files and errors. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import {
  callbacks,
  functional,
  input,
  layers,
  loadModel,
  losses,
  metrics,
  NonFiniteLossError,
  optimizers,
  schedules,
  sequential,
  type Batch,
  type Callback,
  type FitOptions,
  type SymbolicTensor,
  type TrainableModel,
  type Training,
} from '../../src/index.js';
import { fit } from '../../src/worker.js';
import { rowsOf, type Plain } from '../numbers.js';
import { createRandom } from '../random.js';
import { keepCheckpoints } from '../training/kept-checkpoints.js';
import { watchThreads } from '../training/watched-threads.js';

const folder = mkdtempSync(join(tmpdir(), 'bucle-worker-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const rows = 40;
const random = createRandom(91);
const draw = (...shape: number[]): Plain => ({ data: random.normals(shape.reduce((a, b) => a * b, 1)), shape });
const x = draw(rows, 5, 2);
const y = draw(rows, 1);
const settings: FitOptions = { epochs: 3, batchSize: 16, seed: 3, verbose: 0 };
const batches: readonly Batch[] = [[0, 16], [16, 33], [33, 40]].map(([from, to]) => [rowsOf(x, from, to), rowsOf(y, from, to)]); // prettier-ignore

function create(
  optimizer: Parameters<TrainableModel['compile']>[0]['optimizer'] = optimizers.adam({ learningRate: 0.02 }),
) {
  const model = sequential({
    layers: [
      layers.lstm({ units: 3, dropout: 0.2, inputShape: [null, 2] }),
      layers.dropout({ rate: 0.2 }),
      layers.dense({ units: 1 }),
    ],
  });
  model.compile({ optimizer, loss: 'mse', metrics: ['mae'] });
  return model;
}

const valuesOf = (model: TrainableModel) => model.getWeights().map(({ data }) => data);

type Fit = (model: TrainableModel, options: FitOptions) => ReturnType<TrainableModel['fit']>;
const here: Fit = (model, options) => model.fit(x, y, { ...settings, ...options });
const elsewhere: Fit = (model, options) => fit(model, x, y, { ...settings, ...options });

/** Trains in both ways and compares what there is to compare. */
async function expectTheSame(options: (place: 'here' | 'elsewhere') => FitOptions, make = create): Promise<void> {
  const [one, other] = [make(), make()];
  const histories = [await here(one, options('here')), await elsewhere(other, options('elsewhere'))];
  expect(histories[1]).toEqual({ ...histories[0] });
  expect(valuesOf(other)).toEqual(valuesOf(one));
  expect(other.toSafetensors({ optimizer: true })).toEqual(one.toSafetensors({ optimizer: true }));
  expect(other.optimizer).toEqual(one.optimizer);
  // What comes next goes on from there.
  expect(other.trainOnBatch(x, y)).toEqual(one.trainOnBatch(x, y));
  expect({ ...(await other.fit(x, y, settings)) }).toEqual({ ...(await one.fit(x, y, settings)) });
}

describe('the same bits', () => {
  test.each<[string, FitOptions]>([
    ['plainly', {}],
    ['in parts, in three threads', { workers: 3 }],
    ['with validation, after some epochs', { validationSplit: 0.2, validationFreq: 2 }],
    ['with other data to validate with', { validationData: [rowsOf(x, 0, 9), rowsOf(y, 0, 9)] }],
    ['with batches to validate with', { validationData: () => batches }],
    ['with weights', { sampleWeight: Float32Array.from({ length: rows }, (_, i) => i % 3) }],
    [
      'with weights of classes',
      { classWeight: { 0: 2 }, sampleWeight: Float32Array.from({ length: rows }, (_, i) => i) },
    ],
    [
      'with parts of larger arrays',
      { sampleWeight: new Float32Array(3 * rows).fill(2, rows).subarray(rows, 2 * rows) },
    ],
    [
      'with the best weights',
      {
        epochs: 6,
        validationSplit: 0.2,
        callbacks: [callbacks.earlyStopping({ patience: 1, restoreBestWeights: true, minDelta: 1 })],
      },
    ],
    ['with a schedule that stops', { callbacks: [callbacks.earlyStopping({ monitor: 'loss', patience: 1 })] }],
  ])('%s', async (_, options) => {
    await expectTheSame(() => options);
  });

  test('of a schedule, and averages of the weights', async () => {
    const learningRate = schedules.exponentialDecay({ initialLearningRate: 0.1, decaySteps: 2, decayRate: 0.5 });
    await expectTheSame(
      () => ({}),
      () => create(optimizers.sgd({ learningRate, momentum: 0.9, useEma: true })),
    );
  });

  test('of a loss and a metric of one’s own, and layers that are frozen', async () => {
    await expectTheSame(
      () => ({ workers: 2 }),
      () => {
        const [a, b] = [input({ shape: [null, 2], name: 'a' }), layers.lstm({ units: 3, name: 'frozen' })];
        const both = layers.add().apply([b.apply(a), layers.gru({ units: 3 }).apply(a)]);
        const model = functional({ inputs: a, outputs: layers.dense({ units: 1 }).apply(both) });
        model.getLayer('frozen').trainable = false;
        const build = (yTrue: SymbolicTensor, yPred: SymbolicTensor) => layers.subtract().apply([yTrue, yPred]);
        const loss = losses.custom({
          name: 'squares',
          build: (yTrue, yPred) => layers.multiply().apply([build(yTrue, yPred), build(yTrue, yPred)]),
        });
        model.compile({ optimizer: 'adam', loss, metrics: [metrics.custom({ name: 'own', build })] });
        return model;
      },
    );
  });

  test('of several inputs and outputs by name, and of tensors', async () => {
    const make = () => {
      const [a, b] = [input({ shape: [null, 2], name: 'a' }), input({ shape: [1], name: 'b' })];
      const h = layers.gru({ units: 2 }).apply(a);
      const both = layers.concatenate().apply([h, b]);
      const model = functional({ inputs: [a, b], outputs: [layers.dense({ units: 1, name: 'c' }).apply(both)] });
      model.compile({ optimizer: 'adam', loss: { c: 'mse' } });
      return model;
    };
    const [one, other] = [make(), make()];
    const given = { a: one.predict({ a: x, b: y }).shape.length === 2 ? x : y, b: y };
    const target = { c: one.predict({ a: x, b: y }) };
    await one.fit(given, target, settings);
    await fit(other, given, target, settings);
    expect(valuesOf(other)).toEqual(valuesOf(one));
  });

  test('of several outputs, whose losses add up also where a mask leaves unlike shares of batches', async () => {
    const make = () => {
      const given = input({ shape: [null, 2] });
      const sequence = layers.masking().apply(layers.activation({ activation: 'relu' }).apply(given));
      const outputs = ['p', 'r'].map((name) => layers.gru({ units: 1, name, returnSequences: true }).apply(sequence));
      const model = functional({ inputs: given, outputs });
      model.compile({ optimizer: 'adam', loss: 'mse' });
      return model;
    };
    const [one, other, target] = [make(), make(), draw(rows, 5, 1)];
    const options = { ...settings, validationSplit: 0.4 };
    const { history } = await one.fit(x, [target, target], options);
    expect((await fit(other, x, [target, target], options)).history).toEqual(history);
    history.loss.forEach((loss, epoch) => {
      expect(history.pLoss[epoch] + history.rLoss[epoch]).toBeCloseTo(loss, 12);
      expect(history.valPLoss[epoch] + history.valRLoss[epoch]).toBeCloseTo(history.valLoss[epoch], 12);
    });
  });

  test('of a stateful model', async () => {
    const make = () => {
      const model = sequential({
        layers: [layers.gru({ units: 2, stateful: true, batchInputShape: [8, null, 2] }), layers.dense({ units: 1 })],
      });
      model.compile({ optimizer: 'adam', loss: 'mse' });
      return model;
    };
    const [one, other] = [make(), make()];
    const options = { epochs: 2, seed: 1, verbose: 0 } as const;
    await one.fit(x, y, options);
    await fit(other, x, y, options);
    expect(valuesOf(other)).toEqual(valuesOf(one));
    const next = rowsOf(x, 0, 8);
    expect(other.predict(next).data).toEqual(one.predict(next).data);
  });

  test('of batches that are iterated over, which are asked for as they are needed', async () => {
    const [one, other] = [create(), create()];
    const given: number[] = [];
    let closed = 0;
    async function* endless(epoch: number) {
      try {
        for (let i = 0; ; i++) {
          await Promise.resolve();
          given.push(epoch * 100 + i);
          yield batches[i % 3];
        }
      } finally {
        closed++;
      }
    }
    const options = { epochs: 3, stepsPerEpoch: 4, seed: 3, verbose: 0 } as const;
    await one.fit(endless, options);
    const wanted = given.splice(0);
    await fit(other, endless, { ...options, workers: 2 });
    expect(given).toEqual(wanted);
    expect(closed).toBe(2);
    const alone = create();
    await alone.fit(endless, { ...options, workers: 1 });
    expect(valuesOf(other)).toEqual(valuesOf(alone));
  });

  test('of batches that are taken from where the last training left them', async () => {
    const taken: unknown[][] = [];
    for (const train of ['here', 'elsewhere']) {
      let [given, closed] = [0, 0];
      function* endless() {
        try {
          for (;;) yield batches[given++ % 3];
        } finally {
          closed++;
        }
      }
      const [handedIn, model] = [endless(), create()];
      const options = { stepsPerEpoch: 2, verbose: 0 } as const;
      for (let i = 0; i < 2; i++)
        await (train === 'here' ? model.fit(handedIn, options) : fit(model, handedIn, options));
      taken.push([given, closed, valuesOf(model)]);
    }
    expect(taken[1]).toEqual(taken[0]);
    expect(taken[0].slice(0, 2)).toEqual([4, 0]);
  });

  test('of a training that is resumed', async () => {
    const path = join(folder, 'checkpoint.safetensors');
    const whole = create();
    await here(whole, {});
    const stopped = create();
    await elsewhere(stopped, {
      epochs: 3,
      callbacks: [
        callbacks.modelCheckpoint({ path, saveFreq: 4 }),
        {
          onTrainBatchEnd: ({ epoch, batch, training }) => {
            if (epoch === 1 && batch === 0) training.stop();
          },
        },
      ],
    });
    const resumed = loadModel(readFileSync(path));
    await elsewhere(resumed, { resume: true });
    expect(stopped.optimizer.iterations).toBeLessThan(whole.optimizer.iterations);
    // It stopped in its second epoch, as the checkpoint knows.
    expect(valuesOf(resumed)).toEqual(valuesOf(stopped));
    const again = create();
    await elsewhere(again, { callbacks: [callbacks.backupAndRestore({ path: join(folder, 'backup.safetensors') })] });
    expect(valuesOf(again)).toEqual(valuesOf(whole));
  });
});

describe('callbacks', () => {
  test('hooks of one’s own see and do the same', async () => {
    const seen: Record<string, unknown[]> = { here: [], elsewhere: [] };
    class Own implements Callback {
      readonly name = 'own';
      readonly #place: string;
      #batches = 0;
      constructor(place: string) {
        this.#place = place;
      }
      #see(...values: unknown[]) {
        seen[this.#place].push(...values);
      }
      onTrainBegin: Callback['onTrainBegin'] = ({ training: { epochs, batches: count, logNames } }) => {
        this.#see('begin', epochs, count, logNames);
      };
      onEpochBegin: Callback['onEpochBegin'] = async ({ epoch, training }) => {
        await Promise.resolve();
        if (epoch === 1) training.learningRate = 0.005;
        this.#see('epoch', epoch, training.learningRate);
      };
      onTrainBatchEnd: Callback['onTrainBatchEnd'] = ({ batch, logs, model }) => {
        this.#batches++;
        this.#see(batch, logs, model.predict(rowsOf(x, 0, 2)).data);
      };
      onTestEnd: Callback['onTestEnd'] = ({ logs }) => {
        this.#see('test', logs);
      };
      onEpochEnd: Callback['onEpochEnd'] = ({ epoch, logs, training }) => {
        this.#see('end', epoch, logs, training.getWeights().map(({ data }) => data)); // prettier-ignore
        if (epoch === 0) training.setWeights(training.getWeights().map(({ data, shape }) => ({ data: data.map((v) => v / 2), shape }))); // prettier-ignore
        if (epoch === 3) training.stop('enough');
        training.note(`after ${String(this.#batches)}`);
      };
      onTrainEnd() {
        this.#see('done');
      }
      state() {
        return { numbers: { batches: this.#batches } };
      }
    }
    const halve = callbacks.learningRateScheduler({ schedule: (epoch, rate) => (epoch === 2 ? rate / 2 : rate) });
    const late = callbacks.reduceLROnPlateau({ monitor: 'loss', patience: 1 });
    await expectTheSame((place) => ({
      epochs: 6,
      validationSplit: 0.2,
      callbacks: [new Own(place), halve, late],
    }));
    expect(seen.elsewhere).toEqual(seen.here);
    expect(seen.here.length).toBeGreaterThan(50);
  });

  test('files that hooks save hold what they did before, and states as of then; they are restored before any hook', async () => {
    const own = (path: string, seen: unknown[]): Callback[] => {
      let epochs = 0;
      const counting: Callback = {
        name: 'counting',
        onEpochEnd: async ({ epoch, training }) => {
          epochs++;
          training.learningRate = 0.01 / epochs;
          training.setWeights(
            training.getWeights().map(({ data, shape }) => ({ data: data.map((v) => v / 2), shape })),
          );
          training.note(`after ${String(epoch)}`);
          if (epoch === 1) await training.save(path);
          epochs += 10;
        },
        state: () => ({ numbers: { epochs }, tensors: { own: { data: Float32Array.of(epochs), shape: [1] } } }),
        restore: (state) => {
          seen.push(state);
        },
      };
      // The first to be called, the last to be restored.
      return [{ onTrainBegin: () => void seen.push('begin') }, counting];
    };
    const files = [];
    const seen: unknown[][] = [];
    for (const train of [here, elsewhere]) {
      const path = join(folder, 'states.safetensors');
      const found: unknown[] = [];
      const whole = create();
      await train(whole, { callbacks: own(path, []) });
      const resumed = loadModel(readFileSync(path));
      await train(resumed, { callbacks: own(join(folder, 'again.safetensors'), found), resume: true });
      files.push(readFileSync(path), resumed.toSafetensors({ optimizer: true }));
      seen.push(found);
    }
    expect(files[2]).toEqual(files[0]);
    expect(files[3]).toEqual(files[1]);
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[1]).toHaveLength(2);
  });

  test('every hook is called as it is here, in its order', async () => {
    const seen: unknown[][] = [];
    for (const train of [here, elsewhere]) {
      const calls: unknown[] = [];
      const see = (name: string, event: object) => {
        const { model, training, ...others } = event as Parameters<NonNullable<Callback['onTrainEnd']>>[0];
        calls.push([name, others, training.learningRate, model.evaluate(x, y), training.getWeights().map(({ data }) => data)]); // prettier-ignore
      };
      class Base {
        onTrainBegin(event: object) { see('train begin', event); } // prettier-ignore
        onTrainEnd(event: object) { see('train end', event); } // prettier-ignore
        onEpochBegin(event: object) { see('epoch begin', event); } // prettier-ignore
        onEpochEnd(event: object) { see('epoch end', event); } // prettier-ignore
      }
      class Own extends Base {
        async onBatchBegin(event: object) { await Promise.resolve(); see('batch begin', event); } // prettier-ignore
        onBatchEnd(event: object) { see('batch end', event); } // prettier-ignore
        onTestBegin(event: object) { see('test begin', event); } // prettier-ignore
        onTestEnd(event: object) { see('test end', event); } // prettier-ignore
        onTestBatchBegin(event: object) { see('test batch begin', event); } // prettier-ignore
        async onTestBatchEnd(event: object) { await Promise.resolve(); see('test batch end', event); } // prettier-ignore
      }
      await train(create(), { callbacks: [new Own()], validationSplit: 0.2, epochs: 2 });
      seen.push(calls);
    }
    expect(seen[1]).toEqual(seen[0]);
    expect(new Set(seen[1].map((call) => (call as [string])[0])).size).toBe(10);
  });

  test('hooks of a stateful model predict from the states of their moment, and reset them', async () => {
    const seen: unknown[][] = [];
    for (const train of ['here', 'elsewhere']) {
      const model = sequential({
        layers: [layers.gru({ units: 2, stateful: true, batchInputShape: [8, null, 2] }), layers.dense({ units: 1 })],
      });
      model.compile({ optimizer: 'adam', loss: 'mse' });
      const predicted: unknown[] = [];
      const callback: Callback = {
        onTrainBatchEnd: ({ batch, model: own, training }) => {
          predicted.push(own.predict(rowsOf(x, 0, 8)).data);
          if (batch === 2) training.resetStates();
          predicted.push(own.predict(rowsOf(x, 0, 8)).data);
        },
      };
      const options = { epochs: 2, verbose: 0, callbacks: [callback] } as const;
      await (train === 'here' ? model.fit(x, y, options) : fit(model, x, y, options));
      predicted.push(model.predict(rowsOf(x, 0, 8)).data);
      seen.push(predicted);
    }
    expect(seen[1]).toEqual(seen[0]);
  });

  test('a training that is kept can be steered when no hook runs', async () => {
    for (const train of [here, elsewhere]) {
      let kept: Training | undefined;
      let stopped = false;
      const model = create();
      const { notes, epoch } = await train(model, {
        epochs: 1_000_000,
        callbacks: [
          {
            onTrainBegin: ({ training }) => {
              kept = training;
            },
            onEpochEnd: ({ epoch: now }) => {
              if (now !== 2) return;
              setTimeout(() => {
                kept?.stop('from outside');
                stopped = true;
              }, 0);
            },
          },
        ],
      });
      expect(stopped).toBe(true);
      expect(notes).toEqual(['from outside']);
      expect(epoch.length).toBeGreaterThan(2);
      // Too late, which is no error.
      kept?.stop();
    }
  });

  test('what a hook does before it throws is done; what it must not do it is told at once', async () => {
    const trained = [];
    for (const train of [here, elsewhere]) {
      const model = create();
      const told: unknown[] = [];
      const callback: Callback = {
        onEpochEnd: ({ training }) => {
          for (const wrong of [
            () => {
              training.learningRate = -1;
            },
            () => {
              training.setWeights([]);
            },
          ]) {
            // prettier-ignore
            try {
              wrong();
            } catch (error) {
              told.push((error as Error).message);
            }
          }
          training.learningRate = 0.125;
          training.setWeights(
            training.getWeights().map(({ data, shape }) => ({ data: data.map((v) => v / 2), shape })),
          );
          throw new Error('mine');
        },
      };
      await expect(train(model, { callbacks: [callback] })).rejects.toThrow('mine');
      trained.push({ told, learningRate: model.learningRate, file: model.toSafetensors({ optimizer: true }) });
    }
    expect(trained[0].told).toHaveLength(2);
    expect(trained[0].learningRate).toBe(0.125);
    expect(trained[1]).toEqual(trained[0]);
  });

  test('files are written, and lines printed, as they are here', async () => {
    const [csv, lines] = [[] as string[], [] as string[][]];
    for (const train of [here, elsewhere]) {
      const path = join(folder, 'log.csv');
      const printed: string[] = [];
      const write = vi.spyOn(process.stderr, 'write').mockImplementation((text) => printed.push(String(text)) > 0);
      try {
        await train(create(), {
          verbose: 2,
          validationSplit: 0.2,
          callbacks: [
            callbacks.csvLogger({ path }),
            { onEpochEnd: ({ training }) => { training.note('a note'); } }, // prettier-ignore
            callbacks.earlyStopping({ monitor: 'loss', baseline: -1, patience: 1 }),
          ],
        });
      } finally {
        write.mockRestore();
      }
      csv.push(readFileSync(path, 'utf8'));
      lines.push(printed);
    }
    expect(csv[1]).toBe(csv[0]);
    expect(lines[1]).toEqual(lines[0]);
    expect(lines[0]).toHaveLength(5);
  });
});

describe('errors', () => {
  const errorOf = async (train: () => Promise<unknown>): Promise<Error> => {
    const error = await train().then(
      () => new Error('none'),
      (thrown: unknown) => thrown as Error,
    );
    return error;
  };

  test.each<[string, FitOptions]>([
    ['an option that nobody knows', { nonsense: 1 } as FitOptions],
    ['an option of another type', { epochs: 0.5 }],
    ['no number of threads', { workers: 0 }],
    ['callbacks that are none', { callbacks: [{ onEpochend: () => undefined } as Callback] }],
    ['callbacks that are no list', { callbacks: 5 as never }],
    ['a signal that is none', { signal: 5 as never }],
    ['a verbosity that nobody knows', { verbose: 5 as never }],
    ['data to validate with that does not fit', { validationData: [y, y] }],
  ])('%s: the same', async (_, options) => {
    const [one, other] = [create(), create()];
    const before = valuesOf(other);
    const errors = [await errorOf(() => here(one, options)), await errorOf(() => elsewhere(other, options))];
    expect(errors[1].message).toBe(errors[0].message);
    expect(errors[1].constructor).toBe(errors[0].constructor);
    expect(errors[0].message).not.toBe('none');
    expect(valuesOf(other)).toEqual(before);
    await elsewhere(other, { epochs: 1 });
  });

  test('data that does not fit: the same', async () => {
    const errors = [
      await errorOf(() => create().fit(y, y, settings)),
      await errorOf(() => fit(create(), y, y, settings)),
    ];
    expect(errors[1].message).toBe(errors[0].message);
    expect(errors[1]).toBeInstanceOf(TypeError);
  });

  test('a loss that is not finite has its class and its fields; the model is that of the last good batch', async () => {
    const bad = { ...x, data: x.data.map((value, i) => (i === 200 ? Infinity : value)) };
    const [one, other] = [create(), create()];
    const hooks = () => {
      const seen: unknown[] = [];
      const callback: Callback = { onNonFiniteLoss: ({ error }) => void seen.push(error.tensor, error.batch) };
      return { seen, callback };
    };
    const [a, b] = [hooks(), hooks()];
    const plain = { ...settings, shuffle: false };
    const errors = [
      await errorOf(() => one.fit(bad, y, { ...plain, callbacks: [a.callback] })),
      await errorOf(() => fit(other, bad, y, { ...plain, callbacks: [b.callback] })),
    ];
    expect(errors[1]).toBeInstanceOf(NonFiniteLossError);
    expect(Object.entries(errors[1])).toEqual(expect.arrayContaining(Object.entries(errors[0])));
    expect(errors[1].message).toBe(errors[0].message);
    expect(b.seen).toEqual(a.seen);
    expect(valuesOf(other)).toEqual(valuesOf(one));
    const { history } = await fit(create(), bad, y, { ...plain, callbacks: [callbacks.terminateOnNaN()] });
    expect(history).toEqual({});
  });

  test('what hooks and batches throw comes back as it is; batches are closed', async () => {
    const thrown = Object.assign(new Error('mine'), { own: { object: true } });
    const fail = () => {
      throw thrown;
    };
    const model = create();
    expect(await errorOf(() => elsewhere(model, { callbacks: [{ onEpochEnd: fail }] }))).toBe(thrown);
    let closed = false;
    function* two() {
      try {
        yield* batches.slice(0, 2);
        fail();
      } finally {
        closed = true;
      }
    }
    expect(await errorOf(() => fit(model, () => two(), { verbose: 0 }))).toBe(thrown);
    expect(closed).toBe(true);
    expect(model.optimizer.iterations).toBe(3 + 2);
  });

  test('what is thrown may hold what cannot be sent', async () => {
    const thrown = Object.assign(new Error('mine'), { toJSON: () => 'mine' });
    const fail = () => {
      throw thrown;
    };
    expect(await errorOf(() => elsewhere(create(), { callbacks: [{ onEpochEnd: fail }] }))).toBe(thrown);
    expect(await errorOf(() => fit(create(), fail, { verbose: 0 }))).toBe(thrown);
  });

  test('targets that are forgotten, and tensors with strides: the same', async () => {
    for (const [a, b] of [
      [x, undefined],
      [{ ...x, strides: [10, 2, 1] }, y],
      [x, null],
    ]) {
      // prettier-ignore
      const [one, other] = [
        await errorOf(() => create().fit(a as Plain, b as Plain, settings)),
        await errorOf(() => fit(create(), a as Plain, b as Plain, settings)),
      ];
      expect(other.message).toBe(one.message);
      expect(other).toBeInstanceOf(TypeError);
    }
  });

  test('what cannot be sent is refused as what are no numbers', async () => {
    const wrong = () => 1;
    for (const train of [
      (model: TrainableModel) => fit(model, wrong as never, y, settings),
      (model: TrainableModel) => fit(model, x, wrong as never, settings),
      (model: TrainableModel) => fit(model, x, y, { ...settings, sampleWeight: wrong as never }),
      (model: TrainableModel) => fit(model, x, y, { ...settings, validationData: [x, wrong as never] }),
      (model: TrainableModel) => fit(model, [[x, wrong as never]], { verbose: 0 }),
    ]) {
      const error = await errorOf(() => train(create()));
      expect(error).toBeInstanceOf(TypeError);
      expect(error.message).toMatch(/^sequential: fit: (.*: )?expected numbers, got a function$/);
    }
  });

  test('what is wrong with validation batches: the same', async () => {
    const options = { validationData: () => 5 as never };
    const [one, other] = [
      await errorOf(() => here(create(), options)),
      await errorOf(() => elsewhere(create(), options)),
    ];
    expect(other.message).toBe(one.message);
    expect(one.message).toContain('validationData');
  });

  test('a training that is refused before it begins leaves what the model was loaded from', async () => {
    using kept = keepCheckpoints();
    const whole = create();
    await here(whole, { callbacks: [kept.callback] });
    const resumed = loadModel(kept.files[1]);
    const before = resumed.toSafetensors({ optimizer: true });
    expect(await errorOf(() => fit(resumed, y, y, { ...settings, resume: true }))).toBeInstanceOf(TypeError);
    expect((await errorOf(() => elsewhere(resumed, { resume: true, seed: 4 }))).message).toContain('seed');
    expect(resumed.toSafetensors({ optimizer: true })).toEqual(before);
    await elsewhere(resumed, { resume: true });
    expect(valuesOf(resumed)).toEqual(valuesOf(whole));
  });

  test('trainable that was set since the model was compiled', async () => {
    using threads = watchThreads();
    const model = create();
    model.layers[1].trainable = false;
    expect((await errorOf(() => elsewhere(model, {}))).message).toBe(
      'sequential: fit: trainable was set since the model was compiled; compile it again',
    );
    expect(threads.all).toEqual([]);
  });

  test('a thread that ends: the model is as before, also where hooks have seen another', async () => {
    for (const victim of [0, 1]) {
      using threads = watchThreads();
      const model = create();
      const before = model.toSafetensors({ optimizer: true });
      let closed = 0;
      const forever = {
        [Symbol.iterator]: () => ({
          next: () => ({ done: false, value: batches[0] }),
          return: () => ({ done: true, value: closed++ }),
        }),
      } as unknown as Iterable<Batch>;
      const kill: Callback = {
        onTrainBatchEnd: async ({ batch }) => {
          if (batch === 1) await threads.alive[victim].terminate();
        },
      };
      const options = { stepsPerEpoch: 5, verbose: 0, workers: 3, callbacks: [kill] } as const;
      expect((await errorOf(() => fit(model, forever, options))).message).toBe(
        'a thread that trains ended with code 1',
      );
      expect(threads.all).toHaveLength(3);
      expect(threads.alive).toEqual([]);
      expect(closed).toBe(1);
      expect(model.toSafetensors({ optimizer: true })).toEqual(before);
      await elsewhere(model, { epochs: 1 });
    }
  });

  test('a training is aborted before its threads are there, and when it has ended already', async () => {
    const reason = new Error('no more');
    for (const workers of [1, 2]) {
      const controller = new AbortController();
      const model = create();
      const running = elsewhere(model, { epochs: 1_000_000, workers, signal: controller.signal });
      controller.abort(reason);
      expect(await errorOf(() => running)).toBe(reason);
      // Alone the thread may be on its way already.
      if (workers > 1) expect(model.optimizer.iterations).toBe(0);
    }
    const controller = new AbortController();
    const model = create();
    const { epoch } = await elsewhere(model, {
      signal: controller.signal,
      callbacks: [{ onTrainEnd: () => { controller.abort(reason); } }], // prettier-ignore
    });
    expect(epoch).toHaveLength(3);
  });

  test('an error of a hook counts more than an abort in it; batches that are waited for are left', async () => {
    for (const train of ['here', 'elsewhere']) {
      const [controller, thrown] = [new AbortController(), new Error('mine')];
      const fail = () => {
        controller.abort(new Error('no more'));
        throw thrown;
      };
      const options = { ...settings, signal: controller.signal, callbacks: [{ onEpochEnd: fail }] };
      const model = create();
      expect(await errorOf(() => (train === 'here' ? model.fit(x, y, options) : fit(model, x, y, options)))).toBe(
        thrown,
      );

      const [waiting, reason] = [new AbortController(), new Error('no more')];
      let left = 0;
      const late = {
        [Symbol.asyncIterator]: () => ({
          next: () => {
            setTimeout(() => {
              waiting.abort(reason);
            }, 5);
            return new Promise<never>(() => undefined);
          },
          return: () => Promise.resolve({ done: true as const, value: left++ }),
        }),
      } as unknown as AsyncIterable<Batch>;
      const own = { signal: waiting.signal, verbose: 0 } as const;
      expect(await errorOf(() => (train === 'here' ? model.fit(late, own) : fit(model, late, own)))).toBe(reason);
      expect(left).toBe(1);
    }
  });

  test('a training is aborted with the signal’s reason, also before it, and while a batch is waited for', async () => {
    const reason = new Error('no more');
    const aborted = AbortSignal.abort(reason);
    expect(await errorOf(() => elsewhere(create(), { signal: aborted }))).toBe(reason);
    for (const name of ['onEpochEnd', 'onTrainBegin']) {
      const trained = [here, elsewhere].map(async (train) => {
        const controller = new AbortController();
        const callback = { [name]: () => { controller.abort(reason); } }; // prettier-ignore
        const model = create();
        const options = { signal: controller.signal, epochs: 1_000_000, callbacks: [callback] };
        expect(await errorOf(() => train(model, options))).toBe(reason);
        // What was trained until then is kept.
        return model.optimizer.iterations;
      });
      const [one, other] = await Promise.all(trained);
      expect(other).toBe(one);
    }
    const waiting = new AbortController();
    const model = create();
    async function* late() {
      yield* batches;
      setTimeout(() => {
        waiting.abort(reason);
      }, 5);
      await new Promise(() => undefined);
    }
    expect(await errorOf(() => fit(model, late, { signal: waiting.signal, verbose: 0 }))).toBe(reason);
    expect(model.optimizer.iterations).toBe(3);
  });

  test('what no file can hold is refused before a thread is started', async () => {
    using threads = watchThreads();
    const model = create(optimizers.sgd({ learningRate: () => 0.1 }));
    await expect(elsewhere(model, {})).rejects.toThrow('compile: learningRate: a function, which no file can hold');
    expect(threads.all).toEqual([]);
    await here(model, {});
  });

  test('what is no model, and one that is not compiled', async () => {
    await expect(fit({} as never, x, y)).rejects.toThrow('fit: expected a model of bucle, got object');
    await expect(fit(sequential({ layers: [layers.dense({ units: 1, inputShape: [1] })] }), y, y)).rejects.toThrow(
      'call compile({ optimizer, loss }) first',
    );
  });
});

test('no thread is started that would have no part of any batch', async () => {
  using threads = watchThreads();
  await elsewhere(create(), { batchSize: 20, workers: 32 });
  expect(threads.all).toHaveLength(2);
});

test('while it runs the caller is free, the model can predict, and nothing else changes it', async () => {
  using threads = watchThreads();
  const model = create();
  const before = model.predict(x).data;
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  const running = elsewhere(model, { epochs: 40 });
  expect(model.predict(x).data).toEqual(before);
  await expect(here(model, {})).rejects.toThrow('another fit of this model is running');
  await expect(elsewhere(model, {})).rejects.toThrow('another fit of this model is running');
  const changing: (() => unknown)[] = [
    () => { model.setWeights(model.getWeights()); },
    () => { model.compile({ optimizer: 'sgd', loss: 'mse' }); },
    () => { model.resetStates(); },
    () => model.trainOnBatch(x, y),
  ]; // prettier-ignore
  for (const change of changing) expect(change).toThrow('fit is running');
  // The optimizer is not here.
  const ofOptimizer: (() => unknown)[] = [
    () => { model.learningRate = 0.5; },
    () => { model.swapAveragedWeights(); },
    () => model.optimizer,
    () => model.learningRate,
    () => model.toSafetensors({ optimizer: true }),
  ]; // prettier-ignore
  for (const use of ofOptimizer) expect(use).toThrow('fit is running in another thread, where the optimizer is');
  expect(model.toSafetensors().length).toBeGreaterThan(0);
  await running;
  clearInterval(timer);
  expect(ticks).toBeGreaterThan(3);
  expect(model.predict(x).data).not.toEqual(before);
  expect(threads.all).toHaveLength(1);
  expect(threads.alive).toEqual([]);
});
