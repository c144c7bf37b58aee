/**
 * Layers of TensorFlow.js files: for each class the fields that it may have, and what each means here. A field that stands in
 * no table is refused unless it is null, Keras's None: it may change results.
 */
import { oneOf, refuse, show } from '../options/options.js';
import { camelCase } from './camel-case.js';
import { asList, asRecord, asText, type Json } from './json.js';
import { readConstraint, readRegularizer } from './tfjs-training.js';

export interface ReadLayer {
  /** The function that makes it, and the options that the function takes. */
  readonly kind: string;
  readonly options: Json;
  readonly name: string;
  /** Of inputs, and of layers that were made with one. */
  readonly batchShape: unknown;
  /** The calls of a layer of a graph, unread. */
  readonly inboundNodes: unknown;
}

/** The file that layers stand in. */
export interface Source {
  /** Whether it is Keras 3's: then 'hard_sigmoid' is not the function of Keras 2 and TensorFlow.js. */
  readonly isKeras3: boolean;
  /** Reads a model that is a layer, as the options of the kind 'model'. */
  readonly readModel: (className: string, config: unknown, where: string) => Json;
}

/** Gives a field's value as an option of the same name in camel case, or undefined where it says nothing. */
type FieldReader<More extends readonly unknown[] = []> = (value: unknown, where: string, ...more: More) => unknown;

type Fields<More extends readonly unknown[] = [source: Source]> = Readonly<Record<string, FieldReader<More>>>;

interface LayerClass {
  readonly kind: string;
  readonly fields: Fields;
  /** Options that have another name here. */
  readonly renamed?: Readonly<Record<string, string>>;
  /** What TensorFlow.js takes where a field is absent, if that is not our default. */
  readonly defaults?: Json;
}

/** The option is checked when the layer is made. */
const option: FieldReader = (value) => value ?? undefined;

/** For what changes neither results nor training: first values of weights that the file brings, ways to the same result. */
const noEffect: FieldReader = () => undefined;

/** Fields that bucle knows with some of their values alone. */
function only(...values: readonly unknown[]): FieldReader {
  return (value, where) =>
    value === null || values.includes(value) ? undefined : refuse(where, values.map(show).join(' or '), value);
}

const absent: FieldReader = (value, where) =>
  value === null ? undefined : refuse(where, 'none, since bucle does not follow it', value);

/** Names that mean something else here, or are another. TensorFlow.js's hardSigmoid is that of Keras 2. */
const otherNames: Readonly<Record<string, string>> = {
  hardSigmoid: 'hardSigmoidLegacy',
  swish: 'silu',
  hardSwish: 'hardSilu',
  geluNew: 'geluTanh',
};

/** None is the identity, as in Keras. Layers and functions of the user's own are objects: they are refused. */
const activation: FieldReader<[source: Source]> = (value, where, { isKeras3 }) => {
  if (value === null) return 'linear';
  const name = camelCase(typeof value === 'string' ? value : refuse(where, "an activation's name", value));
  if (isKeras3 && name === 'hardSigmoid') return name;
  return Object.hasOwn(otherNames, name) ? otherNames[name] : name;
};

/** Of ReLU: where it is cut off above. */
const cut: FieldReader = (value, where) => only(6)(value, where) ?? (value === null ? undefined : 'relu6');

/** A name, or Keras's policy object, which holds one. */
const dtype = dtypeOf('float32');

function dtypeOf(...names: readonly string[]): FieldReader {
  return (value, where) => {
    const isPolicy = typeof value === 'object' && value !== null;
    return only(...names)(isPolicy ? asRecord(asRecord(value, where).config, `${where}: config`).name : value, where);
  };
}

/** true is the default. */
const trainable: FieldReader = (value, where) => (value === false ? false : only(true)(value, where));

const common = {
  name: noEffect,
  dtype,
  batch_input_shape: noEffect,
  batch_shape: noEffect,
  activity_regularizer: readRegularizer,
};

/** A layer without weights has nothing to train. */
const weightless = { ...common, trainable: noEffect };

