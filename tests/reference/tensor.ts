/**
 * Plain float64 tensors for the reference: a shape and its values, row-major, [batch, time, features] as the user sees
 * them. Operations make new tensors; only those called …Into write to an argument. Sizes are checked, so that a test
 * with a wrong shape fails where the mistake is.
 */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export type Tensors = readonly Tensor[];

/** Which steps are valid: [batch][time]. */
export type Mask = readonly (readonly boolean[])[];

export function tensor(shape: readonly number[], values: ArrayLike<number>): Tensor {
  if (values.length !== sizeOf(shape)) throw new Error(`shape ${show(shape)} does not hold ${values.length} values`);
  return { shape: [...shape], data: Float64Array.from(values) };
}

/** From whoever keeps a shape and numbers: golden data, the library's tensors. */
export function toTensor(from: { readonly shape: readonly number[]; readonly data: ArrayLike<number> }): Tensor {
  return tensor(from.shape, from.data);
}

export function zeros(...shape: number[]): Tensor {
  return { shape, data: new Float64Array(sizeOf(shape)) };
}

export function zerosLike(like: Tensor): Tensor {
  return zeros(...like.shape);
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

export function show(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}

export function checkShape(what: string, given: Tensor | undefined, shape: readonly number[]): void {
  if (given === undefined) throw new Error(`${what}: expected shape ${show(shape)}, got nothing`);
  if (show(given.shape) !== show(shape)) {
    throw new Error(`${what}: expected shape ${show(shape)}, got ${show(given.shape)}`);
  }
}

/** The weights of a layer, in Keras's order: exactly these shapes. */
export function checkWeights(layer: string, weights: Tensors, shapes: readonly (readonly number[])[]): void {
  if (weights.length !== shapes.length) {
    throw new Error(`${layer}: expected ${shapes.length} weights, got ${weights.length}`);
  }
  shapes.forEach((shape, i) => checkShape(`${layer}, weight ${i}`, weights[i], shape));
}

// Element by element.

export function map(a: Tensor, f: (value: number, index: number) => number): Tensor {
  return { shape: a.shape, data: a.data.map(f) };
}

export function zip(a: Tensor, b: Tensor, f: (a: number, b: number) => number): Tensor {
  checkShape('second operand', b, a.shape);
  return { shape: a.shape, data: a.data.map((value, i) => f(value, b.data[i])) };
}

export const add = (a: Tensor, b: Tensor): Tensor => zip(a, b, (x, y) => x + y);
export const subtract = (a: Tensor, b: Tensor): Tensor => zip(a, b, (x, y) => x - y);
export const multiply = (a: Tensor, b: Tensor): Tensor => zip(a, b, (x, y) => x * y);
export const scale = (a: Tensor, factor: number): Tensor => map(a, (x) => x * factor);

/** target ← target + a. */
export function addInto(target: Tensor, a: Tensor): void {
  checkShape('what is added', a, target.shape);
  a.data.forEach((value, i) => (target.data[i] += value));
}

export function addAll(a: Tensors, b: Tensors): Tensor[] {
  return a.map((one, i) => add(one, b[i]));
}

/** Σ a · b over all elements. */
export function inner(a: Tensor, b: Tensor): number {
  return multiply(a, b).data.reduce((sum, value) => sum + value, 0);
}

// Matrices [rows, columns].

/** a [M, K] · b [K, N]. */
export function matmul(a: Tensor, b: Tensor): Tensor {
  const [m, k] = a.shape;
  const [, n] = b.shape;
  checkShape('right factor', b, [k, n]);
  const product = zeros(m, n);
  for (let i = 0; i < m; i++) {
    for (let p = 0; p < k; p++) {
      const factor = a.data[i * k + p];
      for (let j = 0; j < n; j++) product.data[i * n + j] += factor * b.data[p * n + j];
    }
  }
  return product;
}

export function transpose(a: Tensor): Tensor {
  const [rows, columns] = a.shape;
  const transposed = zeros(columns, rows);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) transposed.data[j * rows + i] = a.data[i * columns + j];
  }
  return transposed;
}

