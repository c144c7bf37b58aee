import { mismatch, oneOf, refuse } from '../options/options.js';
import { camelCase } from './camel-case.js';
import { asCount, asList, asRecord, asText, typeName, type Json } from './json.js';
import type { GraphTopology, LayerDescription, NamedWeight, Topology } from './topology.js';

/** The shards' bytes: one block with all of them in the manifest's order, or one block for each. */
export type WeightBytes = ArrayBuffer | Uint8Array | readonly (ArrayBuffer | Uint8Array)[];

/** Reads the weights that a model.json lists, for a model's layers. An optimizer's, saved along, are passed over. */
export function readWeights(file: Json, weightBytes: WeightBytes, topology: Topology): NamedWeight[] {
  const bytes = joinBytes(weightBytes);
  const layers = layersIn(topology);
  const weights = new Map<string, NamedWeight>();
  let at = 0;
  for (const entry of listWeights(file)) {
    const name = asText(entry.name, "model.json: a weight's name");
    const where = `model.json: ${name}`;
    const shape = asList(entry.shape, `${where}: shape`).map((length) => asCount(length, `${where}: shape`));
    const isOptimizers = entry.group === 'optimizer';
    // Normalization counts rows.
    const mayBeInteger = isOptimizers || name.endsWith('/count');
    const dtype = oneOf(mayBeInteger ? ['float32', 'int32'] : ['float32'])(entry.dtype, `${where}: dtype`);
    if (entry.quantization !== undefined) throw new Error(`${where}: quantized weights cannot be read`);
    const end = at + 4 * shape.reduce((product, length) => product * length, 1);
    if (end > bytes.length) {
      throw new Error(`weights: ${name}: expected ${end - at} bytes from ${at} on, the file ends at ${bytes.length}`);
    }
    if (!isOptimizers) {
      const { buffer } = bytes.slice(at, end);
      const data = dtype === 'int32' ? Float32Array.from(new Int32Array(buffer)) : new Float32Array(buffer);
      const path = pathOf(name, topology.name, layers);
      let own = path;
      let count = 1;
      for (; weights.has(own); count++) own = `${path}@${count}`;
      // A layer that is in two models of the file stands in each with its weights: they are two layers then.
      const layersSo = layers.filter((layer) => path.startsWith(`${layer.name}/`)).length;
      const isSame = weights.get(path)?.data.every((value, i) => Object.is(value, data[i])) ?? true;
      if (count > Math.max(layersSo, 1) || !isSame) throw new Error(`${where}: there are two weights for "${path}"`);
      weights.set(own, { name: own, shape, data });
    }
    at = end;
  }
  if (at !== bytes.length) throw new Error(`weights: expected ${at} bytes, got ${bytes.length}`);
  return [...weights.values()];
}

/**
 * Layer and weight, in our spelling. Files that were converted from Keras name more: the layer's cell
 * (`lstm/lstm_cell/recurrent_kernel`, since TensorFlow 2.2), and Keras 3 the models (`sequential/dense/kernel`). What is more
 * is left out where no layer has the longer name; for the cell, TensorFlow.js does so too. Of a Bidirectional layer the
 * direction is a part of the name (`bidirectional/forward_lstm/kernel`).
 */
function pathOf(name: string, model: string, layers: readonly NamedLayer[]): string {
  const parts = name.split('/');
  const weight = camelCase(parts.pop() ?? '');
  const models = new Set([model, ...layers.filter(({ kind }) => kind === 'model').map((layer) => layer.name)]);
  const outside = parts.findIndex((part) => !models.has(part));
  for (let start = 0; start <= Math.max(outside, 0); start++) {
    const path = parts.slice(start);
    for (const more of [0, 1, 2]) {
      const [own, inside] = [path.slice(0, path.length - more), path.slice(path.length - more)];
      const layer = layers.find((candidate) => candidate.kind !== 'model' && candidate.name === own.join('/'));
      const directions = layer?.kind === 'bidirectional' ? 1 : 0;
      if (layer !== undefined && more <= 1 + directions) {
        return [layer.name, ...inside.slice(0, directions), weight].join('/');
      }
    }
  }
  return [...parts, weight].join('/');
}

type NamedLayer = Pick<LayerDescription, 'kind' | 'name'>;

/** The layers of a graph and of the models inside of it; models in wrappers have none that stand under a name of their own. */
function layersIn({ layers }: GraphTopology): NamedLayer[] {
  return layers.flatMap((layer) =>
    layer.kind === 'model' ? [layer, ...layersIn(layer.options as unknown as GraphTopology)] : [layer],
  );
}

/** All shards' weights, one shard after the other. */
function listWeights(file: Json): Json[] {
  const where = 'model.json: weightsManifest';
  return asList(file.weightsManifest, where).flatMap((shard, i) =>
    asList(asRecord(shard, `${where}[${i}]`).weights, `${where}[${i}]: weights`).map((weight, j) =>
      asRecord(weight, `${where}[${i}]: weights[${j}]`),
    ),
  );
}

function joinBytes(given: unknown): Uint8Array {
  const blocks = Array.isArray(given)
    ? given.map((block: unknown, i) => asBytes(block, `weights[${i}]`, 'an ArrayBuffer or a Uint8Array'))
    : [asBytes(given, 'weights', 'an ArrayBuffer, a Uint8Array or an array of them')];
  const joined = new Uint8Array(blocks.reduce((sum, block) => sum + block.length, 0));
  let at = 0;
  for (const block of blocks) {
    joined.set(block, at);
    at += block.length;
  }
  return joined;
}

/** Views of other types are refused: whether their values or their bytes are meant cannot be told. */
function asBytes(value: unknown, where: string, expected: string): Uint8Array {
  // Not as it prints: this may be a file's whole text.
  if (typeof value === 'string') return mismatch(where, expected, 'a string');
  if (typeof value !== 'object' || value === null) return refuse(where, expected, value);
  const type = typeName(value);
  if (type === 'Uint8Array') return value as Uint8Array;
  if (type === 'ArrayBuffer') return new Uint8Array(value as ArrayBuffer);
  return mismatch(where, expected, `a value of type ${type}`);
}
