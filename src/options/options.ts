/**
 * Reading options: every field is checked, a field nobody knows is refused, and the error names layer and field, what was
 * expected and what came. The same readers serve the API and files.
 */

/** Checks one value; `where` names it in the error, such as "lstm: units". */
export type Reader<T> = (value: unknown, where: string) => T;

type Read<S extends Record<string, Reader<unknown>>> = { readonly [K in keyof S]: ReturnType<S[K]> };

/** Reads an object by a table of readers. */
export function fields<S extends Record<string, Reader<unknown>>>(given: unknown, where: string, readers: S): Read<S> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) refuse(where, 'an object of options', given);
  const values: Record<string, unknown> = { ...given };
  for (const name of Object.keys(values)) {
    if (!Object.hasOwn(readers, name)) {
      throw new TypeError(`${where}: unknown option "${name}"; known: ${Object.keys(readers).join(', ')}`);
    }
  }
  const read: Record<string, unknown> = {};
  for (const [name, reader] of Object.entries(readers)) read[name] = reader(values[name], `${where}: ${name}`);
  return read as Read<S>;
}

export function optional<T, const D>(reader: Reader<T>, fallback: D): Reader<T | D> {
  return (value, where) => (value === undefined ? fallback : reader(value, where));
}

/** Throws the error of a value that is not what it must be. */
export function refuse(where: string, expected: string, value: unknown): never {
  mismatch(where, expected, show(value));
}

/** As `refuse`, for what came in words. */
export function mismatch(where: string, expected: string, came: string | number): never {
  throw new TypeError(`${where}: expected ${expected}, got ${came}`);
}

/** A reader of numbers of some kind. */
export function number(expected: string, holds: (value: number) => boolean): Reader<number> {
  return (value, where) => (typeof value === 'number' && holds(value) ? value : refuse(where, expected, value));
}

export const positiveInteger = number('a positive integer', (n) => Number.isSafeInteger(n) && n > 0);

export const nonNegativeInteger = number('a non-negative integer', (n) => Number.isSafeInteger(n) && n >= 0);

/** The key of random numbers has 32 bits for a seed; a larger one would be another's double. */
export const seed = number('an integer from 0 to 4294967295', (n) => n >>> 0 === n);

export const finite = number('a finite number', Number.isFinite);

export const positive = number('a positive number', (n) => n > 0 && n < Infinity);

export const nonNegative = number('a non-negative number', (n) => n >= 0 && n < Infinity);

export const share = number('a number in [0, 1]', (n) => n >= 0 && n <= 1);

/** A number in [0, 1), such as a dropout rate. */
export const rate = number('a number in [0, 1)', (n) => n >= 0 && n < 1);

export const flag: Reader<boolean> = (value, where) =>
  typeof value === 'boolean' ? value : refuse(where, 'true or false', value);

export const text: Reader<string> = (value, where) =>
  typeof value === 'string' && value !== '' ? value : refuse(where, 'a non-empty string', value);

export function oneOf<const T extends string>(names: readonly T[]): Reader<T> {
  return (value, where) =>
    names.find((name) => name === value) ?? refuse(where, `one of ${names.map((n) => `'${n}'`).join(', ')}`, value);
}

export function listOf<T>(reader: Reader<T>): Reader<T[]> {
  return (value, where) =>
    Array.isArray(value) ? value.map((item, i) => reader(item, `${where}[${i}]`)) : refuse(where, 'an array', value);
}

/** Axis lengths; null is any length. */
export const shape: Reader<readonly (number | null)[]> = (value, where) => {
  if (!Array.isArray(value)) return refuse(where, 'an array of axis lengths', value);
  return value.map((length: unknown) =>
    length === null ? null : positiveInteger(length, `${where} (each axis: null or a positive integer)`),
  );
};

/** Hands a value on unread, to be checked where it is used. */
export const asGiven: Reader<unknown> = (value) => value;

/** As `asGiven`, for an option that training alone reads, when it makes a model: inference has no use for it. */
export function forTraining<T>(fallback: T): Reader<T> {
  return optional(asGiven, fallback) as Reader<T>;
}

/** A value as errors print it. */
export function show(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' || value === null) return String(value);
  if (ArrayBuffer.isView(value)) return 'a typed array';
  const text = toJson(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function toJson(value: object): string {
  try {
    return JSON.stringify(value);
  } catch {
    // Models and symbolic tensors refer to each other in circles.
    return 'an object';
  }
}
