/** What fit tells its callbacks, in Keras's order, and what they may do to it; initialEpoch, validationFreq; truncated sequences. */
import { describe, expect, test } from 'vitest';
import {
  callbacks,
  functional,
  input,
  layers,
  metrics,
  optimizers,
  sequential,
  type Callback,
  type FitOptions,
  type Logs,
  type TrainableModel,
} from '../../src/index.js';
import { hookNames } from '../../src/training/callbacks/callback-list.js';
import { ones, rowsOf, type Plain } from '../numbers.js';
import { createRandom } from '../random.js';

const random = createRandom(81);
const x: Plain = { data: random.normals(14 * 6 * 2), shape: [14, 6, 2] };
const y: Plain = { data: random.normals(14), shape: [14, 1] };
const quietly = { verbose: 0, batchSize: 7 } as const;

function create(): TrainableModel {
  const model = sequential({ layers: [layers.gru({ units: 3, inputShape: [null, 2] }), layers.dense({ units: 1 })] });
  model.compile({ optimizer: optimizers.sgd({ learningRate: 0.1 }), loss: 'mse', metrics: ['mae'] });
  return model;
}

const valuesOf = (model: Pick<TrainableModel, 'getWeights'>) => model.getWeights().map(({ data }) => data);

/** Writes down every hook, with the names in its logs. */
function listen(heard: string[]): Callback {
  const hooks = hookNames.map((name) => [
    name,
    ({ epoch, batch, logs }: { epoch?: number; batch?: number; logs?: Logs }) => {
      const words = [name, epoch, batch, logs && Object.keys(logs).join('+')];
      heard.push(words.filter((word) => word !== undefined).join(' '));
    },
  ]);
  return Object.fromEntries(hooks) as Callback;
}

test('hooks come in Keras’s order, with what there is to tell', async () => {
  const heard: string[] = [];
  const options: FitOptions = { epochs: 4, initialEpoch: 2, validationData: [x, y], validationFreq: 2 };
  const { epoch, history } = await create().fit(x, y, { ...quietly, ...options, callbacks: [listen(heard)] });
  expect(heard).toEqual([
    'onTrainBegin',
    'onEpochBegin 2',
    ...[
      'onTrainBatchBegin 2 0',
      'onTrainBatchEnd 2 0 loss+mae',
      'onTrainBatchBegin 2 1',
      'onTrainBatchEnd 2 1 loss+mae',
    ],
    'onEpochEnd 2 loss+mae',
    'onEpochBegin 3',
    ...[
      'onTrainBatchBegin 3 0',
      'onTrainBatchEnd 3 0 loss+mae',
      'onTrainBatchBegin 3 1',
      'onTrainBatchEnd 3 1 loss+mae',
    ],
    'onTestBegin 3',
    ...['onTestBatchBegin 3 0', 'onTestBatchEnd 3 0 loss+mae', 'onTestBatchBegin 3 1', 'onTestBatchEnd 3 1 loss+mae'],
    'onTestEnd 3 loss+mae',
    'onEpochEnd 3 loss+mae+valLoss+valMae',
    'onTrainEnd',
  ]);
  expect([epoch, history.loss.length, history.valLoss.length]).toEqual([[2, 3], 2, 1]);
});

test('the logs of a batch are those of the epoch so far; those of the epoch are the history; those of a test, evaluate', async () => {
  const model = create();
  const [batches, tests, epochs]: Logs[][] = [[], [], []];
  const callback: Callback = {
    onTrainBatchEnd: ({ logs }) => void batches.push(logs),
    onTestEnd: ({ logs }) => {
      tests.push(logs);
      expect(model.evaluate(x, y, { batchSize: 7 })).toEqual(logs);
    },
    onEpochEnd: ({ logs }) => void epochs.push(logs),
  };
  const options = { ...quietly, shuffle: false, validationData: [x, y], callbacks: [callback] } as const;
  const { history } = await model.fit(x, y, options);
  const stepped = create();
  const losses = [[0, 7], [7, 14]].map(([from, to]) => stepped.trainOnBatch(rowsOf(x, from, to), rowsOf(y, from, to))); // prettier-ignore
  expect(batches[0]).toEqual(losses[0]);
  expect(batches[1].loss).toBe((losses[0].loss * 7 + losses[1].loss * 7) / 14);
  const [{ loss, mae }] = tests;
  expect(epochs).toEqual([{ ...batches[1], valLoss: loss, valMae: mae }]);
  const ofEpoch = Object.entries(history).map(([name, [value]]) => [name, value] as const);
  expect(Object.fromEntries(ofEpoch)).toEqual(epochs[0]);
});

