/** Fields of a TensorFlow.js file: what each means here, and that none of those that would change results is passed over. */
import { describe, expect, test } from 'vitest';
import {
  constraints,
  layers,
  loadModel as loadTrainable,
  optimizers,
  regularizers,
  sequential,
  type TrainableModel,
} from '../../src/index.js';
import { loadModel } from '../../src/inference.js';
import {
  fromKeras,
  handMade,
  handMadeLstm,
  lstmLayer,
  lstmWeights,
  readHandMade,
  sequentialConfig,
  type HandMadeFile,
  type HandMadeWeight,
} from './hand-made.js';

const optionsOf = (changes: Record<string, unknown>) => readHandMade(handMadeLstm(changes)).topology.layers[1].options;

const predictionOf = (changes: Record<string, unknown>) =>
  loadModel(readHandMade(handMadeLstm(changes))).predict([[[0.5], [-1], [2]]]).data;

describe('activations', () => {
  test.each(['activation', 'recurrent_activation'])('%s: null is linear, as in Keras', (field) => {
    expect(predictionOf({ [field]: null })).toEqual(predictionOf({ [field]: 'linear' }));
    expect(predictionOf({ [field]: null })).not.toEqual(predictionOf({}));
  });

  test.each([
    [
      'a layer',
      { class_name: 'LeakyReLU', config: { alpha: 0.2 } },
      '{"class_name":"LeakyReLU","config":{"alpha":0.2}}',
    ],
    ['a number', 3, '3'],
    ['a flag', false, 'false'],
  ])('%s in place of a name is refused', (_, value, came) => {
    const expected = `model.json: lstm: activation: expected an activation's name, got ${came}`;
    expect(() => readHandMade(handMadeLstm({ activation: value }))).toThrow(expected);
  });

  test('a name that bucle does not know is refused when the model is built', () => {
    expect(() => predictionOf({ activation: 'toString' })).toThrow(
      /lstm: activation: expected one of .*, got 'toString'/,
    );
  });

  test('of gates, where the field is absent, is what TensorFlow.js takes', () => {
    expect(optionsOf({ recurrent_activation: undefined }).recurrentActivation).toBe('hardSigmoidLegacy');
  });

  test('hard_sigmoid of a file from Keras 3 is that of Keras 3, in inner layers too', () => {
    const dense = { class_name: 'Dense', config: { name: 'dense', units: 1, activation: 'hard_sigmoid' } };
    const wrapper = { class_name: 'TimeDistributed', config: { name: 'wrapper', layer: dense } };
    const layers = [lstmLayer({ return_sequences: true, recurrent_activation: 'hard_sigmoid' }), wrapper];
    const file = handMade('Sequential', sequentialConfig(layers), lstmWeights);
    const optionsFrom = (version: string) =>
      readHandMade(fromKeras(version, file)).topology.layers.map(({ options }) => options);
    expect(optionsFrom('3.8.0')).toMatchObject([
      {},
      { activation: 'tanh', recurrentActivation: 'hardSigmoid' },
      { layer: { kind: 'dense', options: { units: 1, activation: 'hardSigmoid' } } },
    ]);
    expect(optionsFrom('2.15.0')).toMatchObject([
      {},
      { recurrentActivation: 'hardSigmoidLegacy' },
      { layer: { options: { activation: 'hardSigmoidLegacy' } } },
    ]);
  });

  test.each(['hard_sigmoid', 'hardSigmoid'])("%s is TensorFlow.js's, not that of Keras 3", (name) => {
    expect(optionsOf({ recurrent_activation: name }).recurrentActivation).toBe('hardSigmoidLegacy');
  });
});

