import { oneOf } from '../options/options.js';
import { asRecord, type Json } from './json.js';
import { readModel } from './tfjs-graph.js';
import { checkClasses } from './tfjs-layers.js';
import { readWeights, type WeightBytes } from './tfjs-weights.js';
import type { ModelFile, Topology } from './topology.js';

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
  const { class_name: className, config } = model;
  checkClasses(className, config);
  return readModel(className, config, 'model.json', String(outer.keras_version).startsWith('3.'));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error('model.json: expected JSON, and it is not (is it truncated?)', { cause: error });
  }
}