test('validationFreq may be a list of epochs, the first of which is 1', async () => {
  const heard: string[] = [];
  const callback: Callback = { onTestBegin: ({ epoch }) => void heard.push(`${epoch}`) };
  const options = { ...quietly, epochs: 6, validationSplit: 0.5, callbacks: [callback] };
  await create().fit(x, y, { ...options, validationFreq: [1, 2, 5] });
  await create().fit(x, y, { ...options, validationFreq: 3 });
  expect(heard).toEqual(['0', '1', '4', '2', '5']);
});

describe('training.stop', () => {
  const stopAt = (hook: keyof Callback, epoch: number, batch?: number): Callback => ({
    [hook]: (event: { epoch: number; batch?: number; training: { stop(reason: string): void } }) => {
      if (event.epoch === epoch && event.batch === batch) event.training.stop('enough');
    },
  });

  test.each<[string, Callback, number[], number]>([
    ['before training: nothing is trained', { onTrainBegin: ({ training }) => training.stop('enough') }, [], 0],
    ['before an epoch: it is not trained', stopAt('onEpochBegin', 1), [0], 2],
    ['before an epoch’s first batch: the same', stopAt('onTrainBatchBegin', 1, 0), [0], 2],
    ['before a batch: that one is not trained, and the epoch ends', stopAt('onTrainBatchBegin', 1, 1), [0, 1], 3],
    ['after a batch: the epoch ends', stopAt('onTrainBatchEnd', 1, 0), [0, 1], 3],
    ['in validation: the epoch ends after it', stopAt('onTestBatchEnd', 1, 0), [0, 1], 4],
    ['after an epoch', stopAt('onEpochEnd', 1), [0, 1], 4],
  ])('%s', async (_, stopping, epochs, batches) => {
    const heard: string[] = [];
    const model = create();
    const history = await model.fit(x, y, {
      ...quietly,
      epochs: 3,
      validationData: [rowsOf(x, 0, 7), rowsOf(y, 0, 7)],
      callbacks: [stopping, listen(heard)],
    });
    expect(history.epoch).toEqual(epochs);
    expect(history.notes).toEqual(['enough']);
    expect(Object.values(history.history).every((values) => values.length === epochs.length)).toBe(true);
    expect(heard.filter((name) => name.startsWith('onTrainBatchEnd'))).toHaveLength(batches);
    expect(heard.at(-1)).toBe('onTrainEnd');
    expect((await model.fit(x, y, quietly)).epoch).toEqual([0]);
  });
});

test.each(hookNames.filter((name) => name !== 'onNonFiniteLoss'))(
  'what %s throws ends fit, and leaves a model that trains on',
  async (hook) => {
    const failing: Callback = { [hook]: () => Promise.reject(new RangeError('mine')) };
    const model = create();
    const options = { ...quietly, validationData: [x, y] } as const;
    await expect(model.fit(x, y, { ...options, callbacks: [failing] })).rejects.toThrow(new RangeError('mine'));
    model.setWeights(model.getWeights());
    expect((await model.fit(x, y, { ...options, epochs: 2 })).epoch).toEqual([0, 1]);
  },
);