const affine = {
  ...common,
  trainable,
  activation,
  use_bias: option,
  kernel_initializer: noEffect,
  bias_initializer: noEffect,
  kernel_regularizer: readRegularizer,
  bias_regularizer: readRegularizer,
  kernel_constraint: readConstraint,
  bias_constraint: readConstraint,
};

const recurrent = {
  ...affine,
  units: option,
  return_sequences: option,
  return_state: option,
  go_backwards: option,
  stateful: option,
  dropout: option,
  recurrent_dropout: option,
  recurrent_initializer: noEffect,
  recurrent_regularizer: readRegularizer,
  recurrent_constraint: readConstraint,
  implementation: noEffect,
  unroll: noEffect,
  seed: noEffect,
  use_cudnn: noEffect,
  time_major: only(false),
  zero_output_for_mask: only(false),
  num_constants: only(0),
};

const dense: LayerClass = { kind: 'dense', fields: { ...affine, units: option } };

/** null says something: mergeMode's two outputs. */
const asItIs: FieldReader = (value) => value;

const channelsLast = only('channels_last', 'channelsLast');

const convolution = {
  ...affine,
  kernel_size: option,
  padding: option,
  strides: option,
  dilation_rate: option,
  data_format: channelsLast,
  rank: only(1),
};

const pooling = { ...weightless, pool_size: option, strides: option, padding: option, data_format: channelsLast };

const globalPooling = { ...weightless, data_format: channelsLast, keepdims: option };

/** Weights by these names: their first values say nothing, penalties and constraints train. */
function weights(...names: readonly string[]): Fields {
  const readers = { initializer: noEffect, regularizer: readRegularizer, constraint: readConstraint };
  return Object.fromEntries(
    names.flatMap((name) => Object.entries(readers).map(([what, reader]) => [`${name}_${what}`, reader])),
  );
}

/** Files have one axis as a number, or in an array; the layer checks that it is that of the features. */
const oneAxis: FieldReader = (value, where) =>
  option(Array.isArray(value) && value.length === 1 ? value[0] : value, where);

const normalization = { ...common, trainable, epsilon: option, center: option, scale: option, axis: oneAxis };