describe('layers that bend values', () => {
  const fileOf = (className: string, config: object, weights: readonly HandMadeWeight[] = []) =>
    readHandMade(
      handMade(
        'Sequential',
        sequentialConfig([
          { class_name: className, config: { name: 'bend', batch_input_shape: [null, null, 2], ...config } },
        ]),
        weights,
      ),
    );
  const bent = (...given: Parameters<typeof fileOf>): number[] =>
    Array.from(loadModel(fileOf(...given)).predict([[[-2, 8]]]).data);
  const bendsTo = (given: readonly [string, object, HandMadeWeight[]?], expected: readonly number[]): void => {
    bent(...given).forEach((value, i) => expect(value).toBeCloseTo(expected[i], 6));
  };
  const slopes = { name: 'bend/alpha', shape: [1, 2], values: [0.25, 0.5] };

  test.each<[string, object, [number, number], HandMadeWeight[]?]>([
    ['ReLU', {}, [0, 8]],
    ['ReLU', { max_value: null, negative_slope: 0, threshold: 0 }, [0, 8]],
    ['ReLU', { max_value: 6 }, [0, 6]],
    ['ReLU', { max_value: null, negative_slope: 0.25, threshold: 0 }, [-0.5, 8]],
    ['LeakyReLU', { alpha: 0.25 }, [-0.5, 8]],
    ['LeakyReLU', { negative_slope: 0.5 }, [-1, 8]],
    ['LeakyReLU', {}, [-0.6, 8]],
    ['ELU', { alpha: 2 }, [2 * Math.expm1(-2), 8]],
    ['PReLU', { shared_axes: [1], alpha_initializer: { class_name: 'Zeros', config: {} } }, [-0.5, 8], [slopes]],
    ['Softmax', { axis: -1 }, [Math.exp(-10) / (1 + Math.exp(-10)), 1 / (1 + Math.exp(-10))]],
    ['Softmax', { axis: 1 }, [1, 1]],
    ['Activation', { activation: 'leaky_relu' }, [-0.4, 8]],
    ['Activation', { activation: 'relu6' }, [0, 6]],
    ['Activation', { activation: 'hard_swish' }, [-1 / 3, 8]],
    ['Activation', { activation: 'log_softmax' }, [-10 - Math.log1p(Math.exp(-10)), -Math.log1p(Math.exp(-10))]],
  ])('%s %j', (className, config, expected, weights) => {
    bendsTo([className, config, weights], expected);
  });

  test.each(['swish', 'silu'])('%s is x·σ(x), gelu is exact, and gelu_new is by tanh', (name) => {
    bendsTo(['Activation', { activation: name }], [-2 / (1 + Math.exp(2)), 8 / (1 + Math.exp(-8))]);
    bendsTo(['Activation', { activation: 'gelu' }], [-0.0455002639, 8]);
    bendsTo(['Activation', { activation: 'gelu_new' }], [-0.0454023059, 8]);
  });

  test.each([
    ['ReLU', { max_value: 4 }, 'max_value: expected 6, got 4'],
    ['ReLU', { threshold: 1 }, 'threshold: expected 0, got 1'],
    ['ReLU', { negative_slope: 0.1, threshold: 1 }, 'threshold: expected 0, got 1'],
    ['ReLU', { negative_slope: 0.1, max_value: 6 }, 'max_value: expected none, since bucle does not follow it, got 6'],
    ['Softmax', { axis: [1, 2] }, 'bend: axis: expected an axis but the batch'],
    ['LayerNormalization', { axis: [0] }, 'bend: axis: expected an axis but the batch, got 0'],
    ['LayerNormalization', { axis: [1, 2] }, 'bend: axis: expected an axis but the batch, got [1,2]'],
    ['LayerNormalization', { axis: [1] }, 'bend: axis: expected the last one of [null, null, 2], got 1'],
    ['GroupNormalization', { groups: 1, axis: -2 }, 'bend: axis: expected the last one of [null, null, 2], got -2'],
    ['BatchNormalization', { axis: 1 }, 'bend: axis: expected the last one of [null, null, 2], got 1'],
    ['Normalization', { axis: 1 }, 'bend: axis: expected the last one of [null, null, 2], got 1'],
  ])('%s %j is refused', (className, config, expected) => {
    expect(() => bent(className, config)).toThrow(expected);
  });
});