test('which way is better is known of losses and metrics by their kinds, not of one’s own', async () => {
  const given = input({ shape: [2] });
  const [a, b] = ['a', 'b'].map((name) => layers.dense({ units: 1, name, activation: 'sigmoid' }).apply(given));
  const model = functional({ inputs: given, outputs: [a, b] });
  const own = (name: string) =>
    metrics.custom({ name, build: (yTrue, yPred) => layers.subtract().apply([yTrue, yPred]) });
  const ofA = [
    metrics.precision({ name: 'precisionLoss' }),
    metrics.rootMeanSquaredError({ name: 'accuracy' }),
    'mae',
  ] as const;
  const ofB = [metrics.auc({ name: 'aucPr' }), 'cosineSimilarity', own('gain')] as const;
  model.compile({ optimizer: 'sgd', loss: 'cosineSimilarity', metrics: { a: ofA, b: ofB }, logGradientNorm: true });
  const modes: Record<string, string | undefined> = {};
  const onTrainBegin: Callback['onTrainBegin'] = ({ training }) => {
    for (const name of training.logNames) modes[name] = training.modeOf?.(name);
  };
  const data = [ones(2, 2), [ones(2, 1), ones(2, 1)]] as const;
  await model.fit(...data, { verbose: 0, validationData: data, callbacks: [{ onTrainBegin }] });
  expect(modes).toEqual({
    ...{ loss: 'min', aLoss: 'min', aPrecisionLoss: 'max', aAccuracy: 'min', aMae: 'min' },
    ...{ bLoss: 'min', bAucPr: 'max', bCosineSimilarity: 'max', bGain: undefined, gradientNorm: undefined },
    ...{ valLoss: 'min', valALoss: 'min', valAPrecisionLoss: 'max', valAAccuracy: 'min', valAMae: 'min' },
    ...{ valBLoss: 'min', valBAucPr: 'max', valBCosineSimilarity: 'max', valBGain: undefined },
  });
});

describe('restoreBestWeights', () => {
  const single = (useEma: boolean) => {
    const model = sequential({ layers: [layers.dense({ units: 1, kernelInitializer: 'zeros', inputShape: [1] })] });
    model.compile({ optimizer: optimizers.sgd({ learningRate: 0.1, useEma, emaMomentum: 0.5 }), loss: 'mse' });
    return model;
  };
  const best = callbacks.earlyStopping({ monitor: 'loss', patience: 9, restoreBestWeights: true });
  /** The weights at the end of each epoch. */
  const keep = (kept: Float32Array[][]): Callback => ({
    onEpochEnd: ({ training }) => void kept.push(valuesOf(training)),
  });

  test('also where training ends inside of the epoch after the best', async () => {
    const [model, kept]: [TrainableModel, Float32Array[][]] = [single(false), []];
    const batches = (epoch: number) => [
      [[[1]], [[epoch === 2 ? -50 : 1]]] as const,
      [[[1]], [[epoch === 2 ? NaN : 1]]] as const,
    ];
    const { epoch } = await model.fit(
      { epoch: batches },
      {
        epochs: 9,
        verbose: 0,
        callbacks: [callbacks.terminateOnNaN(), best, keep(kept)],
      },
    );
    expect(epoch).toEqual([0, 1]);
    expect(valuesOf(model)).toEqual(kept[1]);
  });

  test('those of the epoch, not their average, whichever epoch it was (Keras)', async () => {
    for (const target of [1, 9]) {
      const [model, kept]: [TrainableModel, Float32Array[][]] = [single(true), []];
      const batches = (epoch: number) => [[[[1]], [[epoch === 2 ? target : 1]]] as const];
      const { history } = await model.fit({ epoch: batches }, { epochs: 3, verbose: 0, callbacks: [best, keep(kept)] });
      const [least] = [...history.loss].sort((a, b) => a - b);
      expect(valuesOf(model)).toEqual(kept[history.loss.indexOf(least)]);
    }
  });
});