/** A vector [N] added to each row of a [M, N]. */
export function addToRows(a: Tensor, vector: Tensor): Tensor {
  const [, n] = a.shape;
  checkShape('what is added to each row', vector, [n]);
  return map(a, (value, i) => value + vector.data[i % n]);
}

/** [M, N] → [N]. */
export function sumOfRows(a: Tensor): Tensor {
  const [, n] = a.shape;
  const sum = zeros(n);
  a.data.forEach((value, i) => (sum.data[i % n] += value));
  return sum;
}

/** a [M, N] in equal parts [M, N / count], left to right. */
export function splitColumns(a: Tensor, count: number): Tensor[] {
  const width = a.shape[1] / count;
  return Array.from({ length: count }, (_, part) => columns(a, part * width, (part + 1) * width));
}

export function columns(a: Tensor, from: number, to: number): Tensor {
  const [m, n] = a.shape;
  const part = zeros(m, to - from);
  for (let i = 0; i < m; i++) part.data.set(a.data.subarray(i * n + from, i * n + to), i * (to - from));
  return part;
}

export function joinColumns(parts: Tensors): Tensor {
  const [m] = parts[0].shape;
  const n = parts.reduce((sum, part) => sum + part.shape[1], 0);
  const joined = zeros(m, n);
  for (let i = 0; i < m; i++) {
    let at = i * n;
    for (const part of parts) {
      const [, width] = part.shape;
      joined.data.set(part.data.subarray(i * width, (i + 1) * width), at);
      at += width;
    }
  }
  return joined;
}

/** Each row from `a` where `choose` says so, else from `b`. */
export function chooseRows(choose: readonly boolean[], a: Tensor, b: Tensor): Tensor {
  const [, n] = a.shape;
  checkShape('second choice', b, [choose.length, n]);
  return map(a, (value, i) => (choose[Math.floor(i / n)] ? value : b.data[i]));
}

// Sequences [batch, time, features].

/** The rows [batch, features] of one step. */
export function stepOf(sequence: Tensor, t: number): Tensor {
  const [batch, time, features] = sequence.shape;
  const rows = zeros(batch, features);
  for (let b = 0; b < batch; b++) {
    const at = (b * time + t) * features;
    rows.data.set(sequence.data.subarray(at, at + features), b * features);
  }
  return rows;
}

/** Adds rows [batch, features] to one step of a sequence. */
export function addStepInto(sequence: Tensor, t: number, rows: Tensor): void {
  const [batch, time, features] = sequence.shape;
  checkShape('the rows of a step', rows, [batch, features]);
  rows.data.forEach((value, i) => {
    const b = Math.floor(i / features);
    sequence.data[(b * time + t) * features + (i % features)] += value;
  });
}

// Any rank.

/** The same values in another shape: a view. */
export function reshaped(a: Tensor, shape: readonly number[]): Tensor {
  if (sizeOf(shape) !== a.data.length) throw new Error(`${show(a.shape)} does not become ${show(shape)}`);
  return { shape, data: a.data };
}

/** An axis counted from the front, as −1 is the last one. */
export function axisOf(axis: number, shape: readonly number[]): number {
  const found = axis < 0 ? shape.length + axis : axis;
  if (found < 1 || found >= shape.length) throw new Error(`${show(shape)} has no axis ${axis} beside the batch`);
  return found;
}

/** With its axes in another order: axis i of the result is axis order[i] of a. */
export function permuted(a: Tensor, order: readonly number[]): Tensor {
  const result = zeros(...order.map((axis) => a.shape[axis]));
  const strides = a.shape.map((_, axis) => sizeOf(a.shape.slice(axis + 1)));
  result.data.forEach((_, i) => {
    let rest = i;
    let from = 0;
    for (let axis = order.length - 1; axis >= 0; axis--) {
      const size = result.shape[axis];
      from += (rest % size) * strides[order[axis]];
      rest = Math.floor(rest / size);
    }
    result.data[i] = a.data[from];
  });
  return result;
}

/** Any tensor as a matrix whose rows are its last axis. */
export function asRows(a: Tensor): Tensor {
  const features = a.shape[a.shape.length - 1];
  return { shape: [sizeOf(a.shape.slice(0, -1)), features], data: a.data };
}