describe('a field that would change results or training is refused', () => {
  test.each<[string, unknown, string]>([
    ['time_major', true, 'false, got true'],
    ['zero_output_for_mask', true, 'false, got true'],
    ['num_constants', 2, '0, got 2'],
    ['trainable', 0, 'true, got 0'],
    ['dtype', 'float16', "'float32', got 'float16'"],
    ['dtype', { class_name: 'Policy', config: { name: 'mixed_float16' } }, "'float32', got 'mixed_float16'"],
    ['returnSequences', true, 'none, since bucle does not follow it, got true'],
    ['something_new', 0, 'none, since bucle does not follow it, got 0'],
    ['toString', 0, 'none, since bucle does not follow it, got 0'],
  ])('lstm: %s %j', (field, value, expected) => {
    expect(() => optionsOf({ [field]: value })).toThrow(`model.json: lstm: ${field}: expected ${expected}`);
  });

  const sequence = { batch_input_shape: [null, null, 2] };
  const conv = { ...sequence, filters: 1, kernel_size: [2], padding: 'causal', strides: [1], dilation_rate: [1] };
  const inner = (config: object) => ({
    layer: { class_name: 'Dense', config: { name: 'inner', units: 1, ...config } },
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['Conv1D', { ...conv, data_format: 'channels_first' }, "data_format: expected 'channels_last' or"],
    ['Dense', { ...sequence, units: 1, lora_rank: 4 }, 'lora_rank: expected none'],
    ['Dropout', { ...sequence, rate: 0.5, noise_shape: [1] }, 'noise_shape: expected none'],
    ['InputLayer', { ...sequence, dtype: 'int64' }, "dtype: expected 'float32' or 'int32', got 'int64'"],
    ['InputLayer', { ...sequence, sparse: true }, 'sparse: expected false, got true'],
    ['Masking', { ...sequence, return_sequences: true }, 'return_sequences: expected none'],
    [
      'TimeDistributed',
      { ...sequence, ...inner({ activation: {} }) },
      "layer: Dense: activation: expected an activation's name",
    ],
    [
      'TimeDistributed',
      { ...sequence, layer: { class_name: 'Odd', config: {} } },
      "layer: class_name: expected a layer that bucle knows, got 'Odd'",
    ],
  ])('%s %j', (className, config, expected) => {
    const layer = { class_name: className, config: { name: 'layer', ...config } };
    expect(() => readHandMade(handMade('Sequential', sequentialConfig([layer])))).toThrow(
      `model.json: layer: ${expected}`,
    );
  });

  test('of a whole model', () => {
    const odd = { ...sequentialConfig([lstmLayer()]), trainable: 0 };
    expect(() => readHandMade(handMade('Sequential', odd))).toThrow('model.json: config: trainable: expected true');
    const other = { ...sequentialConfig([lstmLayer()]), stateful: true };
    expect(() => readHandMade(handMade('Sequential', other))).toThrow('model.json: config: stateful: expected none');
  });

  test.each([
    ['training', true],
    ['mask', ['m', 0, 0]],
    ['initial_state', [['h', 0, 0]]],
  ])('of a call: %s', (option, value) => {
    expect(() => readHandMade(graphWithCall(['x', 0, 0, { [option]: value }]))).toThrow(
      `model.json: lstm: inbound_nodes[0]: ${option}: expected none, since bucle does not follow it`,
    );
  });
});

