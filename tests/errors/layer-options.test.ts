/**
 * Every option of every layer refuses nonsense, by its name; unknown options are refused, with a list of those there are.
 * Initialisers, regularisers and constraints are read when a model is made: inference has no use for them.
 */
import { describe, expect, test } from 'vitest';
import {
  functional,
  initializers,
  input,
  layers,
  sequential,
  type Layer,
  type SymbolicTensor,
} from '../../src/index.js';
import { knownOptions, nonsense, thrownBy, type Make, type Table } from './nonsense.js';

const common: Table = {
  name: nonsense.name,
  inputShape: nonsense.shape,
  batchInputShape: nonsense.shape,
  trainable: nonsense.flag,
  activityRegularizer: nonsense.regularizer,
};

/** What is said of the training of weights. */
const ofWeights = (...names: string[]): Table =>
  Object.fromEntries<readonly unknown[]>(
    names.flatMap((name) => [
      [`${name}Initializer`, nonsense.initializer],
      [`${name}Regularizer`, nonsense.regularizer],
      [`${name}Constraint`, nonsense.constraint],
    ]),
  );

/** Cells go back from their outputs: they take no activation that works on a row, or whose slope its output does not tell. */
const ofCells = [...nonsense.activation, 'softmax', 'logSoftmax', 'gelu', 'swish', 'leakyRelu'];

const recurrent: Table = {
  ...common,
  units: nonsense.positiveInteger,
  activation: ofCells,
  useBias: nonsense.flag,
  ...ofWeights('kernel', 'recurrent', 'bias'),
  returnSequences: nonsense.flag,
  returnState: nonsense.flag,
  goBackwards: nonsense.flag,
  stateful: nonsense.flag,
  dropout: nonsense.rate,
  recurrentDropout: nonsense.rate,
};
const affine: Table = {
  ...common,
  activation: nonsense.activation,
  useBias: nonsense.flag,
  ...ofWeights('kernel', 'bias'),
};

const windows: Table = {
  kernelSize: nonsense.positiveInteger,
  strides: nonsense.positiveInteger,
  dilationRate: nonsense.positiveInteger,
  padding: ['Causal', 'full', null, 0],
};

const depthwise: Table = {
  ...common,
  ...windows,
  activation: nonsense.activation,
  useBias: nonsense.flag,
  ...ofWeights('depthwise'),
  depthMultiplier: nonsense.positiveInteger,
};

const pooling: Table = {
  ...common,
  poolSize: nonsense.positiveInteger,
  strides: nonsense.positiveInteger,
  padding: windows.padding,
};

const normalizing: Table = {
  ...common,
  axis: [0, 1.5, '-1', null, [-1]],
  epsilon: nonsense.positive,
  center: nonsense.flag,
  scale: nonsense.flag,
  ...ofWeights('gamma', 'beta'),
};

const sides = [-1, 0.5, NaN, '1', null, [], [1], [1, 2, 3], [1, -1]];

