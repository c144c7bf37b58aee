/** fit({ workers: n }): the same bits for any number of threads, and those of no parts where a batch is one part. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
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
  type Batches,
  type Callback,
  type FitOptions,
  type Tensor,
  type TrainableModel,
} from '../../src/index.js';
import { relaxed } from '../../src/relaxed.js';
import { rowsOf, type Plain } from '../numbers.js';
import { createRandom } from '../random.js';
import { keepCheckpoints } from './kept-checkpoints.js';
import { watchThreads } from './watched-threads.js';

const rows = 70;
const random = createRandom(81);
const draw = (...shape: number[]): Plain => ({ data: random.normals(shape.reduce((a, b) => a * b, 1)), shape });

const x = draw(rows, 6, 3);
const y = draw(rows, 2);
const vectors = draw(rows, 4);
const sequences = draw(rows, 6, 2);
const sampleWeight = Float32Array.from({ length: rows }, () => random.uniform(0, 3));
const words: Plain = { data: Float32Array.from({ length: rows * 6 }, () => random.integer(0, 6)), shape: [rows, 6] };
// Rows of unlike lengths, one of nothing but padding.
words.data.forEach((_, i) => {
  if (i % 6 >= (i / 6) % 7) words.data[i] = 0;
});
const classes: Plain = { data: Float32Array.from({ length: rows }, () => random.integer(0, 2)), shape: [rows, 1] };
const labels: Plain = { data: Float32Array.from({ length: rows * 2 }, () => random.integer(1, 2)), shape: [rows, 2] };
const inputShape = [null, 3];

interface Case {
  readonly make: () => TrainableModel;
  readonly x: Plain | Readonly<Record<string, Plain>> | Batches;
  /** None: x are batches. */
  readonly y?: Plain | Readonly<Record<string, Plain>>;
  readonly options?: FitOptions;
  /** Statistics of a batch are not those of its parts. */
  readonly isByPart?: true;
}

function compiled(
  model: TrainableModel,
  given: Partial<Parameters<TrainableModel['compile']>[0]> = {},
): TrainableModel {
  model.compile({ optimizer: optimizers.adam({ learningRate: 0.02 }), loss: 'mse', metrics: ['mae'], ...given });
  return model;
}

function squares() {
  return losses.custom({
    name: 'squares',
    build: (yTrue, yPred) => {
      const difference = layers.subtract().apply([yTrue, yPred]);
      return layers.multiply().apply([difference, difference]);
    },
  });
}

const masked = () => [
  layers.embedding({ inputDim: 7, outputDim: 3, maskZero: true, batchInputShape: [null, null] }),
  layers.gru({ units: 4, returnSequences: true }),
];

function severalOf(): TrainableModel {
  const [sequence, vector] = [input({ shape: [null, 3], name: 'sequence' }), input({ shape: [4], name: 'vector' })];
  const h = layers.lstm({ units: 4, returnSequences: true }).apply(sequence);
  const a = layers.dense({ units: 2, name: 'steps' }).apply(h);
  const last = layers.concatenate().apply([layers.gru({ units: 3 }).apply(h), vector]);
  const b = layers.dense({ units: 2, name: 'last' }).apply(last);
  const c = layers.dense({ units: 1, name: 'unused' }).apply(vector);
  const model = functional({ inputs: [sequence, vector], outputs: [a, b, c] });
  const loss = { steps: 'huber', last: 'mse' } as const;
  return compiled(model, { loss, lossWeights: { steps: 0.5, last: 2 }, metrics: { last: ['mae'] } });
}

function shared(): TrainableModel {
  const cell = layers.lstm({ units: 4, dropout: 0.2 });
  const inner = sequential({ layers: [layers.dense({ units: 3, activation: 'tanh', inputShape })] });
  const given = input({ shape: inputShape });
  const outputs = layers.add().apply([cell.apply(inner.apply(given)), cell.apply(given)]);
  return compiled(functional({ inputs: given, outputs: layers.dense({ units: 2 }).apply(outputs) }));
}