describe('weights', () => {
  const weights = Float32Array.from({ length: 14 }, (_, i) => (i * 5) % 4);
  const classes: Plain = { data: y.data.map((value) => (value > 0 ? 1 : 0)), shape: y.shape };
  const classWeight = { 0: 3, 1: 0.25 };
  const shuffled = { ...quietly, epochs: 3 };

  test('of samples go with their rows when these are shuffled', async () => {
    // Of a linear model without bias, weight w of a row is the row, and its target, times √w.
    const linear = () => {
      const model = sequential({ layers: [layers.dense({ units: 1, useBias: false, inputShape: [2] })] });
      model.compile({ optimizer: optimizers.sgd({ learningRate: 0.05 }), loss: 'mse' });
      return model;
    };
    const few: Plain = { data: x.data.slice(0, 28), shape: [14, 2] };
    const scaled = ({ data, shape }: Plain): Plain => {
      return { data: data.map((value, i) => value * Math.sqrt(weights[Math.floor(i / shape[1])])), shape };
    };
    const [weighted, plain] = [linear(), linear()];
    const options = { epochs: 3, batchSize: 3, verbose: 0 } as const;
    const one = await weighted.fit(few, y, { ...options, sampleWeight: weights });
    const two = await plain.fit(scaled(few), scaled(y), options);
    one.history.loss.forEach((loss, i) => expect(loss).toBeCloseTo(two.history.loss[i], 5));
    valuesOf(weighted)[0].forEach((value, i) => expect(value).toBeCloseTo(valuesOf(plain)[0][i], 5));
  });

  test('of classes are weights of samples; validation has the one, not the other (Keras)', async () => {
    const ofClasses = classes.data.map((one) => (one === 1 ? 0.25 : 3));
    const [one, two] = [create(), create()];
    const byClass = await one.fit(x, classes, { ...shuffled, classWeight });
    expect(await two.fit(x, classes, { ...shuffled, sampleWeight: ofClasses })).toEqual(byClass);
    expect(valuesOf(one)).toEqual(valuesOf(two));

    const both = { ...shuffled, sampleWeight: weights };
    const split = await create().fit(x, classes, { ...both, validationSplit: 0.5, classWeight });
    const given = await create().fit(rowsOf(x, 0, 7), rowsOf(classes, 0, 7), {
      ...both,
      sampleWeight: weights.subarray(0, 7),
      classWeight,
      validationData: [rowsOf(x, 7, 14), rowsOf(classes, 7, 14), weights.subarray(7)],
    });
    expect(split).toEqual(given);
  });

  test('of steps, [batch, time], are those of the losses of these steps', async () => {
    const make = () => {
      const rnn = layers.gru({ units: 1, returnSequences: true, inputShape: [null, 2] });
      const model = sequential({ layers: [rnn] });
      model.compile({ optimizer: 'adam', loss: 'mse' });
      return model;
    };
    const targets: Plain = { data: random.normals(14 * 6), shape: [14, 6, 1] };
    const steps = { data: Float32Array.from({ length: 14 * 6 }, (_, i) => i % 3), shape: [14, 6] };
    const [fitted, stepped] = [make(), make()];
    await fitted.fit(x, targets, { ...quietly, shuffle: false, sampleWeight: steps });
    for (const from of [0, 7]) {
      const cut = (all: Plain) => rowsOf(all, from, from + 7);
      stepped.trainOnBatch(cut(x), cut(targets), { sampleWeight: cut(steps) });
    }
    expect(valuesOf(fitted)).toEqual(valuesOf(stepped));
  });
});

