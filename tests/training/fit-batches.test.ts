/** fit over batches that are iterated over: which there may be, in what order they come, and where a resumed training takes them up. */
import { describe, expect, test } from 'vitest';
import {
  functional,
  input,
  layers,
  loadModel,
  optimizers,
  sequential,
  type Batch,
  type Batches,
  type Callback,
  type FitOptions,
  type TrainableModel,
} from '../../src/index.js';
import { rowsOf, type Plain } from '../numbers.js';
import { createRandom } from '../random.js';
import { keepCheckpoints } from './kept-checkpoints.js';

const random = createRandom(71);
const x: Plain = { data: random.normals(22 * 5 * 2), shape: [22, 5, 2] };
const y: Plain = { data: random.normals(22), shape: [22, 1] };
const weights = Float32Array.from({ length: 22 }, () => random.uniform(0, 3));
const quietly = { epochs: 3, seed: 5, verbose: 0 } as const;

const cuts = [[0, 4], [4, 8], [8, 12], [12, 16], [16, 20], [20, 22]] as const; // prettier-ignore
const batches: readonly Batch[] = cuts.map(([from, to]) => [rowsOf(x, from, to), rowsOf(y, from, to)]);
const weighted: readonly Batch[] = cuts.map(([from, to]) => [
  rowsOf(x, from, to),
  rowsOf(y, from, to),
  weights.subarray(from, to),
]);

function create(): TrainableModel {
  const model = sequential({
    layers: [
      layers.lstm({ units: 3, dropout: 0.3, inputShape: [null, 2] }),
      layers.dropout({ rate: 0.3 }),
      layers.dense({ units: 1 }),
    ],
  });
  model.compile({ optimizer: optimizers.adam({ learningRate: 0.02 }), loss: 'mse', metrics: ['mae'] });
  return model;
}

const valuesOf = (model: TrainableModel) => model.getWeights().map(({ data }) => data);

function* endless(): Generator<Batch> {
  for (;;) yield* batches;
}

async function* late(given: Iterable<Batch>): AsyncGenerator<Batch> {
  for (const batch of given) {
    await Promise.resolve();
    yield batch;
  }
}

describe('are those of arrays, to the bit', () => {
  const options = { ...quietly, batchSize: 4, shuffle: false } as const;

  test.each([
    ['an array', batches, {}],
    ['an iterable', new Set(batches), {}],
    ['a function that gives a generator', () => batches.values(), {}],
    ['a function that gives an async generator', () => late(batches), {}],
    ['an object with epochs', { epoch: () => late(batches) }, {}],
    ['a generator without end', endless(), { stepsPerEpoch: 6 }],
    ['an async one', late(endless()), { stepsPerEpoch: 6 }],
    ['a function that gives one', endless, { stepsPerEpoch: 6 }],
    ['all epochs in one', [...batches, ...batches, ...batches].values(), { stepsPerEpoch: 6 }],
    ['iterables that begin again', new Set(batches), { stepsPerEpoch: 6 }],
  ] as const)('%s', async (_, given, more) => {
    const [model, plain] = [create(), create()];
    const validationData = [x, y] as const;
    const history = await plain.fit(x, y, { ...options, validationData });
    expect(await model.fit(given, { ...quietly, ...more, validationData, batchSize: 4 })).toEqual(history);
    expect(valuesOf(model)).toEqual(valuesOf(plain));
  });

  test('with the weights of samples and classes', async () => {
    const classes = { data: y.data.map((value) => (value > 0 ? 1 : 0)), shape: y.shape };
    const classWeight = { 0: 2, 1: 0.5 };
    const given = cuts.map(([from, to]): Batch => [
      rowsOf(x, from, to),
      rowsOf(classes, from, to),
      weights.subarray(from, to),
    ]);
    const [model, plain] = [create(), create()];
    const history = await plain.fit(x, classes, { ...options, sampleWeight: weights, classWeight });
    expect(await model.fit(given, { ...quietly, classWeight })).toEqual(history);
    expect(valuesOf(model)).toEqual(valuesOf(plain));
  });

  test('of several inputs and outputs, by name', async () => {
    const make = () => {
      const [a, b] = [input({ shape: [null, 2], name: 'a' }), input({ shape: [1], name: 'b' })];
      const joined = layers.concatenate().apply([layers.gru({ units: 2 }).apply(a), b]);
      const heads = ['c', 'd'].map((name) => layers.dense({ units: 1, name }).apply(joined));
      const model = functional({ inputs: [a, b], outputs: heads });
      model.compile({ optimizer: 'sgd', loss: 'mse' });
      return model;
    };
    const named = (from: number, to: number) =>
      [
        { a: rowsOf(x, from, to), b: rowsOf(y, from, to) },
        { c: rowsOf(y, from, to), d: rowsOf(y, from, to) },
      ] as const;
    const [model, plain] = [make(), make()];
    const sampleWeight = { d: weights };
    const history = await plain.fit(...named(0, 22), { ...options, sampleWeight });
    const given = cuts.map(([from, to]): Batch => [...named(from, to), { d: weights.subarray(from, to) }]);
    expect(await model.fit(given, quietly)).toEqual(history);
    expect(valuesOf(model)).toEqual(valuesOf(plain));
  });
});

