import { mismatch, oneOf } from '../options/options.js';
import { asCount, asList, asRecord, asText, type Json } from './json.js';
import { checkModel, readFields, readLayers, type ReadLayer } from './tfjs-layers.js';
import { readWeights, type WeightBytes } from './tfjs-weights.js';
import type { CallDescription, LayerDescription, ModelFile, TensorReference, Topology } from './topology.js';

/**
 * Reads a model that TensorFlow.js Layers saved: graph and weights, not how it was trained.
 * @param modelJson the parsed `model.json`, or its text
 * @param weightBytes the shards' bytes: one block with all of them in the manifest's order, or one block for each
 * @returns plain data for `loadModel`
 * @throws Error when the file is truncated or contradicts itself, or has layers that bucle does not know: all are named.
 */
export function readTfjs(modelJson: unknown, weightBytes: WeightBytes): ModelFile {
  const file = asRecord(typeof modelJson === 'string' ? parse(modelJson) : modelJson, 'model.json');
  if (file.format !== undefined) oneOf(['layers-model'])(file.format, 'model.json: format');
  const topology = readTopology(file);
  return { topology, weights: readWeights(file, weightBytes, topology) };
}

function readTopology(file: Json): Topology {
  const outer = asRecord(file.modelTopology, 'model.json: modelTopology');
  // Keras's own files, once converted, have the model beside its training.
  const model = outer.model_config === undefined ? outer : asRecord(outer.model_config, 'model.json: model_config');
  const className = oneOf(['Sequential', 'Functional', 'Model'])(model.class_name, 'model.json: class_name');
  const isChain = className === 'Sequential';
  // Chains of old files have their layers alone, without a name.
  const config =
    isChain && Array.isArray(model.config) ? { layers: model.config } : asRecord(model.config, 'model.json: config');
  checkModel(config);
  const layers = readLayers(config.layers, String(outer.keras_version).startsWith('3.'));
  return isChain ? readSequential(config, layers) : readFunctional(config, layers);
}

function readSequential(config: Json, layers: readonly ReadLayer[]): Topology {
  const [first] = layers;
  if (first === undefined) return mismatch('model.json: layers', 'at least one', 'none');
  const hasInput = first.kind === 'input';
  const input = inputLayer(hasInput ? first.name : `${first.name}_input`, first.batchShape);
  const described = [input];
  for (const { kind, name, options } of hasInput ? layers.slice(1) : layers) {
    if (kind === 'input') mismatch(`model.json: ${name}`, 'an InputLayer to come first', 'one behind other layers');
    described.push({ kind, name, options, calls: [{ inputs: [endOf(described)], initialState: [] }] });
  }
  const name = asText(config.name ?? 'sequential', 'model.json: name');
  return { name, layers: described, inputs: [endOf([input])], outputs: [endOf(described)] };
}

function endOf(chain: readonly LayerDescription[]): TensorReference {
  return { layer: chain.at(-1)?.name ?? '', call: 0, output: 0 };
}

function inputLayer(name: string, batchShape: unknown): LayerDescription {
  const shape = asList(batchShape, `model.json: ${name}: batch_input_shape`);
  return { kind: 'input', name, options: { batchShape: shape }, calls: [] };
}

function readFunctional(config: Json, layers: readonly ReadLayer[]): Topology {
  const described = layers.map(({ kind, name, options, batchShape, inboundNodes }): LayerDescription => {
    const where = `model.json: ${name}: inbound_nodes`;
    if (kind === 'input') {
      if (asList(inboundNodes ?? [], where).length > 0) mismatch(where, 'none, since it is an input', 'some');
      return inputLayer(name, batchShape);
    }
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
  const name = asText(config.name ?? 'functional', 'model.json: name');
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
