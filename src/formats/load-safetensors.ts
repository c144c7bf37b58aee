import { mismatch, show } from '../options/options.js';
import type { NamedWeight } from './topology.js';

/** What a .safetensors file holds: float32 tensors, and text by name. */
export interface Safetensors {
  readonly tensors: readonly NamedWeight[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** Bytes of the header's length, which comes first, a little-endian number of 64 bits. */
export const lengthBytes = 8;

/** As the format's own reader. */
const longestHeader = 100_000_000;

/**
 * Reads a .safetensors file (docs/formats.md). Uses nothing but ECMAScript.
 * @throws Error, naming what is wrong, for anything that is none: every field is checked before it is used.
 */
export function readSafetensors(where: string, bytes: Uint8Array): Safetensors {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const room = bytes.length - lengthBytes;
  if (room < 0) mismatch(where, 'a .safetensors file', `${bytes.length} bytes`);
  const length = view.getUint32(0, true) + view.getUint32(4, true) * 0x100000000;
  if (length > room || length > longestHeader) mismatch(where, `a header of at most ${room} bytes`, length);
  const header = headerOf(where, bytes.subarray(lengthBytes, lengthBytes + length));
  const data = bytes.subarray(lengthBytes + length);
  const { __metadata__: metadata = {}, ...entries } = header;
  const isText = isRecord(metadata) && Object.values(metadata).every((value) => typeof value === 'string');
  if (!isText) mismatch(`${where}: __metadata__`, 'text by name', typeof metadata);
  const spans = Object.entries(entries).map(([name, entry]) => spanOf(`${where}: "${name}"`, name, entry, data.length));
  // One behind the other, without a gap: so none overlaps another, and nothing is hidden.
  let end = 0;
  for (const { name, from, to } of [...spans].sort((a, b) => a.from - b.from || a.to - b.to)) {
    if (from !== end) mismatch(`${where}: "${name}"`, `data from byte ${end} on`, from);
    end = to;
  }
  if (end !== data.length) mismatch(where, `${end} bytes of data`, data.length);
  const tensors = spans.map(({ name, shape, from, to }) => ({ name, shape, data: floatsOf(data.slice(from, to)) }));
  return { tensors, metadata: metadata as Record<string, string> };
}

interface Span {
  readonly name: string;
  readonly shape: number[];
  readonly from: number;
  readonly to: number;
}

function spanOf(where: string, name: string, entry: unknown, available: number): Span {
  const { dtype, shape, data_offsets: offsets } = isRecord(entry) ? entry : {};
  if (dtype !== 'F32') mismatch(where, 'dtype F32', String(dtype));
  if (!isLengths(shape)) mismatch(where, 'a shape', show(shape));
  if (!isLengths(offsets) || offsets.length !== 2) mismatch(where, 'data_offsets', show(offsets));
  const [from = 0, to = 0] = offsets;
  const bytes = shape.reduce((product, axis) => product * axis, 4);
  if (from > to || to > available || to - from !== bytes) {
    mismatch(where, `${bytes} of ${available} bytes`, `${from} … ${to}`);
  }
  return { name, shape, from, to };
}

function headerOf(where: string, bytes: Uint8Array): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(decodeText(bytes));
  } catch {
    return mismatch(where, 'a header of JSON', `${bytes.length} bytes of something else`);
  }
  return isRecord(header) ? header : mismatch(where, 'a header that is an object', typeof header);
}

/** UTF-8, without TextDecoder, which not every runtime has. @throws URIError for anything else. */
function decodeText(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 4096) {
    text += Array.from(bytes.subarray(i, i + 4096), (byte) =>
      byte < 128 && byte !== 37 ? String.fromCharCode(byte) : `%${byte.toString(16).padStart(2, '0')}`,
    ).join('');
  }
  return decodeURIComponent(text);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isLengths(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((length) => Number.isSafeInteger(length) && (length as number) >= 0);
}

/** Little-endian, as the format and WebAssembly are. */
function floatsOf(bytes: Uint8Array): Float32Array {
  return new Float32Array(bytes.buffer);
}
