import { mismatch, oneOf } from '../options/options.js';
import { asCount, asList, asRecord, asText, type Json } from './json.js';
import { checkModel, readFields, readLayers, type ReadLayer } from './tfjs-layers.js';
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
  checkModel(config);
  const layers = readLayers(config.layers);
  return className === 'Sequential' ? readSequential(config, layers) : readFunctional(config, layers);
}

function readSequential(config: Json, layers: readonly ReadLayer[]): Topology {
  const described: LayerDescription[] = [];
  let last: TensorReference | undefined;
  for (const { kind, name, options, batchShape } of layers) {
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

function readFunctional(config: Json, layers: readonly ReadLayer[]): Topology {
  const described = layers.map(({ kind, name, options, batchShape, inboundNodes }): LayerDescription => {
    if (kind === 'input') return { kind, name, options: { batchShape }, calls: [] };
    const where = `model.json: ${name}: inbound_nodes`;
    const calls = asList(inboundNodes, where).map((node, i): CallDescription => {
      const references = asList(node, `${where}[${i}]`).map((reference) => readReference(reference, `${where}[${i}]`));
      const isRecurrent = kind === 'lstm' || kind === 'gru' || kind === 'simpleRNN';
      return isRecurrent
        ? { inputs: references.slice(0, 1), initialState: references.slice(1) }
        : { inputs: references, initialState: [] };
    });
    return { kind, name, options, calls };
  });
  const ends = (field: string): TensorReference[] => {
    const where = `model.json: ${field}`;
    const list = asList(config[field], where);
    if (list.length === 0) mismatch(where, 'at least one', 'none');
    return list.map((reference) => readReference(reference, where));
  };
  const name = asText(config.name, 'model.json: name');
  return { name, layers: described, inputs: ends('input_layers'), outputs: ends('output_layers') };
}

/** [layer, which of its calls, which of the call's outputs], and what else the layer is called with: nothing, here. */
function readReference(value: unknown, where: string): TensorReference {
  const [layer, call, output, options] = asList(value, where);
  readFields({}, asRecord(options ?? {}, `${where}: the options of a call`), where);
  return {
    layer: asText(layer, `${where}: a layer's name`),
    call: asCount(call, `${where}: a call's number`),
    output: asCount(output, `${where}: an output's number`),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error('model.json: expected JSON, and it is not (is it truncated?)', { cause: error });
  }
}