/** A call with options that are good, but for those of the table, which are tried one by one. */
const calls: [name: string, make: Make, good: object, table: Table][] = [
  ['simple_rnn', layers.simpleRNN as Make, { units: 2 }, recurrent],
  [
    'lstm',
    layers.lstm as Make,
    { units: 2 },
    { ...recurrent, recurrentActivation: ofCells, unitForgetBias: nonsense.flag },
  ],
  ['gru', layers.gru as Make, { units: 2 }, { ...recurrent, recurrentActivation: ofCells, resetAfter: nonsense.flag }],
  ['dense', layers.dense as Make, { units: 2 }, { ...affine, units: nonsense.positiveInteger }],
  [
    'conv1d',
    layers.conv1d as Make,
    { filters: 2, kernelSize: 2 },
    { ...affine, ...windows, filters: nonsense.positiveInteger, groups: [3, ...nonsense.positiveInteger] },
  ],
  ['depthwise_conv1d', layers.depthwiseConv1d as Make, { kernelSize: 2 }, { ...depthwise, ...ofWeights('bias') }],
  [
    'separable_conv1d',
    layers.separableConv1d as Make,
    { filters: 2, kernelSize: 2 },
    { ...depthwise, ...ofWeights('pointwise', 'bias'), filters: nonsense.positiveInteger },
  ],
  [
    'conv1d_transpose',
    layers.conv1dTranspose as Make,
    { filters: 2, kernelSize: 2 },
    {
      ...affine,
      ...windows,
      padding: ['causal', null, 0],
      outputPadding: [1, -1, 0.5, NaN, '1', null, [0, 0]],
      filters: nonsense.positiveInteger,
    },
  ],
  ['max_pooling1d', layers.maxPooling1d, {}, pooling],
  ['average_pooling1d', layers.averagePooling1d, {}, pooling],
  ['global_max_pooling1d', layers.globalMaxPooling1d, {}, { ...common, keepdims: nonsense.flag }],
  ['global_average_pooling1d', layers.globalAveragePooling1d, {}, { ...common, keepdims: nonsense.flag }],
  ['zero_padding1d', layers.zeroPadding1d, {}, { ...common, padding: sides }],
  ['cropping1d', layers.cropping1d, {}, { ...common, cropping: sides }],
  ['up_sampling1d', layers.upSampling1d, {}, { ...common, size: nonsense.positiveInteger }],
  [
    'embedding',
    layers.embedding as Make,
    { inputDim: 3, outputDim: 2 },
    {
      ...common,
      inputDim: nonsense.positiveInteger,
      outputDim: nonsense.positiveInteger,
      maskZero: nonsense.flag,
      weights: [
        5,
        'x',
        null,
        [[1, 2]],
        [
          [1, 2, 3],
          [1, 2, 3],
        ],
        [['a']],
      ],
      ...ofWeights('embeddings'),
    },
  ],
  ['layer_normalization', layers.layerNormalization, {}, normalizing],
  [
    'group_normalization',
    layers.groupNormalization,
    { groups: 2 },
    { ...normalizing, groups: [0, -2, 1.5, NaN, '2', null] },
  ],
  [
    'batch_normalization',
    layers.batchNormalization,
    {},
    {
      ...normalizing,
      momentum: [-0.1, 1.1, NaN, '0.9', null],
      movingMeanInitializer: nonsense.initializer,
      movingVarianceInitializer: nonsense.initializer,
    },
  ],
  [
    'normalization',
    layers.normalization,
    { mean: 0, variance: 1 },
    {
      ...common,
      axis: normalizing.axis,
      mean: ['1', null, NaN, [[1]], ['1'], [NaN]],
      variance: ['1', null, -1, [[1]], [-1], [NaN]],
      invert: nonsense.flag,
    },
  ],
  ['spatial_dropout1d', layers.spatialDropout1d as Make, { rate: 0.5 }, { ...common, rate: nonsense.rate }],
  [
    'gaussian_noise',
    layers.gaussianNoise as Make,
    { stddev: 0.5 },
    { ...common, stddev: [-0.1, 1.1, NaN, '0.5', null, true, undefined] },
  ],
  ['dropout', layers.dropout as Make, { rate: 0.5 }, { ...common, rate: nonsense.rate }],
  ['masking', layers.masking, {}, { ...common, maskValue: nonsense.finite }],
  ['activation', layers.activation as Make, { activation: 'tanh' }, { ...common, activation: nonsense.activation }],
  [
    'time_distributed',
    layers.timeDistributed as Make,
    {
      get layer() {
        return layers.dense({ units: 2 });
      },
    },
    { ...common, layer: [...nonsense.object, undefined] },
  ],
  [
    'bidirectional',
    layers.bidirectional as Make,
    {
      get layer() {
        return layers.lstm({ units: 2 });
      },
    },
    {
      ...common,
      layer: [...nonsense.object, layers.dense({ units: 2 }), undefined],
      backwardLayer: [
        ...nonsense.object,
        layers.dense({ units: 2 }),
        layers.lstm({ units: 2 }),
        layers.lstm({ units: 2, goBackwards: true, returnSequences: true }),
        layers.lstm({ units: 2, goBackwards: true, returnState: true }),
        layers.lstm({ units: 2, goBackwards: true, stateful: true }),
      ],
      mergeMode: ['concatenate', 5, true],
    },
  ],
  [
    'custom',
    layers.custom as unknown as Make,
    { call: ([x]: [SymbolicTensor]) => layers.activation({ activation: 'tanh' }).apply(x) },
    { ...common, layers: [5, 'x', null, { a: 5 }], call: [5, 'x', null, undefined] },
  ],
  ...(['add', 'average', 'maximum', 'minimum', 'multiply', 'subtract', 'flatten'] as const).map(
    (kind): (typeof calls)[number] => [kind, layers[kind] as Make, {}, common],
  ),
  ['concatenate', layers.concatenate, {}, { ...common, axis: [0, 1.5, '1', null] }],
  ['leaky_re_lu', layers.leakyReLU, {}, { ...common, negativeSlope: [-1, NaN, Infinity, '1', null] }],
  ['elu', layers.elu, {}, { ...common, alpha: [-1, NaN, Infinity, '1', null] }],
  [
    'p_re_lu',
    layers.prelu,
    { sharedAxes: 1 },
    { ...common, sharedAxes: [0, -1, 1.5, '1', null, [0]], ...ofWeights('alpha') },
  ],
  ['softmax', layers.softmax, {}, { ...common, axis: [0, 1.5, '1', null] }],
  [
    'dot',
    layers.dot as Make,
    { axes: 1 },
    { ...common, axes: [0, [1], [1, 2, 3], 'x', null, undefined], normalize: nonsense.flag },
  ],
  ['permute', layers.permute as Make, { dims: [2, 1] }, { ...common, dims: [[1, 1], [0, 1], [2], 5, null, undefined] }],
  ['repeat_vector', layers.repeatVector as Make, { n: 2 }, { ...common, n: nonsense.positiveInteger }],
  [
    'reshape',
    layers.reshape as Make,
    { targetShape: [2, 3] },
    { ...common, targetShape: [[0], [-1, -1], [1.5], ['2'], 5, null, undefined] },
  ],
  [
    'input',
    input,
    { shape: [2] },
    {
      name: nonsense.name,
      shape: [...nonsense.shape, []],
      batchShape: [...nonsense.shape, [2]],
      dtype: ['int64', 'float', null, 5],
    },
  ],
];

