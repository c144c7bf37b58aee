import type { NamedWeight } from './topology.js';

/** Where tensors' values begin is a multiple of this, as in the files of the format's own library. */
const alignment = 8;

/**
 * A .safetensors file (https://huggingface.co/docs/safetensors, "Format") of float32 tensors, one behind the other in their order: the
 * same tensors and metadata give the same bytes.
 * @throws Error when two tensors have one name.
 */
export function writeSafetensors(
  tensors: readonly NamedWeight[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> {
  const names = new Set<string>();
  let size = 0;
  const entries = tensors.map(({ name, shape, data }) => {
    if (names.has(name) || name === '__metadata__') throw new Error(`safetensors: two tensors are called "${name}"`);
    names.add(name);
    const from = size;
    size += data.byteLength;
    return `${JSON.stringify(name)}:{"dtype":"F32","shape":[${shape.join()}],"data_offsets":[${from},${size}]}`;
  });
  const text = `{${[`"__metadata__":${JSON.stringify(metadata)}`, ...entries].join()}}`;
  const header = new TextEncoder().encode(text);
  const length = Math.ceil(header.length / alignment) * alignment;
  const bytes = new Uint8Array(8 + length + size);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(length), true);
  bytes.set(header, 8);
  bytes.fill(0x20, 8 + header.length, 8 + length);
  let at = 8 + length;
  for (const { data } of tensors) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}
