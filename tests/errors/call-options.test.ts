/** Every option of models and of their methods refuses nonsense, by its name, and changes nothing then. */
import { describe, expect, test } from 'vitest';
import {
  functional,
  input,
  layers,
  loadModel,
  optimizers,
  sequential,
  type Optimizer,
  type TrainableModel,
} from '../../src/index.js';
import * as inference from '../../src/inference.js';
import { knownOptions, nonsense, thrownBy, type Make, type Table } from './nonsense.js';

const chain = () => [layers.lstm({ units: 4, inputShape: [null, 3] }), layers.dense({ units: 1 })];

function ends() {
  const x = input({ shape: [2] });
  return { inputs: x, outputs: layers.dense({ units: 1 }).apply(x) };
}

const model: Table = {
  name: nonsense.name,
  seed: nonsense.seed,
  kernels: nonsense.object,
  workspace: [...nonsense.object, layers.dense({ units: 1 })],
};
const listOfLayers = [undefined, null, 5, {}, [], [5], [layers.dense], ends().outputs];
const symbols = [undefined, null, 5, {}, [], [5], layers.dense({ units: 1 })];

describe.each([
  ['bucle', { sequential, functional }],
  ['bucle/inference', inference],
] as const)('models of %s', (_, library) => {
  test.each<[string, Make, () => object, Table]>([
    ['sequential', library.sequential as Make, () => ({ layers: chain() }), { ...model, layers: listOfLayers }],
    ['functional', library.functional as Make, ends, { ...model, inputs: symbols, outputs: symbols }],
  ])('%s', (name, make, good, table) => {
    for (const [option, values] of Object.entries(table)) {
      for (const value of values) {
        expect(() => make({ ...good(), [option]: value }), `${option}: ${String(value)}`).toThrow(
          new RegExp(`^${name}: .*expected `),
        );
      }
    }
    expect(knownOptions(thrownBy(() => make({ ...good(), nonsense: 1 })))).toEqual(Object.keys(table).sort());
    expect(() => make(undefined as never)).toThrow(`${name}: expected an object of options, got undefined`);
  });
});