const classes: Readonly<Record<string, LayerClass>> = {
  Activation: { kind: 'activation', fields: { ...weightless, activation } },
  Add: { kind: 'add', fields: weightless },
  Average: { kind: 'average', fields: weightless },
  AveragePooling1D: { kind: 'averagePooling1d', fields: pooling },
  BatchNormalization: {
    kind: 'batchNormalization',
    fields: { ...normalization, momentum: option, ...weights('beta', 'gamma', 'moving_mean', 'moving_variance') },
  },
  Bidirectional: {
    kind: 'bidirectional',
    fields: { ...common, trainable, layer: innerLayer, backward_layer: innerLayer, merge_mode: asItIs },
  },
  Concatenate: { kind: 'concatenate', fields: { ...weightless, axis: option } },
  Conv1D: { kind: 'conv1d', fields: { ...convolution, filters: option, groups: option } },
  Conv1DTranspose: { kind: 'conv1dTranspose', fields: { ...convolution, filters: option, output_padding: option } },
  Cropping1D: { kind: 'cropping1d', fields: { ...weightless, cropping: option } },
  Dense: dense,
  DepthwiseConv1D: {
    kind: 'depthwiseConv1d',
    fields: { ...convolution, depth_multiplier: option, ...weights('depthwise') },
  },
  Dot: { kind: 'dot', fields: { ...weightless, axes: option, normalize: option } },
  Dropout: { kind: 'dropout', fields: { ...weightless, rate: option, seed: noEffect } },
  ELU: { kind: 'elu', fields: { ...weightless, alpha: option } },
  Embedding: {
    kind: 'embedding',
    fields: {
      ...common,
      trainable,
      input_dim: option,
      output_dim: option,
      // The input's shape says it.
      input_length: noEffect,
      mask_zero: option,
      ...weights('embeddings'),
    },
  },
  Flatten: { kind: 'flatten', fields: { ...weightless, data_format: channelsLast } },
  GaussianNoise: { kind: 'gaussianNoise', fields: { ...weightless, stddev: option, seed: noEffect } },
  GlobalAveragePooling1D: { kind: 'globalAveragePooling1d', fields: globalPooling },
  GlobalMaxPooling1D: { kind: 'globalMaxPooling1d', fields: globalPooling },
  GRU: {
    kind: 'gru',
    fields: { ...recurrent, recurrent_activation: activation, reset_after: option },
    defaults: { recurrentActivation: 'hardSigmoidLegacy', resetAfter: false },
  },
  GroupNormalization: {
    kind: 'groupNormalization',
    fields: { ...normalization, groups: option, ...weights('beta', 'gamma') },
  },
  InputLayer: {
    kind: 'input',
    // Numbers of words come as any others do.
    fields: {
      ...weightless,
      dtype: dtypeOf('float32', 'int32'),
      sparse: only(false),
      ragged: only(false),
      optional: only(false),
    },
  },
  LayerNormalization: { kind: 'layerNormalization', fields: { ...normalization, ...weights('beta', 'gamma') } },
  LeakyReLU: {
    kind: 'leakyReLU',
    // The last one is ReLU's.
    fields: { ...weightless, alpha: option, negative_slope: option, threshold: only(0) },
    renamed: { alpha: 'negativeSlope' },
  },
  LSTM: {
    kind: 'lstm',
    fields: { ...recurrent, recurrent_activation: activation, unit_forget_bias: option },
    defaults: { recurrentActivation: 'hardSigmoidLegacy' },
  },
  Masking: { kind: 'masking', fields: { ...weightless, mask_value: option } },
  Maximum: { kind: 'maximum', fields: weightless },
  MaxPooling1D: { kind: 'maxPooling1d', fields: pooling },
  Minimum: { kind: 'minimum', fields: weightless },
  Multiply: { kind: 'multiply', fields: weightless },
  Normalization: {
    kind: 'normalization',
    fields: { ...weightless, axis: oneAxis, mean: option, variance: option, invert: option },
  },
  Permute: { kind: 'permute', fields: { ...weightless, dims: option } },
  PReLU: { kind: 'prelu', fields: { ...common, trainable, shared_axes: option, ...weights('alpha') } },
  ReLU: {
    kind: 'activation',
    fields: { ...weightless, max_value: cut, negative_slope: only(0), threshold: only(0) },
    renamed: { maxValue: 'activation' },
    defaults: { activation: 'relu' },
  },
  RepeatVector: { kind: 'repeatVector', fields: { ...weightless, n: option } },
  Reshape: { kind: 'reshape', fields: { ...weightless, target_shape: option } },
  SeparableConv1D: {
    kind: 'separableConv1d',
    fields: { ...convolution, filters: option, depth_multiplier: option, ...weights('depthwise', 'pointwise') },
  },
  SimpleRNN: { kind: 'simpleRNN', fields: recurrent },
  Softmax: { kind: 'softmax', fields: { ...weightless, axis: option } },
  SpatialDropout1D: { kind: 'spatialDropout1d', fields: { ...weightless, rate: option, seed: noEffect } },
  Subtract: { kind: 'subtract', fields: weightless },
  TimeDistributed: { kind: 'timeDistributed', fields: { ...common, trainable, layer: innerLayer } },
  UpSampling1D: { kind: 'upSampling1d', fields: { ...weightless, size: option } },
  ZeroPadding1D: { kind: 'zeroPadding1d', fields: { ...weightless, padding: option } },
};

/** undefined: one that bucle does not know. ReLU with a slope below 0 is LeakyReLU. */
function classOf(className: string, config: Json): LayerClass | undefined {
  const name = className === 'ReLU' && Boolean(config.negative_slope) ? 'LeakyReLU' : className;
  return Object.hasOwn(classes, name) ? classes[name] : undefined;
}

/** The classes of models, which are layers too. */
const models = ['Sequential', 'Functional', 'Model'] as const;

export const modelClass = oneOf(models);

function isModel(className: string): boolean {
  return models.some((name) => name === className);
}