describe('what a file says of training', () => {
  const lstmOf = (changes: Record<string, unknown>) =>
    loadTrainable(readHandMade(handMade('Sequential', sequentialConfig([lstmLayer(changes)]), lstmWeights)));
  /** Weights after one step, and its loss, from the file's. */
  const stepOf = (model: TrainableModel) => {
    model.compile({ optimizer: optimizers.sgd({ learningRate: 0.1 }), loss: 'mse' });
    const { loss } = model.trainOnBatch([[[1], [2]]], [[3]]);
    return { loss, weights: model.getWeights().map(({ data }) => data) };
  };
  const optionsThat = (options: object) => {
    const model = sequential({ layers: [layers.lstm({ units: 1, inputShape: [null, 1], ...options })] });
    model.setWeights(lstmOf({}).getWeights());
    return model;
  };

  test.each<[string, unknown, object]>([
    [
      'kernel_regularizer',
      { class_name: 'L2', config: { l2: 0.5 } },
      { kernelRegularizer: regularizers.l2({ l2: 0.5 }) },
    ],
    [
      'recurrent_regularizer',
      { class_name: 'L1L2', config: { l1: 0.5, l2: 0.25 } },
      { recurrentRegularizer: regularizers.l1l2({ l1: 0.5, l2: 0.25 }) },
    ],
    ['bias_regularizer', { class_name: 'L1', config: { l1: 0.5 } }, { biasRegularizer: regularizers.l1({ l1: 0.5 }) }],
    [
      'activity_regularizer',
      { module: 'keras.regularizers', class_name: 'L2', config: { l2: 0.5 }, registered_name: null },
      { activityRegularizer: regularizers.l2({ l2: 0.5 }) },
    ],
    ['kernel_constraint', { class_name: 'NonNeg', config: {} }, { kernelConstraint: 'nonNeg' }],
    [
      'recurrent_constraint',
      { class_name: 'MaxNorm', config: { max_value: 0.5, axis: 0 } },
      { recurrentConstraint: constraints.maxNorm({ maxValue: 0.5 }) },
    ],
    ['bias_constraint', { class_name: 'UnitNorm', config: { axis: 0 } }, { biasConstraint: 'unitNorm' }],
    [
      'bias_constraint',
      { class_name: 'MinMaxNorm', config: { min_value: 0.1, max_value: 0.2, rate: 0.5, axis: 0 } },
      { biasConstraint: constraints.minMaxNorm({ minValue: 0.1, maxValue: 0.2, rate: 0.5 }) },
    ],
    ['trainable', false, { trainable: false }],
  ])('is followed: %s %j', (field, value, options) => {
    expect(stepOf(lstmOf({ [field]: value }))).toEqual(stepOf(optionsThat(options)));
    expect(stepOf(lstmOf({ [field]: value }))).not.toEqual(stepOf(lstmOf({})));
  });

  test.each<[string, unknown, string]>([
    [
      'kernel_regularizer',
      { class_name: 'Mine', config: {} },
      "class_name: expected one of 'L1', 'L2', 'L1L2', got 'Mine'",
    ],
    ['kernel_regularizer', { class_name: 'L2' }, 'config: expected an object, got undefined'],
    ['bias_constraint', { class_name: 'Mine', config: {} }, "class_name: expected one of 'MaxNorm', 'NonNeg'"],
  ])('is refused where nobody knows it: %s %j', (field, value, expected) => {
    expect(() => lstmOf({ [field]: value })).toThrow(`model.json: lstm: ${field}: ${expected}`);
  });

  test('is checked when the model is compiled', () => {
    const model = lstmOf({ kernel_regularizer: { class_name: 'L2', config: { l2: 'much' } } });
    expect(() => stepOf(model)).toThrow("lstm: kernelRegularizer: l2: expected a non-negative number, got 'much'");
  });
});

describe('a field that changes nothing is read', () => {
  test.each<[string, unknown]>([
    ['unroll', true],
    ['implementation', 1],
    ['seed', 7],
    ['trainable', true],
    ['time_major', null],
    ['unit_forget_bias', false],
    ['kernel_initializer', { class_name: 'Zeros', config: {} }],
    ['dtype', { module: 'keras', class_name: 'DTypePolicy', config: { name: 'float32' } }],
    ['something_new', null],
  ])('lstm: %s %j', (field, value) => {
    expect(predictionOf({ [field]: value })).toEqual(predictionOf({}));
  });

  test('layers without weights may be frozen', () => {
    const dropout = { class_name: 'Dropout', config: { name: 'dropout', trainable: false, rate: 0.5, seed: 3 } };
    const file = readHandMade(handMade('Sequential', sequentialConfig([lstmLayer(), dropout]), lstmWeights));
    expect(file.topology.layers[2].options).toEqual({ rate: 0.5 });
  });

  test.each([[[]], [[{}]], [[null]], [[{ training: null }]]])('of a call: %j', (options) => {
    const file = readHandMade(graphWithCall(['x', 0, 0, ...options]));
    expect(file.topology.layers[1].calls).toEqual([{ inputs: [{ layer: 'x', call: 0, output: 0 }], initialState: [] }]);
  });
});

test('a layer that is called otherwise in its graph than in its config is refused', () => {
  const file = handMade('Sequential', sequentialConfig([{ ...lstmLayer(), name: 'gru' }]));
  expect(() => readHandMade(file)).toThrow("model.json: lstm: name: expected 'lstm' as in its config, got 'gru'");
});

/** x → lstm, called with this reference. */
function graphWithCall(reference: unknown): HandMadeFile {
  const x = { class_name: 'InputLayer', config: { name: 'x', batch_input_shape: [null, null, 1] }, inbound_nodes: [] };
  const lstm = { ...lstmLayer(), inbound_nodes: [[reference]] };
  const ends = { input_layers: [['x', 0, 0]], output_layers: [['lstm', 0, 0]] };
  return handMade('Functional', { name: 'graph', layers: [x, lstm], ...ends }, lstmWeights);
}