describe('calls of a model', () => {
  const ones = (...shape: number[]) => ({ data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1), shape });
  const made = sequential({ layers: chain() });
  const before = made.predict(ones(2, 5, 3)).data;
  const [x, y] = [ones(6, 5, 3), ones(6, 1)];
  const compileWith = (optimizer: unknown): TrainableModel => {
    made.compile({ optimizer: optimizer as 'sgd', loss: 'mse' });
    return made;
  };
  const moments: Table = {
    beta1: nonsense.rate,
    beta2: nonsense.rate,
    epsilon: nonsense.positive,
  };
  const own: Record<Optimizer['kind'], Table> = {
    sgd: { momentum: nonsense.rate, nesterov: nonsense.flag },
    adam: { ...moments, amsgrad: nonsense.flag, epsilonHat: nonsense.flag },
    adamw: { ...moments, amsgrad: nonsense.flag, epsilonHat: nonsense.flag },
    nadam: moments,
    adamax: moments,
    rmsprop: {
      rho: nonsense.rate,
      momentum: nonsense.rate,
      epsilon: nonsense.positive,
      centered: nonsense.flag,
      epsilonOutside: nonsense.flag,
    },
    adagrad: {
      initialAccumulatorValue: [-0.1, NaN, Infinity, '0.1', null, true],
      epsilon: nonsense.positive,
      epsilonOutside: nonsense.flag,
    },
    adadelta: { rho: nonsense.rate, epsilon: nonsense.positive },
    lion: { beta1: nonsense.rate, beta2: nonsense.rate },
  };
  const common: Table = {
    learningRate: [...nonsense.positive, {}, { kind: 'cosine' }, []],
    clipValue: nonsense.positive,
    clipNorm: nonsense.positive,
    globalClipNorm: nonsense.positive,
    weightDecay: [-0.1, NaN, Infinity, '0.1', null, true],
    excludeFromWeightDecay: ['bias', [5], [''], null, {}],
    useEma: nonsense.flag,
    emaMomentum: [-0.1, 1.1, NaN, '0.5', null, true],
    emaOverwriteFrequency: nonsense.positiveInteger,
    gradientAccumulationSteps: nonsense.positiveInteger,
    kind: ['adamx'],
  };
  const ofOptimizers = Object.entries(own).map(([kind, table]): [string, string, Make, Table] => [
    `compile: optimizer ${kind}`,
    kind,
    (options) => compileWith(optimizers[kind as Optimizer['kind']](options)),
    { ...common, ...table },
  ]);

  test.each<[string, string, Make, Table]>([
    ...ofOptimizers,
    [
      'compile',
      '',
      (options) => made.compile({ optimizer: 'sgd', loss: 'mse', ...options }),
      {
        logGradientNorm: nonsense.flag,
        optimizer: ['adm', 5, null, undefined, {}],
        loss: ['msee', 5, null, undefined, {}, [], ['mse', 'mse'], { other: 'mse' }, { dense: 'x' }],
        lossWeights: [NaN, '1', null, [1, 2], { other: 1 }, { dense: 'x' }],
        metrics: ['mae', 5, null, ['accuracie'], [NaN], { other: 'mae' }, { dense: 5 }],
        weightedMetrics: ['mae', 5, null, ['accuracie'], [NaN]],
      },
    ],
    ['predict', '', (options) => made.predict(x, options), { batchSize: nonsense.positiveInteger }],
    [
      'evaluate',
      '',
      (options) => compileWith('sgd').evaluate(x, y, options),
      {
        batchSize: nonsense.positiveInteger,
        sampleWeight: [5, null, 'x', [], [1], ones(6, 2), [1, 1, NaN, 1, 1, 1], { other: ones(6) }],
        classWeight: [5, null, 'x', { 0.5: 1 }, { a: 1 }, { 0: NaN }],
      },
    ],
    [
      'trainOnBatch',
      '',
      (options) => compileWith('sgd').trainOnBatch(x, y, options),
      { sampleWeight: [5, [1]], classWeight: [5, { a: 1 }] },
    ],
    [
      'stream',
      '',
      (options) => made.stream(options),
      {
        batch: nonsense.positiveInteger,
        fixed: [[[1]], { x: [[1]] }, 5],
        rest: ['x', [1, 2, 3, 4, 5], null],
        state: [5, null, new Uint8Array(4), [new Uint8Array(80)], {}],
      },
    ],
    [
      'explain',
      '',
      (options) => made.explain(options),
      { batch: nonsense.positiveInteger, time: [-1, 0.5, NaN, '1', null], plan: ['fit', null, 5] },
    ],
  ])('%s', (name, _kind, call, table) => {
    for (const [option, values] of Object.entries(table)) {
      for (const value of values) {
        expect(() => call({ [option]: value }), `${option}: ${String(value)}`).toThrow(
          new RegExp(
            `^sequential: ${option === 'kind' ? 'compile' : name}.*(expected .*, got|every input of this model)`,
          ),
        );
      }
    }
    expect(knownOptions(thrownBy(() => call({ nonsense: 1 })))).toEqual(Object.keys(table).sort());
    expect(made.predict(ones(2, 5, 3)).data).toEqual(before);
  });

  test('at most one way of clipping', () => {
    expect(() => compileWith(optimizers.sgd({ clipNorm: 1, clipValue: 1 }))).toThrow(
      'at most one of clipValue, clipNorm, globalClipNorm',
    );
  });

  test('fit', async () => {
    const table: Table = {
      epochs: nonsense.positiveInteger,
      batchSize: nonsense.positiveInteger,
      validationSplit: nonsense.rate,
      validationData: [5, [], [x], { x, y }, null],
      shuffle: nonsense.flag,
      seed: nonsense.seed,
      verbose: [3, -1, 'loud', true, null, NaN],
      signal: [{}, 5, null, new AbortController()],
      initialEpoch: [-1, 0.5, '1', null],
      stepsPerEpoch: [...nonsense.positiveInteger, 3],
      validationSteps: [...nonsense.positiveInteger, 3],
      validationFreq: [0, -1, 0.5, '2', null, [0], [1.5]],
      callbacks: [
        5,
        {},
        [5],
        [{}],
        [{ kind: 'nonsense' }],
        [{ onEpochEnd: 5 }],
        [{ onEpochend: () => undefined }],
        null,
      ],
      resume: nonsense.flag,
      workers: nonsense.positiveInteger,
      sampleWeight: [5, [1], 'x', null],
      classWeight: [5, { a: 1 }, { 0: 'x' }, null],
    };
    const weights = compileWith('sgd')
      .getWeights()
      .map(({ data }) => data);
    for (const [option, values] of Object.entries(table)) {
      for (const value of values) {
        await expect(made.fit(x, y, { [option]: value }), `${option}: ${String(value)}`).rejects.toThrow(
          new RegExp(`^sequential: fit: ${option}.*: expected .*, got`),
        );
      }
    }
    const error: unknown = await made.fit(x, y, { nonsense: 1 } as never).catch((thrown: unknown) => thrown);
    expect(knownOptions(error)).toEqual(Object.keys(table).sort());
    await expect(made.fit(x, y, { validationSplit: 0.2, validationData: [x, y] })).rejects.toThrow(
      'expected validationSplit or validationData, got both',
    );
    await expect(made.fit(ones(1, 5, 3), ones(1, 1), { validationSplit: 0.5 })).rejects.toThrow(
      'validationSplit 0.5 of 1 row(s) leaves none to train on',
    );
    expect(made.getWeights().map(({ data }) => data)).toEqual(weights);
    expect(made.predict(ones(2, 5, 3)).data).toEqual(before);
  });

  test('apply', () => {
    const sequence = input({ shape: [null, 3] });
    const apply = (options: object) => layers.lstm({ units: 2 }).apply(sequence, options);
    expect(knownOptions(thrownBy(() => apply({ nonsense: 1 })))).toEqual(['initialState', 'mask']);
    for (const value of [5, 'h', [5, 5]]) {
      expect(() => apply({ initialState: value })).toThrow('lstm: expected symbolic tensors');
      expect(() => apply({ mask: value })).toThrow('lstm: expected symbolic tensors');
    }
    expect(() => apply({ initialState: input({ shape: [2] }) })).toThrow('lstm: expected 2 initial state(s), got 1');
    const wrong = [input({ shape: [2] }), input({ shape: [3] })];
    expect(() => apply({ initialState: wrong })).toThrow(
      'lstm: expected initial states of shape [batch, 2], got [batch, 3]',
    );
    expect(() => apply({ mask: sequence })).toThrow(/lstm: expected a mask of dtype 'bool', got .* of float32/);
    expect(() => layers.dense({ units: 2 }).apply(sequence, { initialState: wrong[0] })).toThrow(
      'dense: expected no initial state, got 1',
    );
    for (const value of [undefined, null, 5, [], [[1, 2, 3]], layers.dense({ units: 1 })]) {
      expect(() => layers.dense({ units: 1 }).apply(value as never)).toThrow('dense: expected symbolic tensors');
    }
  });

  test('loadModel', () => {
    const file = { topology: { name: 'file', layers: [], inputs: [], outputs: [] }, weights: [] };
    expect(() => loadModel(file, { kernels: 'relaxed' as never })).toThrow(
      'file: loadModel: kernels: expected kernels',
    );
  });
});
