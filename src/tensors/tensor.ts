import { mismatch, refuse, show } from '../options/options.js';

/** Numbers with a shape: plain data that the user owns. */
export interface Tensor {
  readonly data: Float32Array;
  readonly shape: readonly number[];
  /** The values as nested arrays. */
  toArray(): NestedNumbers;
}

export type NestedNumbers = number | NestedNumbers[];

type TypedNumbers =
  Float32Array | Float64Array | Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array;

type Nested = ArrayLike<number> | readonly Nested[];

/**
 * Whatever numbers come in as: nested arrays (of numbers or typed arrays), or anything with `data` and `shape`. Float64 is
 * rounded to float32, integers are converted.
 */
export type TensorLike = Nested | { readonly data: ArrayLike<number>; readonly shape: readonly number[] };

/** Numbers that were checked. `data` may be the user's own array: never written to, never kept. */
export interface Numbers {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/**
 * A tensor from nested arrays, or from flat values and a shape.
 * @example tensor([[1, 2], [3, 4]]); tensor(new Float32Array(6), [2, 3]);
 * @throws TypeError for ragged arrays, values that are no numbers, or a shape that does not fit.
 */
export function tensor(values: TensorLike, shape?: readonly number[]): Tensor {
  const { data, shape: own } = readNumbers(values, 'tensor');
  const wanted = shape ?? own;
  checkShape(wanted, data.length, 'tensor');
  return makeTensor(data.slice(), wanted);
}

/** Wraps data that nobody else holds. */
export function makeTensor(data: Float32Array, shape: readonly number[]): Tensor {
  const own = [...shape];
  return { data, shape: own, toArray: () => nest(data, own, 0, 0) };
}

/** Reads numbers in any form; `where` names them in errors, such as "model: input "x"". */
export function readNumbers(values: unknown, where: string): Numbers {
  if (isTensorObject(values)) {
    if ('stride' in values || 'strides' in values) mismatch(where, 'data and shape, row by row', 'strides too');
    const { data, shape } = values;
    if (!isTyped(data) && !Array.isArray(data)) refuse(where, 'data to be an array of numbers', data);
    if (!Array.isArray(shape)) refuse(where, 'shape to be an array', shape);
    const flat = isTyped(data) ? toFloats(data) : flatten(data, [data.length], where, new Float32Array(data.length));
    checkShape(shape, flat.length, where);
    return { data: flat, shape: shape as number[] };
  }
  if (isTyped(values)) return { data: toFloats(values), shape: [values.length] };
  if (!Array.isArray(values)) refuse(where, 'numbers', values);
  const shape = shapeOf(values);
  return { data: flatten(values, shape, where, new Float32Array(sizeOf(shape))), shape };
}

/** As `readNumbers`, for arithmetic before the rounding: float64 stays. The numbers are the caller's own. */
export function readDoubles(values: unknown, where: string): { data: Float64Array; shape: readonly number[] } {
  if (Array.isArray(values)) {
    const shape = shapeOf(values);
    return { data: flatten(values, shape, where, new Float64Array(sizeOf(shape))), shape };
  }
  const { shape } = readNumbers(values, where);
  const data = isTensorObject(values) ? values.data : values;
  return { data: Float64Array.from(data as ArrayLike<number>), shape: [...shape] };
}

export function isTensorObject(values: unknown): values is { readonly data: unknown; readonly shape: unknown } {
  return typeof values === 'object' && values !== null && 'data' in values && 'shape' in values;
}

function checkShape(shape: readonly unknown[], length: number, where: string): void {
  const sizes = shape.map((axis) => {
    if (typeof axis !== 'number' || !Number.isSafeInteger(axis) || axis < 0) {
      mismatch(where, 'a shape of non-negative integers', `[${shape.map(show).join(', ')}]`);
    }
    return axis;
  });
  const size = sizeOf(sizes);
  if (size !== length) {
    throw new TypeError(`${where}: shape [${shape.join(', ')}] wants ${size} values, got ${length}`);
  }
}

function isTyped(values: unknown): values is TypedNumbers {
  return (
    ArrayBuffer.isView(values) &&
    !(values instanceof DataView) &&
    !(values instanceof BigInt64Array) &&
    !(values instanceof BigUint64Array)
  );
}

function toFloats(values: TypedNumbers): Float32Array {
  return values instanceof Float32Array ? values : Float32Array.from(values);
}

/** Values of an array of this shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** The shape that the first elements say; `flatten` checks that all the others agree. */
function shapeOf(values: readonly unknown[]): number[] {
  const shape: number[] = [];
  let level: unknown = values;
  while (Array.isArray(level) || isTyped(level)) {
    shape.push(level.length);
    level = level[0];
  }
  return shape;
}

function flatten<T extends Float32Array | Float64Array>(
  values: readonly unknown[],
  shape: readonly number[],
  where: string,
  data: T,
): T {
  let end = 0;
  const visit = (value: unknown, axis: number): void => {
    if (axis === shape.length) {
      if (typeof value !== 'number') refuse(where, 'numbers', value);
      data[end++] = value;
      return;
    }
    if (!(Array.isArray(value) || isTyped(value)) || value.length !== shape[axis]) {
      const came = Array.isArray(value) || isTyped(value) ? `one of ${value.length}` : show(value);
      mismatch(`${where}: ragged`, `arrays of length ${shape[axis]} along axis ${axis}`, came);
    }
    for (const element of value) visit(element, axis + 1);
  };
  visit(values, 0);
  return data;
}

function nest(data: Float32Array, shape: readonly number[], axis: number, from: number): NestedNumbers {
  const [length] = shape.slice(axis);
  if (length === undefined) return data[from] ?? NaN;
  const stride = sizeOf(shape.slice(axis + 1));
  return Array.from({ length }, (_, i) => nest(data, shape, axis + 1, from + i * stride));
}