/** Two outputs of a sequence, whose steps are masked in unlike shares from batch to batch. */
function maskedTwice(): TrainableModel {
  const given = input({ shape: [6, 1], name: 'given' });
  const sequence = layers.masking().apply(given);
  const outputs = ['p', 'r'].map((name) => layers.simpleRNN({ units: 2, name, returnSequences: true }).apply(sequence));
  return compiled(functional({ inputs: given, outputs }), { loss: ['mse', 'mae'] });
}

const twoMasked = 'several outputs with a mask';

const cases: Readonly<Record<string, Case>> = {
  'dropout of all kinds': {
    make: () =>
      compiled(
        sequential({
          layers: [
            layers.gaussianNoise({ stddev: 0.1, inputShape }),
            layers.lstm({ units: 5, dropout: 0.2, recurrentDropout: 0.2 }),
            layers.dropout({ rate: 0.3 }),
            layers.dense({ units: 2 }),
          ],
        }),
      ),
    x,
    y,
    options: { validationSplit: 0.1 },
  },
  'masks, and weights of steps': {
    make: () => compiled(sequential({ layers: [...masked(), layers.dense({ units: 2 })] })),
    x: words,
    y: sequences,
    options: { sampleWeight: { data: sampleWeight, shape: [rows, 1] } },
  },
  'a mask that depends on what was dropped': {
    make: () =>
      compiled(
        sequential({
          layers: [
            layers.spatialDropout1d({ rate: 0.5, inputShape }),
            layers.activation({ activation: 'relu' }),
            layers.masking({ maskValue: 0 }),
            layers.simpleRNN({ units: 3, returnSequences: true }),
            layers.dense({ units: 2 }),
          ],
        }),
      ),
    x,
    y: sequences,
  },
  'a loss of one’s own, and a mask behind layers in layers that drop': {
    make: () =>
      compiled(
        sequential({
          layers: [
            layers.bidirectional({
              layer: layers.lstm({ units: 2, dropout: 0.7, returnSequences: true }),
              inputShape,
            }),
            layers.activation({ activation: 'relu' }),
            layers.dropout({ rate: 0.6 }),
            layers.masking({ maskValue: 0 }),
            layers.gru({ units: 3, returnSequences: true }),
            layers.dense({ units: 2 }),
          ],
        }),
        { loss: squares() },
      ),
    x,
    y: sequences,
    options: { sampleWeight },
  },
  'several inputs and outputs': {
    make: severalOf,
    x: { sequence: x, vector: vectors },
    y: { steps: sequences, last: y },
    options: { sampleWeight: { steps: sampleWeight } },
  },
  [twoMasked]: {
    make: maskedTwice,
    x: { data: words.data.map((word, i) => (i % 6 < i / 70 ? word : 0)), shape: [rows, 6, 1] },
    y: { p: sequences, r: sequences },
    options: { validationSplit: 0.3 },
  },
  'batch normalization': {
    make: () =>
      compiled(
        sequential({
          layers: [
            layers.conv1d({ filters: 4, kernelSize: 2, inputShape }),
            layers.batchNormalization({ momentum: 0.7 }),
            layers.gru({ units: 3 }),
            layers.dense({ units: 2 }),
          ],
        }),
      ),
    x,
    y,
    isByPart: true,
  },
  'batch normalization without weights that are trained, and one that is frozen': {
    make: () => {
      const model = sequential({
        layers: [
          layers.dense({ units: 4, inputShape: [4] }),
          layers.batchNormalization({ center: false, scale: false, momentum: 0.7 }),
          layers.batchNormalization({ name: 'frozen' }),
          layers.dense({ units: 2 }),
        ],
      });
      model.getLayer('frozen').trainable = false;
      return compiled(model);
    },
    x: vectors,
    y,
    isByPart: true,
  },
  'a loss and a metric of one’s own': {
    make: () => {
      const own = metrics.custom({ name: 'own', build: (yTrue, yPred) => layers.subtract().apply([yTrue, yPred]) });
      return compiled(sequential({ layers: [layers.gru({ units: 3, inputShape }), layers.dense({ units: 2 })] }), {
        loss: squares(),
        metrics: [own],
      });
    },
    x,
    y,
  },
  'penalties, constraints and gathered gradients': {
    make: () =>
      compiled(
        sequential({
          layers: [
            layers.lstm({ units: 4, kernelRegularizer: 'l2', activityRegularizer: 'l1', inputShape }),
            layers.dense({ units: 2, kernelConstraint: 'nonNeg' }),
          ],
        }),
        {
          optimizer: optimizers.adamw({
            learningRate: schedules.cosineDecay({ initialLearningRate: 0.05, decaySteps: 9 }),
            gradientAccumulationSteps: 2,
            useEma: true,
            globalClipNorm: 1,
          }),
          logGradientNorm: true,
        },
      ),
    x,
    y,
  },
  'classes, and weights of them': {
    make: () =>
      compiled(
        sequential({
          layers: [layers.gru({ units: 4, inputShape }), layers.dense({ units: 3, activation: 'softmax' })],
        }),
        { loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] },
      ),
    x,
    y: classes,
    options: { classWeight: { 0: 1, 1: 2, 2: 0.5 } },
  },
  'steps of a class that does not count': {
    make: () =>
      compiled(
        sequential({
          layers: [
            layers.gru({ units: 4, returnSequences: true, inputShape }),
            layers.dense({ units: 3, activation: 'softmax' }),
          ],
        }),
        { loss: losses.sparseCategoricalCrossentropy({ ignoreClass: 1 }), metrics: ['accuracy'] },
      ),
    x,
    y: { data: words.data.map((word) => word % 3), shape: [rows, 6] },
  },
  'connectionist temporal classification': {
    make: () =>
      compiled(
        sequential({
          layers: [layers.gru({ units: 4, returnSequences: true, inputShape }), layers.dense({ units: 4 })],
        }),
        { loss: 'ctc', metrics: [] },
      ),
    x,
    y: labels,
  },
  'shared layers, and a model inside': { make: shared, x, y },
  'batches that come one by one, of unlike sizes': {
    make: () =>
      compiled(
        sequential({ layers: [layers.lstm({ units: 4, dropout: 0.2, inputShape }), layers.dense({ units: 2 })] }),
      ),
    x: [[0, 1], [1, 17], [17, 34], [34, 67], [67, 70]].map(([from, to]): Batch => [rowsOf(x, from, to), rowsOf(y, from, to)]), // prettier-ignore
  },
  'batches that are waited for, with weights': {
    make: () =>
      compiled(sequential({ layers: [layers.dropout({ rate: 0.2, inputShape: [4] }), layers.dense({ units: 2 })] })),
    x: async function* (epoch) {
      for (const count of [33, 16, 17, 1]) {
        await Promise.resolve();
        const [from, to] = [epoch, epoch + count];
        yield [rowsOf(vectors, from, to), rowsOf(y, from, to), sampleWeight.slice(from, to)];
      }
    },
  },
  'relaxed kernels': {
    make: () =>
      compiled(
        sequential({ layers: [layers.lstm({ units: 4, inputShape }), layers.dense({ units: 2 })], kernels: relaxed }),
      ),
    x,
    y,
  },
};