function modelOf(make: Make): Make {
  return (options) => sequential({ layers: [make({ ...options, inputShape: [null, 2] }) as Layer] });
}

describe('layers', () => {
  test('are all in the table', () => {
    expect(calls.map(([, make]) => make)).toEqual(expect.arrayContaining(Object.values(layers)));
  });

  test.each(calls)('%s', (name, make, good, table) => {
    for (const [option, values] of Object.entries(table)) {
      for (const value of values) {
        const use = /(Initializer|Regularizer|Constraint)$/.test(option) ? modelOf(make) : make;
        expect(() => use({ ...good, [option]: value }), `${option}: ${String(value)}`).toThrow(
          new RegExp(`^${name}: (${option}.*: )?expected .*, got`),
        );
      }
    }
    expect(knownOptions(thrownBy(() => make({ ...good, nonsense: 1 })))).toEqual(Object.keys(table).sort());
    for (const value of [null, 5, 'units', []]) {
      expect(() => make(value as never)).toThrow(`${name}: expected an object of options, got`);
    }
  });

  test('strides and dilation together are refused, as Keras does', () => {
    const windowOptions = { kernelSize: 2, strides: [2], dilationRate: [3] } as const;
    const options = { ...windowOptions, filters: 2 };
    for (const make of [layers.conv1d, layers.separableConv1d, layers.conv1dTranspose]) {
      expect(() => make(options)).toThrow(/conv1d.*: expected strides or dilationRate of 1, got 2 and 3/);
    }
    expect(() => layers.depthwiseConv1d(windowOptions)).toThrow('expected strides or dilationRate of 1, got 2 and 3');
  });

  test('groups must divide filters and features', () => {
    expect(() => layers.conv1d({ filters: 4, kernelSize: 1, groups: 3 })).toThrow(
      'conv1d: groups: expected a divisor of 4 filters, got 3',
    );
    const layer = layers.conv1d({ filters: 4, kernelSize: 1, groups: 2 });
    expect(() => layer.apply(input({ shape: [null, 3] }))).toThrow(
      'conv1d: expected features in 2 equal groups, got 3',
    );
  });

  test('mean and variance are given together, as many as there are features', () => {
    expect(() => layers.normalization({ mean: 1 })).toThrow(
      'normalization: expected mean and variance, got mean alone',
    );
    expect(() => layers.normalization({ variance: 1 })).toThrow('expected mean and variance, got variance alone');
    expect(() => layers.normalization({ mean: [1, 2], variance: [1, 2] }).apply(input({ shape: [3] }))).toThrow(
      'normalization: mean: expected 3 values, one for each feature, got 2',
    );
  });

  test('slopes and shares lie along axes that the input has', () => {
    const [vector, sequence, steps] = [[2], [null, 2], [null, 3, 2]].map((shape) => input({ shape }));
    expect(() => layers.prelu({ sharedAxes: [1, 3] }).apply(sequence)).toThrow(
      'p_re_lu: expected sharedAxes from 1 to 2, got 3',
    );
    expect(() => layers.prelu().apply(sequence)).toThrow(
      'p_re_lu: expected an input of rank 2 or 3, of known length along the axes that are not shared, got [null, null, 2]',
    );
    expect(() => layers.prelu({ sharedAxes: [1, 2] }).apply(steps)).toThrow(
      'p_re_lu: expected an input of rank 2 or 3',
    );
    for (const [x, axis, axes] of [
      [vector, 2, 'the last axis of [null, 2]'],
      [sequence, 3, 'the last axis or the time axis of [null, null, 2]'],
      [steps, 1, 'the last axis of [null, null, 3, 2]'],
    ] as const) {
      expect(() => layers.softmax({ axis }).apply(x)).toThrow(`softmax: expected ${axes}, got ${axis}`);
    }
  });

  test('features must fall into the groups', () => {
    expect(() => layers.groupNormalization().apply(input({ shape: [null, 48] }))).toThrow(
      'group_normalization: groups: expected a divisor of 48 features, got 32',
    );
    expect(() => layers.groupNormalization({ groups: 1 }).apply(input({ shape: [null, 2, 3] }))).toThrow(
      'group_normalization: expected an input of shape [batch, features] or [batch, time, features], got [null, null, 2, 3]',
    );
  });

  test('an error calls a layer by its own name', () => {
    expect(() => layers.lstm({ name: 'encoder', units: 0 })).toThrow(
      'encoder: units: expected a positive integer, got 0',
    );
  });

  test('an input must say its features', () => {
    expect(() => input({ shape: [null, null] })).toThrow('input: the number of features must be known');
    expect(() => layers.dense({ units: 1 }).apply(input({ shape: [null] }))).toThrow(
      'dense: expected an input with features, got [batch, time]',
    );
    expect(() => input({})).toThrow('input: expected shape or batchShape, got neither');
  });

  test('a layer inside TimeDistributed cannot be used elsewhere', () => {
    const layer = layers.dense({ units: 2 });
    layers.timeDistributed({ layer });
    expect(() => layers.timeDistributed({ layer })).toThrow('time_distributed: the dense is in use already');
    expect(() => layer.apply(input({ shape: [2] }))).toThrow('dense: is inside time_distributed; call that instead');
  });

  test.each([
    ['zeros', { kind: 'zeros', value: 1 } as never, /unknown option "value"; known: kind/],
    ['constant', initializers.constant({ values: 1 } as never), /unknown option "values"; known: kind, value/],
    ['orthogonal', initializers.orthogonal({ gian: 1 } as never), /unknown option "gian"; known: kind, gain/],
    ['varianceScaling', initializers.varianceScaling({ scale: 0 }), /scale: expected a positive number, got 0/],
    [
      'varianceScaling',
      initializers.varianceScaling({ mode: 'fan_in' as never }),
      /mode: expected one of 'fanIn', 'fanOut', 'fanAverage', got 'fan_in'/,
    ],
  ])('initializers.%s', (_, kernelInitializer, message) => {
    const layer = layers.dense({ units: 1, kernelInitializer, inputShape: [1] });
    expect(() => sequential({ layers: [layer] })).toThrow(message);
  });

  test('where an initialiser is refused, no layer is built', () => {
    const first = layers.dense({ units: 2 });
    const inputs = input({ shape: [2] });
    const x = first.apply(inputs);
    const second = layers.dense({ units: 2, kernelInitializer: 'glorot' as never });
    expect(() => functional({ inputs, outputs: second.apply(x) })).toThrow('kernelInitializer');
    expect(first.workspace).toBeUndefined();
  });
});
