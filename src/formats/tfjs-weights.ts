import { camelCase } from './camel-case.js';
import { asCount, asList, asRecord, asText, type Json } from './json.js';
import type { NamedWeight } from './topology.js';

/** The shards' bytes: one block with all of them in the manifest's order, or one block for each. */
export type WeightBytes = ArrayBuffer | Uint8Array | readonly (ArrayBuffer | Uint8Array)[];

/** Reads the weights that a model.json lists. */
export function readWeights(file: Json, weightBytes: WeightBytes): NamedWeight[] {
  const bytes = joinBytes(weightBytes);
  const groups = asList(file.weightsManifest, 'model.json: weightsManifest');
  const entries = groups.flatMap((group) =>
    asList(asRecord(group, 'model.json: weightsManifest').weights, 'model.json: weights'),
  );
  let at = 0;
  const weights = entries.map((value): NamedWeight => {
    const entry = asRecord(value, 'model.json: a weight');
    const name = asText(entry.name, "model.json: a weight's name");
    const shape = asList(entry.shape, `model.json: ${name}: shape`).map((n) =>
      asCount(n, `model.json: ${name}: shape`),
    );
    if (entry.dtype !== 'float32')
      throw new Error(`model.json: ${name}: expected dtype float32, got ${String(entry.dtype)}`);
    if (entry.quantization !== undefined) throw new Error(`model.json: ${name}: quantized weights cannot be read`);
    const size = 4 * shape.reduce((product, length) => product * length, 1);
    if (at + size > bytes.length) {
      throw new Error(`weights: ${name}: expected ${size} bytes from ${at} on, the file ends at ${bytes.length}`);
    }
    const data = new Float32Array(bytes.slice(at, at + size).buffer);
    at += size;
    return { name: name.replace(/[^/]+$/, camelCase), shape, data };
  });
  if (at !== bytes.length) throw new Error(`weights: expected ${at} bytes, got ${bytes.length}`);
  return weights;
}

function joinBytes(given: WeightBytes): Uint8Array {
  const blocks = given instanceof ArrayBuffer || given instanceof Uint8Array ? [given] : given;
  const arrays = blocks.map((block) => (block instanceof Uint8Array ? block : new Uint8Array(block)));
  const joined = new Uint8Array(arrays.reduce((sum, array) => sum + array.length, 0));
  let at = 0;
  for (const array of arrays) {
    joined.set(array, at);
    at += array.length;
  }
  return joined;
}