test('batches of any lengths and sizes are steps of trainOnBatch', async () => {
  const make = () => {
    const model = sequential({ layers: [layers.gru({ units: 3, inputShape: [null, 2] }), layers.dense({ units: 1 })] });
    model.compile({ optimizer: 'adam', loss: 'mse' });
    return model;
  };
  const given = [[3, 7], [1, 2], [5, 11], [2, 1]].map(([rows, time]): Batch => [
    { data: random.normals(rows * time * 2), shape: [rows, time, 2] },
    { data: random.normals(rows), shape: [rows, 1] },
  ]); // prettier-ignore
  const [model, stepped] = [make(), make()];
  await model.fit(given, { verbose: 0 });
  for (const [a, b] of given) stepped.trainOnBatch(a, b);
  expect(valuesOf(model)).toEqual(valuesOf(stepped));
});

describe('validation', () => {
  test('over batches gives what it gives over arrays, from the first on each time', async () => {
    const fit = (more: FitOptions) => create().fit(x, y, { ...quietly, ...more });
    const rows = [rowsOf(x, 0, 12), rowsOf(y, 0, 12)] as const;
    const expected = await fit({ validationData: rows, batchSize: 4 });
    expect(await fit({ validationData: () => batches.slice(0, 3).values(), batchSize: 4 })).toEqual(expected);
    expect(await fit({ validationData: () => late(endless()), validationSteps: 3, batchSize: 4 })).toEqual(expected);
    const withWeights = await fit({ validationData: [x, y, weights], batchSize: 4 });
    expect(await fit({ validationData: () => weighted.values(), batchSize: 4 })).toEqual(withWeights);
    expect(withWeights.history.valLoss).not.toEqual(expected.history.valLoss);
  });
});

describe('a training that goes on', () => {
  test.each<[string, () => Batches, FitOptions]>([
    ['batches of each epoch', () => () => late(batches), {}],
    ['a generator without end, whose epochs differ', endless, { stepsPerEpoch: 4 }],
    ['a function of the epoch', () => (epoch) => late([...batches.slice(epoch), ...batches.slice(0, epoch)]), {}],
    ['iterables that begin again in the middle of an epoch', () => new Set(batches), { stepsPerEpoch: 4 }],
  ])('over %s skips what was trained, and ends with the same bits', async (_, give, more) => {
    using kept = keepCheckpoints();
    const options = { ...quietly, ...more, callbacks: [kept.callback] };
    const whole = create();
    const history = await whole.fit(give(), options);
    const files = kept.files.splice(0);
    expect(files).toHaveLength(3 * (more.stepsPerEpoch ?? 6) + 3);
    for (const [i, file] of files.entries()) {
      const model = loadModel(file);
      expect(await model.fit(give(), { ...options, resume: true }), `from checkpoint ${i}`).toEqual(history);
      expect(valuesOf(model), `from checkpoint ${i}`).toEqual(valuesOf(whole));
    }
  });

  test('refuses other batches', async () => {
    using kept = keepCheckpoints();
    const callbacks = [kept.callback];
    await create().fit(endless(), { ...quietly, stepsPerEpoch: 4, callbacks });
    const resume = (given: Batches, more: FitOptions) =>
      loadModel(kept.files[8]).fit(given, { ...quietly, ...more, resume: true, callbacks });
    await expect(resume(endless(), { stepsPerEpoch: 5 })).rejects.toThrow(
      'fit: resume: stepsPerEpoch: expected 4, as in the checkpoint, got 5',
    );
    await expect(resume(endless(), {})).rejects.toThrow('stepsPerEpoch: expected 4, as in the checkpoint, got none');
    await expect(resume(batches.values(), { stepsPerEpoch: 4 })).rejects.toThrow(
      'fit: resume: expected at least 8 batches, as before the checkpoint, got 6',
    );
    await expect(loadModel(kept.files[8]).fit(x, y, { ...quietly, resume: true })).rejects.toThrow(
      'fit: resume: expected batches to iterate over, as in the checkpoint, got arrays',
    );
  });
});

