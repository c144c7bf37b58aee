import type { Safetensors } from './load-safetensors.js';

/** Bytes of the header's length, which comes first, a little-endian number of 64 bits. */
const lengthBytes = 8;

/**
 * Writes a .safetensors file (docs/formats.md): the same tensors and text give the same bytes.
 * @throws Error when two tensors have one name.
 */
export function writeSafetensors({ tensors, metadata }: Safetensors): Uint8Array {
  let end = 0;
  const entries = tensors.map(({ name, shape, data }) => {
    const from = end;
    end += 4 * data.length;
    return [name, { dtype: 'F32', shape, data_offsets: [from, end] }] as const;
  });
  const names = entries.map(([name]) => name);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) throw new Error(`safetensors: two tensors are called "${twice}"`);
  const header = new TextEncoder().encode(JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(entries) }));
  // The data begin at a multiple of eight; the header's end may be padded with spaces.
  const headerBytes = Math.ceil(header.length / 8) * 8;
  const bytes = new Uint8Array(lengthBytes + headerBytes + end).fill(32, lengthBytes, lengthBytes + headerBytes);
  new DataView(bytes.buffer).setUint32(0, headerBytes, true);
  bytes.set(header, lengthBytes);
  let at = lengthBytes + headerBytes;
  for (const { data } of tensors) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}
