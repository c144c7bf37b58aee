/** Graphs of TensorFlow.js files: the model's, and those of models that are layers in it. */
import { mismatch } from '../options/options.js';
import { asCount, asList, asRecord, asText, type Json } from './json.js';
import { modelClass, readFields, readLayers, readModelFields, type ReadLayer, type Source } from './tfjs-layers.js';
import type { CallDescription, GraphTopology, LayerDescription, TensorReference, Topology } from './topology.js';

/** Reads a model, or a layer that is one. */
export function readModel(className: unknown, given: unknown, where: string, isKeras3: boolean): Topology {
  const isChain = modelClass(className, `${where}: class_name`) === 'Sequential';
  // Chains of old files have their layers alone, without a name.
  const config = isChain && Array.isArray(given) ? { layers: given } : asRecord(given, `${where}: config`);
  const own = readModelFields(config, where);
  const name = asText(config.name ?? (isChain ? 'sequential' : 'functional'), `${where}: name`);
  const source: Source = {
    isKeras3,
    readModel: (kind, inner, title) => ({ ...readModel(kind, inner, title, isKeras3) }),
  };
  const layers = readLayers(config.layers, where, source).map((layer): ReadLayer => {
    return layer.kind === 'input' ? layer : { ...layer, options: { ...layer.options, ...own } };
  });
  return { name, ...(isChain ? readSequential(layers, where) : readFunctional(config, layers, where)) };
}

function readSequential(layers: readonly ReadLayer[], where: string): GraphTopology {
  const [first] = layers;
  if (first === undefined) return mismatch(`${where}: layers`, 'at least one', 'none');
  const hasInput = first.kind === 'input';
  const input = inputLayer(hasInput ? first.name : `${first.name}_input`, batchShapeOf(first));
  const described = [input];
  for (const { kind, name, options } of hasInput ? layers.slice(1) : layers) {
    if (kind === 'input') mismatch(`model.json: ${name}`, 'an InputLayer to come first', 'one behind other layers');
    described.push({ kind, name, options, calls: [{ inputs: [endOf(described)], initialState: [] }] });
  }
  return { layers: described, inputs: [endOf([input])], outputs: [endOf(described)] };
}

/** Of what a layer takes. A model's layers say it. */
function batchShapeOf({ kind, batchShape, options }: ReadLayer): unknown {
  if (kind !== 'model') return batchShape;
  const { layers, inputs } = options as unknown as GraphTopology;
  return layers.find(({ name }) => name === inputs[0]?.layer)?.options.batchShape;
}

function endOf(chain: readonly LayerDescription[]): TensorReference {
  return { layer: chain.at(-1)?.name ?? '', call: 0, output: 0 };
}

function inputLayer(name: string, batchShape: unknown): LayerDescription {
  const shape = asList(batchShape, `model.json: ${name}: batch_input_shape`);
  return { kind: 'input', name, options: { batchShape: shape }, calls: [] };
}

function readFunctional(config: Json, layers: readonly ReadLayer[], where: string): GraphTopology {
  const described = layers.map(describe);
  const ends = (field: string): TensorReference[] => {
    const list = asList(config[field], `${where}: ${field}`);
    if (list.length === 0) mismatch(`${where}: ${field}`, 'at least one', 'none');
    return list.map((reference) => readReference(reference, `${where}: ${field}`));
  };
  return countCallsFromZero({ layers: described, inputs: ends('input_layers'), outputs: ends('output_layers') });
}

function describe({ kind, name, options, batchShape, inboundNodes }: ReadLayer): LayerDescription {
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

/**
 * Of a model, call 0 is the one that made it, unless it was a chain of unknown shape then; files leave that call out and
 * number the others from 1. Every call that a file has is one that something refers to.
 */
function countCallsFromZero({ layers, inputs, outputs }: GraphTopology): GraphTopology {
  const calls = layers.flatMap((layer) => layer.calls);
  const references = [...calls.flatMap(({ inputs: given, initialState }) => [...given, ...initialState]), ...outputs];
  const firstCalls = new Map(
    layers
      .filter(({ kind }) => kind === 'model')
      .map(({ name }) => [name, Math.min(...references.flatMap(({ layer, call }) => (layer === name ? [call] : [])))]),
  );
  const counted = (list: readonly TensorReference[]): TensorReference[] =>
    list.map((reference) => ({ ...reference, call: reference.call - (firstCalls.get(reference.layer) ?? 0) }));
  return {
    layers: layers.map((layer) => ({
      ...layer,
      calls: layer.calls.map((call) => ({ inputs: counted(call.inputs), initialState: counted(call.initialState) })),
    })),
    inputs,
    outputs: counted(outputs),
  };
}