describe('truncated backpropagation through time', () => {
  const stateful = () => {
    const model = sequential({
      layers: [layers.lstm({ units: 3, stateful: true, inputShape: [null, 2] }), layers.dense({ units: 1 })],
    });
    model.compile({ optimizer: optimizers.sgd({ learningRate: 0.1 }), loss: 'mse' });
    return model;
  };
  /** Two long sequences in five pieces: batch k has the k-th piece of both. */
  const pieces = Array.from({ length: 5 }, () => {
    return [
      { data: random.normals(2 * 4 * 2), shape: [2, 4, 2] },
      { data: random.normals(2), shape: [2, 1] },
    ] as const;
  });
  const joined = [0, 1].map((i): Plain => {
    const all = pieces.flatMap((piece) => [...piece[i].data]);
    return { data: Float32Array.from(all), shape: [10, ...pieces[0][i].shape.slice(1)] };
  });
  const resetting: Callback = { onEpochBegin: ({ training }) => training.resetStates() };

  test('pieces in their order, states carried from batch to batch, reset where the sequences begin again', async () => {
    const [arrays, iterated, stepped] = [stateful(), stateful(), stateful()];
    const options = { epochs: 3, verbose: 0, callbacks: [resetting] } as const;
    await arrays.fit(joined[0], joined[1], { ...options, batchSize: 2 });
    await iterated.fit(pieces, options);
    for (let epoch = 0; epoch < 3; epoch++) {
      stepped.resetStates();
      for (const [a, b] of pieces) stepped.trainOnBatch(a, b);
    }
    for (const model of [arrays, iterated]) {
      expect(valuesOf(model)).toEqual(valuesOf(stepped));
      expect(model.getStates().map(({ data }) => data)).toEqual(stepped.getStates().map(({ data }) => data));
    }
    const kept = stateful();
    await kept.fit(pieces, { epochs: 3, verbose: 0 });
    expect(valuesOf(kept)).not.toEqual(valuesOf(stepped));
  });

  test('validation goes on from a copy of the states; resetting them while it runs changes nothing of it', async () => {
    const validationData = () => pieces.values();
    const during: Callback = { onTestBegin: ({ training }) => training.resetStates() };
    const [reset, kept] = [stateful(), stateful()];
    const options = { epochs: 1, verbose: 0, validationData } as const;
    const one = await reset.fit(pieces, { ...options, callbacks: [during] });
    const two = await kept.fit(pieces, options);
    expect(one.history.valLoss).toBeDefined();
    expect(one.history.loss).toEqual(two.history.loss);
    expect(() => reset.getStates()).toThrow('no run has left states');
  });
});

describe('wounds of other libraries', () => {
  test('LSTM(50) learns a sine in 2,000 steps, without a NaN', async () => {
    // sin(linspace(0, 50, 200)) on unit 0; the other units are to be 0.
    const target = { data: new Float32Array(200 * 50), shape: [1, 200, 50] };
    for (let t = 0; t < 200; t++) target.data[50 * t] = Math.sin((50 * t) / 199);
    const model = sequential({ layers: [layers.lstm({ units: 50, returnSequences: true, inputShape: [null, 1] })] });
    model.compile({ optimizer: optimizers.adam({ learningRate: 1e-3 }), loss: 'mse' });
    const zeros = { data: new Float32Array(200), shape: [1, 200, 1] };
    const { history } = await model.fit(zeros, target, { epochs: 2000, verbose: 0 });
    expect(history.loss.every(Number.isFinite)).toBe(true);
    const means = [0, 500, 1000, 1500].map((from) => {
      return history.loss.slice(from, from + 500).reduce((sum, loss) => sum + loss) / 500;
    });
    expect([...means].sort((a, b) => b - a)).toEqual(means);
    expect(history.loss[1999]).toBeLessThan(0.5 * history.loss[0]);
  });

  test('a stateful model trained with batch 32 predicts with batch 1, 33 and 7 after resetStates, without a rebuilding', async () => {
    const model = sequential({
      layers: [layers.lstm({ units: 4, stateful: true, inputShape: [null, 2] }), layers.dense({ units: 1 })],
    });
    model.compile({ optimizer: 'adam', loss: 'mse' });
    const many: Plain = { data: random.normals(64 * 6 * 2), shape: [64, 6, 2] };
    await model.fit(many, ones(64, 1), { batchSize: 32, epochs: 2, verbose: 0 });
    const plain = sequential({
      layers: [layers.lstm({ units: 4, inputShape: [null, 2] }), layers.dense({ units: 1 })],
    });
    plain.setWeights(model.getWeights());
    for (const batch of [1, 33, 7]) {
      const some = rowsOf(many, 0, batch);
      expect(() => model.predict(some)).toThrow(
        /hold the states of a batch of \d+, got a batch of \d+; call resetStates\(\) first/,
      );
      model.resetStates();
      expect(model.predict(some).data).toEqual(plain.predict(some).data);
    }
    model.resetStates();
    await model.fit(many, ones(64, 1), { batchSize: 32, verbose: 0 });
  });
});