const settings: FitOptions = { epochs: 2, batchSize: 40, seed: 3, verbose: 0 };

async function run({ make, x: given, y: targets, options }: Case, others: FitOptions) {
  const model = make();
  const all = { ...settings, ...options, ...others };
  // Batches that are iterated over are of the size that they have.
  const { history } =
    targets === undefined
      ? await model.fit(given as Batches, { ...all, batchSize: undefined } as FitOptions)
      : await model.fit(given as Plain, targets as Plain, all);
  return { model, history, weights: model.getWeights().map(({ data }) => data) };
}

describe.each(Object.entries(cases))('%s', (name, one) => {
  const own = new Map<number | undefined, ReturnType<typeof run>>();
  const trained = (workers: number | undefined) => {
    const found = own.get(workers) ?? run(one, workers === undefined ? {} : { workers });
    own.set(workers, found);
    return found;
  };

  test('any number of threads gives the same bits', async () => {
    const { model, history, weights } = await trained(1);
    for (const workers of [2, 3, 5]) {
      const other = await trained(workers);
      expect(other.history).toEqual(history);
      expect(other.weights).toEqual(weights);
      expect(other.model.toSafetensors({ optimizer: true })).toEqual(model.toSafetensors({ optimizer: true }));
    }
  });

  test.skipIf(one.isByPart)('and about those of whole batches', async () => {
    const [parts, whole] = [await trained(1), await trained(undefined)];
    for (const [key, values] of Object.entries(whole.history)) {
      expect(parts.history[key]).toHaveLength(values.length);
      values.forEach((value, i) => {
        expect(parts.history[key][i] / value).toBeCloseTo(1, 4);
      });
    }
    whole.weights.forEach((values, w) => {
      const largest = values.reduce((a, b) => Math.max(a, Math.abs(b)), 1e-3);
      values.forEach((value, i) => {
        expect(Math.abs(parts.weights[w][i] - value) / largest).toBeLessThan(2e-4);
      });
    });
  });

  test.skipIf(one.y === undefined)('a batch of one part has the bits of a whole one', async () => {
    const [parts, whole] = await Promise.all([{ workers: 2 }, {}].map((more) => run(one, { ...more, batchSize: 16 })));
    expect(parts.history).toEqual(whole.history);
    expect(parts.model.toSafetensors({ optimizer: true })).toEqual(whole.model.toSafetensors({ optimizer: true }));
  });
});

