/** Plain tensors for tests. */
export interface Plain {
  readonly data: Float32Array;
  readonly shape: number[];
}

export function filled(value: number, ...shape: number[]): Plain {
  return { data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(value), shape };
}

export function zeros(...shape: number[]): Plain {
  return filled(0, ...shape);
}

export function ones(...shape: number[]): Plain {
  return filled(1, ...shape);
}

/** A copy in which one value is another. */
export function withValue({ data, shape }: Plain, index: number, value: number): Plain {
  const copy = data.slice();
  copy[index] = value;
  return { data: copy, shape };
}

/** Rows from … to − 1. */
export function rowsOf({ data, shape }: Plain, from: number, to: number): Plain {
  const [rows, ...rest] = shape;
  const length = data.length / rows;
  return { data: data.slice(from * length, to * length), shape: [to - from, ...rest] };
}
