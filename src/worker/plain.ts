import { refuse } from '../options/options.js';
import { isTensorObject } from '../tensors/tensor.js';

/**
 * What can be sent to a thread: tensors without their methods; of a part of a buffer, the part.
 * @throws TypeError for what cannot be sent, nor be read as numbers.
 */
export function plain(value: unknown, where: string): unknown {
  if (typeof value === 'function' || typeof value === 'symbol') refuse(where, 'numbers', value);
  if (typeof value !== 'object' || value === null) return value;
  if (ArrayBuffer.isView(value)) return withoutTheRest(value);
  if (isTensorObject(value)) return plainTensor(value, where);
  if (Array.isArray(value)) {
    return typeof value[0] === 'number' ? (value as unknown[]) : value.map((one) => plain(one, where));
  }
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one, `${where}: "${name}"`)]));
}

/** Strides are refused where numbers are read: that they are there must show. */
function plainTensor(tensor: { readonly data: unknown; readonly shape: unknown }, where: string): object {
  const strides = ['stride', 'strides'].filter((name) => name in tensor);
  const { data, shape } = tensor;
  return { data: plain(data, where), shape, ...Object.fromEntries(strides.map((name) => [name, null])) };
}

/** A view is sent with its whole buffer: a batch of a large array would take all of that along. */
function withoutTheRest(view: ArrayBufferView): ArrayBufferView {
  const isPart = view.byteLength < view.buffer.byteLength;
  return isPart && 'slice' in view ? (view as Float32Array).slice() : view;
}
