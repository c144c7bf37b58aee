import { mismatch, show } from '../options/options.js';

/**
 * Plain data as JSON that reads back as the same values: −0 keeps its sign, typed arrays become arrays, undefined fields are left out.
 * @throws TypeError for what JSON has no way of writing, such as a function; it names the field.
 */
export function toJson(value: unknown, where: string): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number' && Number.isFinite(value)) return Object.is(value, -0) ? '-0' : String(value);
  if (Array.isArray(value) || isTypedArray(value)) {
    return `[${Array.from(value, (item: unknown, i) => toJson(item, `${where}[${i}]`)).join()}]`;
  }
  if (typeof value === 'object' && isPlain(value)) {
    const fields = Object.entries(value).filter(([, field]) => field !== undefined);
    return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${toJson(field, `${where}: ${name}`)}`).join()}}`;
  }
  return mismatch(where, 'plain data, which can be saved', show(value));
}

function isTypedArray(value: unknown): value is ArrayLike<number> {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

/** Objects of classes hold more than their fields say. */
function isPlain(value: object): boolean {
  return Object.prototype.toString.call(value) === '[object Object]';
}
