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
  NonFiniteLossError,
  optimizers,
  schedules,
  sequential,
  type Batch,
  type Callback,
  type FitOptions,
  type TrainableModel,
} from '../../src/index.js';
import { fit } from '../../src/worker.js';
import { rowsOf, type Plain } from '../numbers.js';
import { createRandom } from '../random.js';

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

  test('states of one’s own are kept in checkpoints, and restored', async () => {
    const path = join(folder, 'states.safetensors');
    const restored: unknown[] = [];
    const own = (): Callback => {
      let epochs = 0;
      return {
        name: 'counting',
        onEpochEnd: async ({ epoch, training }) => {
          epochs++;
          if (epoch === 1) await training.save(path);
        },
        state: () => ({ numbers: { epochs }, tensors: { own: { data: Float32Array.of(epochs), shape: [1] } } }),
        restore: (state) => restored.push(state),
      };
    };
    const whole = create();
    await elsewhere(whole, { callbacks: [own()] });
    const resumed = loadModel(readFileSync(path));
    await elsewhere(resumed, { callbacks: [own()], resume: true });
    expect(restored).toEqual([{ numbers: { epochs: 1 }, tensors: { own: { data: Float32Array.of(1), shape: [1] } } }]);
    expect(valuesOf(resumed)).toEqual(valuesOf(whole));
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
    const model = create(optimizers.sgd({ learningRate: () => 0.1 }));
    await expect(elsewhere(model, {})).rejects.toThrow('compile: learningRate: a function, which no file can hold');
    await here(model, {});
  });

  test('what is no model, and one that is not compiled', async () => {
    await expect(fit({} as never, x, y)).rejects.toThrow('fit: expected a model of bucle, got object');
    await expect(fit(sequential({ layers: [layers.dense({ units: 1, inputShape: [1] })] }), y, y)).rejects.toThrow(
      'call compile({ optimizer, loss }) first',
    );
  });
});

test('while it runs the caller is free, the model can predict, and nothing else changes it', async () => {
  const model = create();
  const before = model.predict(x).data;
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  const running = elsewhere(model, { epochs: 40 });
  expect(model.predict(x).data).toEqual(before);
  await expect(here(model, {})).rejects.toThrow('another fit of this model is running');
  await expect(elsewhere(model, {})).rejects.toThrow('another fit of this model is running');
  expect(() => {
    model.setWeights(model.getWeights());
  }).toThrow('fit is running');
  await running;
  clearInterval(timer);
  expect(ticks).toBeGreaterThan(3);
  expect(model.predict(x).data).not.toEqual(before);
});
