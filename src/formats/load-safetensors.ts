/**
 * Reading .safetensors files (https://huggingface.co/docs/safetensors, "Format"): a length of 8 bytes, a header of so many bytes of
 * JSON, then the tensors' values. With nothing but ECMAScript: an AudioWorklet has no TextDecoder. Files may be of anybody's making:
 * nothing is given memory that the file has not brought.
 */
import { sizeOf } from '../tensors/tensor.js';
import { fields, listOf, mismatch, nonNegativeInteger, oneOf, refuse } from '../options/options.js';
import type { NamedWeight } from './topology.js';

/** What a header may take, by the format's definition. */
const longestHeader = 100_000_000;

const lengths = /* @__PURE__ */ listOf(nonNegativeInteger);

const entryFields = { dtype: /* @__PURE__ */ oneOf(['F32']), shape: lengths, data_offsets: lengths };

/** Its tensors, in the order in which they lie in the file, and what its metadata says. */
export interface Safetensors {
  readonly tensors: readonly NamedWeight[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** @throws Error when the file ends early, contradicts itself, or has other values than float32; it names the tensor. */
export function readSafetensors(where: string, bytes: Uint8Array): Safetensors {
  const start = 8 + bytes.subarray(0, 8).reduceRight((sum, byte) => sum * 256 + byte, 0);
  if (bytes.length < start || start > longestHeader) {
    mismatch(where, `a header within ${bytes.length} bytes`, `one of ${start - 8}`);
  }
  const { __metadata__: metadata, ...entries } = parseObject(
    () => decode(bytes.subarray(8, start)),
    `${where}: header`,
  );
  const size = bytes.length - start;
  // Tensors lie one behind the other without a gap. Of a name that stands there twice JSON.parse keeps one: the other is a gap.
  let end = 0;
  const tensors = Object.entries(entries)
    .map(([name, entry]) => ({ name, ...fields(entry, `${where}: ${name}`, entryFields) }))
    .sort(({ data_offsets: [a = 0, b = 0] }, { data_offsets: [c = 0, d = 0] }) => a - c || b - d)
    .map(({ name, shape, data_offsets: came }) => {
      const from = end;
      end += 4 * sizeOf(shape);
      const wanted = [from, end].join();
      if (came.join() !== wanted || end > size) refuse(`${where}: ${name}: data_offsets`, `${wanted} of ${size}`, came);
      return { name, shape, data: new Float32Array(bytes.slice(start + from, start + end).buffer) };
    });
  if (end !== size) mismatch(where, `${end} bytes of values`, size);
  return { tensors, metadata: texts(metadata, `${where}: __metadata__`) };
}

function texts(value: unknown = {}, where: string): Record<string, string> {
  const isText = typeof value === 'object' && Object.values(value ?? [0]).every((one) => typeof one === 'string');
  return isText ? (value as Record<string, string>) : refuse(where, 'text by name', value);
}

/** Text out of UTF-8; of a byte sequence that is none, a URIError. */
function decode(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 4096) text += String.fromCharCode(...bytes.subarray(at, at + 4096));
  return text.replace(/[\x80-\xff]+/g, (run) =>
    decodeURIComponent(run.replace(/./g, (byte) => `%${byte.charCodeAt(0).toString(16)}`)),
  );
}

/** An object that stands as JSON in a text. */
export function parseObject(text: () => string, where: string): Readonly<Record<string, unknown>> {
  try {
    const json = text();
    if (json.startsWith('{')) return JSON.parse(json) as Record<string, unknown>;
  } catch {
    // Whatever stands there.
  }
  return mismatch(where, 'an object as JSON', 'something else');
}