describe('what was opened is closed', () => {
  const closed: string[] = [];
  function* watched(name: string): Generator<Batch> {
    try {
      yield* endless();
    } finally {
      closed.push(name);
    }
  }
  const stopping: Callback = {
    onTrainBatchEnd: ({ batch, training }) => {
      if (batch === 2) training.stop();
    },
  };
  const failing: Callback = {
    onTrainBatchEnd: ({ batch }) => {
      if (batch === 2) throw new Error('enough');
    },
  };

  test.each([
    ['at the end', {}],
    ['when a callback stops the training', { callbacks: [stopping] }],
    ['when a callback throws', { callbacks: [failing] }],
    ['when validation throws', { validationData: () => [[x, [[1]]]] as never }],
  ])('%s', async (_, more: FitOptions) => {
    closed.length = 0;
    const model = create();
    const fit = model.fit(() => watched('training'), { ...quietly, stepsPerEpoch: 4, ...more });
    await fit.catch(() => undefined);
    expect(closed).toEqual(['training']);
    await model.fit(batches, quietly);
  });

  test('validation without end, each time; not a generator that the user handed in', async () => {
    closed.length = 0;
    const own = watched('own');
    const validation = { validationData: () => watched('validation'), validationSteps: 2 };
    await create().fit(own, { ...quietly, epochs: 2, stepsPerEpoch: 4, ...validation });
    expect(closed).toEqual(['validation', 'validation']);
    // Two epochs of four batches were taken from it: the ninth is next.
    expect(own.next().value).toBe(batches[2]);
  });
});

test('an error of the iterable ends fit with it; the model has the weights of the last batch, and trains on', async () => {
  function* failing(): Generator<Batch> {
    yield* batches.slice(0, 2);
    throw new RangeError('the file ends here');
  }
  const [model, plain] = [create(), create()];
  await expect(model.fit(failing, quietly)).rejects.toThrow(new RangeError('the file ends here'));
  await plain.fit(batches.slice(0, 2), { ...quietly, epochs: 1 });
  expect(valuesOf(model)).toEqual(valuesOf(plain));
  for (const one of [model, plain]) await one.fit(batches, quietly);
  expect(valuesOf(model)).toEqual(valuesOf(plain));
});

test.each([
  ['ours', (give: () => AsyncGenerator<Batch>) => give],
  ['the user’s', (give: () => AsyncGenerator<Batch>) => give()],
])('an abort need not wait for a batch that does not come: a generator of %s', async (_, given) => {
  async function* stalled(): AsyncGenerator<Batch> {
    yield* batches.slice(0, 2);
    await new Promise(() => undefined);
  }
  const [model, plain] = [create(), create()];
  const controller = new AbortController();
  const fitting = model.fit(given(stalled), { ...quietly, signal: controller.signal });
  setTimeout(() => {
    controller.abort(new RangeError('time is up'));
  }, 30);
  await expect(fitting).rejects.toThrow(new RangeError('time is up'));
  await plain.fit(batches.slice(0, 2), { ...quietly, epochs: 1 });
  expect(valuesOf(model)).toEqual(valuesOf(plain));
});

describe('refuses', () => {
  test.each<[string, Batches, FitOptions, string]>([
    [
      'a generator that is used up',
      batches.values(),
      {},
      'expected batches in each epoch (a generator is used up once',
    ],
    ['an epoch without batches', () => [], {}, 'expected batches in each epoch'],
    [
      'too few batches',
      batches.values(),
      { stepsPerEpoch: 5 },
      'expected 5 batches in each epoch (a generator is used up',
    ],
    ['what is no batch', () => [5] as never, {}, 'a batch: expected [x, y] or [x, y, sampleWeight], got 5'],
    [
      'targets that do not fit',
      [[rowsOf(x, 0, 4), rowsOf(y, 0, 3)]],
      {},
      'expected as many targets as inputs, 4, got 3',
    ],
    ['a function that gives none', (() => 5) as never, {}, 'fit: expected batches to iterate over, got 5'],
    ['a split', () => batches, { validationSplit: 0.1 }, 'validationSplit: expected arrays to split, got batches'],
    [
      'shuffling',
      () => batches,
      { shuffle: true },
      'shuffle: expected arrays, whose rows can be shuffled, got batches',
    ],
    ['a batch size', () => batches, { batchSize: 4 }, 'batchSize: expected arrays to cut into batches, got batches'],
    [
      'weights as an option',
      () => batches,
      { sampleWeight: weights },
      'sampleWeight: expected batches [x, y, sampleWeight]',
    ],
    [
      'steps of no validation',
      () => batches,
      { validationSteps: 2 },
      'expected validationData to iterate over, got none',
    ],
    [
      'steps of arrays',
      () => batches,
      { validationSteps: 2, validationData: [x, y] },
      'validationSteps: expected validationData to iterate over, got arrays',
    ],
  ])('%s', async (_, given, options, message) => {
    await expect(create().fit(given, { ...quietly, ...options })).rejects.toThrow(message);
  });
});
