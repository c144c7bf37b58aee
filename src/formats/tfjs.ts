import { mismatch, oneOf, refuse } from '../options/options.js';
import { camelCase } from './camel-case.js';
import { asCount, asList, asRecord, asText, type Json } from './json.js';
import { readWeights, type WeightBytes } from './tfjs-weights.js';
import type { CallDescription, LayerDescription, ModelFile, TensorReference, Topology } from './topology.js';

/**
 * Reads a model that TensorFlow.js Layers saved.
 * @param modelJson the parsed `model.json`, or its text
 * @param weightBytes the shards' bytes: one block with all of them in the manifest's order, or one block for each
 * @returns plain data for `loadModel`
 * @throws Error when the file is truncated or contradicts itself, or has layers that bucle does not know: all are named.
 */
export function readTfjs(modelJson: unknown, weightBytes: WeightBytes): ModelFile {
  const file = asRecord(typeof modelJson === 'string' ? parse(modelJson) : modelJson, 'model.json');
  if (file.format !== undefined) oneOf(['layers-model'])(file.format, 'model.json: format');
  const topology = readTopology(file);
  const names = new Set(topology.layers.map(({ name }) => name));
  return { topology, weights: readWeights(file, weightBytes, names) };
}

function readTopology(file: Json): Topology {
  const outer = asRecord(file.modelTopology, 'model.json: modelTopology');
  // Keras's own files, once converted, have the model beside its training.
  const model = outer.model_config === undefined ? outer : asRecord(outer.model_config, 'model.json: model_config');
  const className = oneOf(['Sequential', 'Functional', 'Model'])(model.class_name, 'model.json: class_name');
  const config = asRecord(model.config, 'model.json: config');
  const layers = asList(config.layers, 'model.json: layers').map((layer, i) =>
    asRecord(layer, `model.json: layers[${i}]`),
  );
  refuseUnknown(layers);
  return className === 'Sequential' ? readSequential(config, layers) : readFunctional(config, layers);
}

const kinds: Readonly<Record<string, string>> = {
  Activation: 'activation',
  Conv1D: 'conv1d',
  Dense: 'dense',
  Dropout: 'dropout',
  GRU: 'gru',
  InputLayer: 'input',
  LSTM: 'lstm',
  Masking: 'masking',
  SimpleRNN: 'simpleRNN',
  TimeDistributed: 'timeDistributed',
};

function refuseUnknown(layers: readonly Json[]): void {
  const unknown = layers.flatMap((layer, i) => {
    const className = asText(layer.class_name, `model.json: layers[${i}]: class_name`);
    if (Object.hasOwn(kinds, className)) return [];
    const where = `model.json: ${className}`;
    return `${className} ("${asText(asRecord(layer.config, `${where}: config`).name, `${where}: name`)}")`;
  });
  if (unknown.length > 0) throw new Error(`model.json: layers that bucle does not know: ${unknown.join(', ')}`);
}

function readSequential(config: Json, layers: readonly Json[]): Topology {
  const described: LayerDescription[] = [];
  let last: TensorReference | undefined;
  for (const layer of layers) {
    const { kind, name, options, batchShape } = readLayer(layer);
    if (last === undefined) {
      const isInput = kind === 'input';
      const inputName = isInput ? name : `${name}_input`;
      if (batchShape === undefined) {
        mismatch(`model.json: ${name}`, 'a batch_input_shape, as this is the first layer', 'none');
      }
      described.push({ kind: 'input', name: inputName, options: { batchShape }, calls: [] });
      last = { layer: inputName, call: 0, output: 0 };
      if (isInput) continue;
    }
    described.push({ kind, name, options, calls: [{ inputs: [last], initialState: [] }] });
    last = { layer: name, call: 0, output: 0 };
  }
  const [first] = described;
  if (first === undefined || last === undefined) return mismatch('model.json: layers', 'at least one', 'none');
  const inputs = [{ layer: first.name, call: 0, output: 0 }];
  return { name: asText(config.name, 'model.json: name'), layers: described, inputs, outputs: [last] };
}