test('where a mask leaves unlike shares of parts and batches, the losses of outputs still add up to that of the model', async () => {
  for (const more of [{}, { workers: 1 }, { workers: 2 }]) {
    const { loss, pLoss, rLoss, valLoss, valPLoss, valRLoss } = (await run(cases[twoMasked], more)).history;
    for (let epoch = 0; epoch < 2; epoch++) {
      expect(pLoss[epoch] + rLoss[epoch]).toBeCloseTo(loss[epoch], 12);
      expect(valPLoss[epoch] + valRLoss[epoch]).toBeCloseTo(valLoss[epoch], 12);
    }
  }
});

describe('weights that are set meanwhile are set in all threads, those too that are not trained', () => {
  const make = () => {
    const model = sequential({
      layers: [layers.dense({ units: 4, name: 'frozen', inputShape: [4] }), layers.dense({ units: 2 })],
    });
    model.getLayer('frozen').trainable = false;
    return compiled(model);
  };
  const halves = (one: { getWeights(): Tensor[] }) =>
    one.getWeights().map(({ data, shape }) => ({ data: data.map((value) => value / 2), shape }));
  const halve: Callback = {
    onEpochEnd: ({ training }) => {
      training.setWeights(halves(training));
    },
  };

  test('by a hook', async () => {
    const [one, ...others] = await Promise.all(
      [1, 2, 3].map(async (workers) => {
        const model = make();
        await model.fit(vectors, y, { ...settings, workers, callbacks: [halve] });
        return model.toSafetensors({ optimizer: true });
      }),
    );
    for (const other of others) expect(other).toEqual(one);
  });

  test('by a backup', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'bucle-workers-'));
    const path = join(folder, 'backup.safetensors');
    const train = (model: TrainableModel, workers: number, more: Callback[] = []) =>
      model.fit(vectors, y, {
        ...settings,
        workers,
        callbacks: [callbacks.backupAndRestore({ path, deleteCheckpoint: false }), ...more],
      });
    const fail: Callback = {
      onEpochBegin: ({ epoch }) => {
        if (epoch === 1) throw new Error('a crash');
      },
    };
    try {
      const stopped = make();
      stopped.setWeights(halves(stopped));
      await expect(train(stopped, 1, [fail])).rejects.toThrow('a crash');
      const backup = readFileSync(path);
      const [one, other] = [make(), make()];
      await train(one, 1);
      writeFileSync(path, backup);
      await train(other, 2);
      expect(other.toSafetensors({ optimizer: true })).toEqual(one.toSafetensors({ optimizer: true }));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

test('threads end with their training; where one of them ends before, it is told, and the model is that of the last batch', async () => {
  using threads = watchThreads();
  const { make } = cases['batch normalization'];
  const [good, model] = [make(), make()];
  await good.fit(x, y, { ...settings, epochs: 1, workers: 3 });
  expect(threads.all).toHaveLength(2);
  expect(threads.alive).toEqual([]);
  const kill: Callback = {
    onEpochEnd: async () => {
      await threads.alive[1].terminate();
    },
  };
  await expect(model.fit(x, y, { ...settings, workers: 3, callbacks: [kill] })).rejects.toThrow(
    'a thread that trains ended with code 1',
  );
  expect(threads.all).toHaveLength(4);
  expect(threads.alive).toEqual([]);
  expect(model.toSafetensors({ optimizer: true })).toEqual(good.toSafetensors({ optimizer: true }));
  const next = { ...settings, workers: 2 };
  expect(await model.fit(x, y, next)).toEqual(await good.fit(x, y, next));
});

test('no thread is started that would have no part of any batch', async () => {
  const startedBy = async (options: FitOptions, given = vectors) => {
    using threads = watchThreads();
    const model = compiled(sequential({ layers: [layers.dense({ units: 2, inputShape: [4] })] }));
    await model.fit(given, rowsOf(y, 0, given.shape[0]), { verbose: 0, workers: 32, ...options });
    return threads.all.length;
  };
  expect(await startedBy({ batchSize: 40 })).toBe(2);
  expect(await startedBy({ batchSize: 40, workers: 2 })).toBe(1);
  expect(await startedBy({ batchSize: 64 }, rowsOf(vectors, 0, 7))).toBe(0);
});

test('moving averages are the mean over the parts', async () => {
  const make = () =>
    compiled(sequential({ layers: [layers.batchNormalization({ momentum: 0.9, inputShape: [4] })] }), {
      optimizer: 'sgd',
    });
  const [model, ...ofParts] = [make(), make(), make()];
  await model.fit(vectors, vectors, { batchSize: rows, shuffle: false, verbose: 0, workers: 2 });
  // 70 rows are 5 parts: 18 quads, the last of 2 rows.
  const bounds = [0, 16, 32, 44, 60, 70];
  const [, , mean] = model.getWeights();
  const expected = new Float64Array(4);
  for (let part = 0; part < 5; part++) {
    const [from, to] = [bounds[part], bounds[part + 1]];
    const alone = ofParts[0];
    alone.setWeights(make().getWeights());
    alone.trainOnBatch(rowsOf(vectors, from, to), rowsOf(vectors, from, to));
    alone.getWeights()[2].data.forEach((value, i) => (expected[i] += (value * (to - from)) / rows));
  }
  expected.forEach((value, i) => {
    expect(mean.data[i]).toBeCloseTo(value, 6);
  });
});

test('a loss that is not finite is told and undone as without threads', async () => {
  const { make } = cases['batch normalization'];
  const bad = { ...x, data: x.data.map((value, i) => (i === 30 * 18 ? NaN : value)) };
  const batches: readonly Batch[] = [[x, y], [bad, y]]; // prettier-ignore
  const fail = async (options: FitOptions) => {
    const model = make();
    const error: unknown = await model.fit(batches, { verbose: 0, ...options }).catch((e: unknown) => e);
    return { error, file: model.toSafetensors({ optimizer: true }) };
  };
  const [threads, one, alone] = [await fail({ workers: 2 }), await fail({ workers: 1 }), await fail({})];
  expect(alone.error).toBeInstanceOf(NonFiniteLossError);
  for (const { error } of [threads, one]) {
    expect(error).toBeInstanceOf(NonFiniteLossError);
    const { epoch, batch, tensor, gradientNorm } = alone.error as NonFiniteLossError;
    expect(error).toMatchObject({ epoch, batch, tensor, gradientNorm });
  }
  const good = make();
  await good.fit(batches.slice(0, 1), { verbose: 0, workers: 2 });
  for (const { file } of [threads, one]) expect(file).toEqual(good.toSafetensors({ optimizer: true }));
});

test('a checkpoint goes on with another number of threads, and not without', async () => {
  using kept = keepCheckpoints();
  const { make } = cases['dropout of all kinds'];
  const whole = make();
  await whole.fit(x, y, { ...settings, workers: 2, callbacks: [kept.callback] });
  expect(kept.files).toHaveLength(2 * (2 + 1));
  for (const [i, file] of kept.files.entries()) {
    const resumed = loadModel(file);
    await resumed.fit(x, y, { ...settings, workers: [1, 3][i % 2], resume: true });
    expect(resumed.getWeights().map(({ data }) => data)).toEqual(whole.getWeights().map(({ data }) => data));
  }
  await expect(loadModel(kept.files[0]).fit(x, y, { ...settings, resume: true })).rejects.toThrow(
    'fit: resume: workers: expected true, as in the checkpoint, got false',
  );
});

describe('refused', () => {
  const model = () => compiled(sequential({ layers: [layers.dense({ units: 2, inputShape: [4] })] }));

  test.each([0, 1.5, -1, '2'])('no number of threads: %j', async (workers) => {
    await expect(model().fit(vectors, y, { verbose: 0, workers: workers as number })).rejects.toThrow(
      'sequential: fit: workers: expected a positive integer, got',
    );
  });

  test('stateful layers', async () => {
    const stateful = compiled(
      sequential({ layers: [layers.gru({ units: 2, stateful: true, batchInputShape: [7, null, 3] })] }),
    );
    await expect(stateful.fit(x, y, { verbose: 0, workers: 2 })).rejects.toThrow(
      'sequential: fit: workers: expected a model without stateful layers, whose batches follow one another, got one with',
    );
  });

  test('layers that were made trainable, or not, since the model was compiled', async () => {
    const scaling = { center: false, scale: false };
    const other = compiled(
      sequential({
        layers: [
          layers.dense({ units: 4, inputShape: [4] }),
          layers.batchNormalization(scaling),
          layers.dense({ units: 2 }),
        ],
      }),
    );
    using threads = watchThreads();
    // Also one that has no weights that are trained, but does another thing when it is frozen.
    for (const layer of other.layers.slice(1)) {
      for (const workers of [1, 2]) {
        layer.trainable = false;
        await expect(other.fit(vectors, y, { verbose: 0, workers })).rejects.toThrow(
          'workers: trainable was set since the model was compiled; compile it again',
        );
        // It is as it was.
        layer.trainable = true;
      }
    }
    expect(threads.all).toEqual([]);
    await other.fit(vectors, y, { verbose: 0, workers: 2 });
  });

  test('what no file can hold, where others are to train it; a schedule stays here', async () => {
    const scheduled = model();
    scheduled.compile({ optimizer: optimizers.sgd({ learningRate: () => 0.01 }), loss: 'mse' });
    await scheduled.fit(vectors, y, { verbose: 0, workers: 2 });
    const own = sequential({
      layers: [
        layers.custom({ name: 'twice', call: ([value]) => layers.dense({ units: 2 }).apply(value), inputShape: [4] }),
      ],
    });
    compiled(own);
    await expect(own.fit(vectors, y, { verbose: 0, workers: 2 })).rejects.toThrow('twice');
    await own.fit(vectors, y, { verbose: 0, workers: 1 });
  });
});