/**
 * Reads the layers of a model.
 * @param where the model
 */
export function readLayers(value: unknown, where: string, source: Source): ReadLayer[] {
  return asList(value, `${where}: layers`).map((item, i): ReadLayer => {
    const layer = asRecord(item, `${where}: layers[${i}]`);
    const { className, name, config } = readHead(layer, `${where}: layers[${i}]`);
    const title = `model.json: ${name}`;
    if (layer.name !== undefined && layer.name !== name) {
      refuse(`${title}: name`, `'${name}' as in its config`, layer.name);
    }
    return {
      ...readOne(className, config, title, source),
      name,
      batchShape: config.batch_input_shape ?? config.batch_shape ?? undefined,
      inboundNodes: layer.inbound_nodes,
    };
  });
}

/**
 * Refuses a model with layers that bucle does not know, those of models inside included.
 * @throws Error that names them all.
 */
export function checkClasses(className: unknown, config: unknown): void {
  modelClass(className, 'model.json: class_name');
  const unknown = unknownIn(
    Array.isArray(config) ? config : asRecord(config, 'model.json: config').layers,
    'model.json',
  );
  if (unknown.length > 0) throw new Error(`model.json: layers that bucle does not know: ${unknown.join(', ')}`);
}

function unknownIn(layers: unknown, where: string): string[] {
  return asList(layers, `${where}: layers`).flatMap((item, i) => {
    const { className, name, config } = readHead(asRecord(item, `${where}: layers[${i}]`), `${where}: layers[${i}]`);
    if (isModel(className)) return unknownIn(config.layers, `model.json: ${name}`);
    return classOf(className, config) === undefined ? [`${className} ("${name}")`] : [];
  });
}

function readHead(layer: Json, where: string): { className: string; name: string; config: Json } {
  const className = asText(layer.class_name, `${where}: class_name`);
  const config = asRecord(layer.config, `model.json: ${className}: config`);
  return { className, name: asText(config.name, `model.json: ${className}: name`), config };
}

/**
 * A layer as kind and options; a model too.
 * @param fieldsAt how errors call the place of its fields
 */
function readOne(className: string, config: Json, where: string, source: Source, fieldsAt = where) {
  if (isModel(className)) return { kind: 'model', options: source.readModel(className, config, where) };
  const found = classOf(className, config);
  if (found === undefined) return refuse(`${where}: class_name`, 'a layer that bucle knows', className);
  const { kind, fields, defaults, renamed = {} } = found;
  const read = Object.entries(readFields(fields, config, fieldsAt, source));
  const options = { ...defaults, ...Object.fromEntries(read.map(([name, value]) => [renamed[name] ?? name, value])) };
  return { kind, options };
}

/** Reads the fields of a model as a whole, but for its graph. */
export function readModelFields(config: Json, where: string): { readonly trainable?: false } {
  const fields = { name: noEffect, layers: noEffect, input_layers: noEffect, output_layers: noEffect };
  return readFields({ ...fields, build_input_shape: noEffect, trainable, dtype }, config, `${where}: config`);
}

/** Reads fields by a table; those that are not in it must be null. */
export function readFields<More extends readonly unknown[]>(
  fields: Fields<More>,
  config: Json,
  where: string,
  ...more: More
): Json {
  const options: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(config)) {
    if (value === undefined) continue;
    const reader = (Object.hasOwn(fields, field) ? fields[field] : undefined) ?? absent;
    const read = reader(value, `${where}: ${field}`, ...more);
    if (read !== undefined) options[camelCase(field)] = read;
  }
  return options;
}

/** A layer inside a wrapper, as kind and options. */
function innerLayer(value: unknown, where: string, source: Source): unknown {
  if (value === null) return undefined;
  const layer = asRecord(value, where);
  const className = asText(layer.class_name, `${where}: class_name`);
  const config = asRecord(layer.config, `${where}: config`);
  const { kind, options } = readOne(className, config, where, source, `${where}: ${className}`);
  return { kind, options: { ...options, ...(typeof config.name === 'string' && { name: config.name }) } };
}