function readFunctional(config: Json, layers: readonly Json[]): Topology {
  const described = layers.map((layer): LayerDescription => {
    const { kind, name, options, batchShape } = readLayer(layer);
    if (kind === 'input') return { kind, name, options: { batchShape }, calls: [] };
    const calls = asList(layer.inbound_nodes, `model.json: ${name}: inbound_nodes`).map((node): CallDescription => {
      const references = asList(node, `model.json: ${name}: inbound_nodes`).map((reference) =>
        readReference(reference, name),
      );
      const isRecurrent = kind === 'lstm' || kind === 'gru' || kind === 'simpleRNN';
      return isRecurrent
        ? { inputs: references.slice(0, 1), initialState: references.slice(1) }
        : { inputs: references, initialState: [] };
    });
    return { kind, name, options, calls };
  });
  const ends = (field: string): TensorReference[] => {
    const list = asList(config[field], `model.json: ${field}`);
    if (list.length === 0) mismatch(`model.json: ${field}`, 'at least one', 'none');
    return list.map((reference) => readReference(reference, field));
  };
  const name = asText(config.name, 'model.json: name');
  return { name, layers: described, inputs: ends('input_layers'), outputs: ends('output_layers') };
}

function readReference(value: unknown, where: string): TensorReference {
  const [layer, call, output] = asList(value, `model.json: ${where}`);
  return {
    layer: asText(layer, `model.json: ${where}: a layer's name`),
    call: asCount(call, `model.json: ${where}: a call's number`),
    output: asCount(output, `model.json: ${where}: an output's number`),
  };
}

interface ReadLayer {
  readonly kind: string;
  readonly name: string;
  readonly options: Json;
  readonly batchShape: unknown;
}

function readLayer(layer: Json): ReadLayer {
  const className = asText(layer.class_name, 'model.json: class_name');
  const config = asRecord(layer.config, `model.json: ${className}: config`);
  const name = asText(config.name, `model.json: ${className}: name`);
  const kind = kinds[className] ?? className;
  return {
    kind,
    name,
    options: readOptions(kind, config, `model.json: ${name}`),
    batchShape: config.batch_input_shape,
  };
}

const recurrent = [
  'units',
  'use_bias',
  'return_sequences',
  'return_state',
  'go_backwards',
  'stateful',
  'dropout',
  'recurrent_dropout',
];

/** The fields that mean something at inference or in training; others are checked to be without effect. */
const fieldsOf: Readonly<Record<string, readonly string[]>> = {
  activation: [],
  conv1d: ['filters', 'kernel_size', 'padding', 'strides', 'dilation_rate', 'use_bias'],
  dense: ['units', 'use_bias'],
  dropout: ['rate'],
  gru: recurrent,
  input: [],
  lstm: recurrent,
  masking: ['mask_value'],
  simpleRNN: recurrent,
  timeDistributed: [],
};

/** Configuration that changes training or results, and that bucle cannot follow yet: it must be absent. */
const unsupported = [
  'kernel_regularizer',
  'recurrent_regularizer',
  'bias_regularizer',
  'activity_regularizer',
  'kernel_constraint',
  'recurrent_constraint',
  'bias_constraint',
  'noise_shape',
];

function readOptions(kind: string, config: Json, where: string): Json {
  for (const field of unsupported) {
    if (config[field] !== undefined && config[field] !== null) {
      throw new Error(`${where}: ${field}: expected none, got ${JSON.stringify(config[field])}`);
    }
  }
  const options: Record<string, unknown> = {};
  for (const field of fieldsOf[kind] ?? []) {
    const value = config[field];
    if (value !== undefined && value !== null) options[camelCase(field)] = value;
  }
  for (const field of ['activation', 'recurrent_activation']) {
    const value = config[field];
    if (value !== undefined) options[camelCase(field)] = readActivation(value, `${where}: ${field}`);
  }
  if (kind === 'gru') options.resetAfter = config.reset_after === true;
  if (kind === 'lstm') options.unitForgetBias = config.unit_forget_bias !== false;
  if (kind === 'timeDistributed') options.layer = readInner(asRecord(config.layer, `${where}: layer`), where);
  return options;
}

/** None is the identity, as in Keras. Layers and functions of the user's own are objects: they are refused. */
function readActivation(value: unknown, where: string): string {
  if (value === null) return 'linear';
  const name = camelCase(typeof value === 'string' ? value : refuse(where, "an activation's name", value));
  // TensorFlow.js's hardSigmoid is that of Keras 2.
  return name === 'hardSigmoid' ? 'hardSigmoidLegacy' : name;
}

function readInner(layer: Json, where: string): Json {
  const className = asText(layer.class_name, `${where}: layer`);
  if (className !== 'Dense')
    throw new Error(`${where}: TimeDistributed of ${className}: bucle knows that of Dense alone`);
  return readOptions('dense', asRecord(layer.config, `${where}: layer`), where);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error('model.json: expected JSON, and it is not (is it truncated?)', { cause: error });
  }
}
