/** Running models in pieces, and comparing bits. */
import fc from 'fast-check';
import { expect } from 'vitest';
import type { Session, Tensor } from '../../src/index.js';
import { createRandom } from '../random.js';

/** A batch of sequences as data. */
export interface DrawnData {
  readonly rows: number;
  readonly steps: number;
  /** Small values end below 2^-100, which is stored as +0. */
  readonly scale: number;
  readonly seed: number;
}

export const drawnData: fc.Arbitrary<DrawnData> = fc.record({
  rows: fc.integer({ min: 1, max: 9 }),
  steps: fc.integer({ min: 0, max: 150 }),
  scale: fc.constantFrom(1, 1, 1, 20, 1e-30),
  seed: fc.nat({ max: 1_000_000 }),
});

/** Lengths of chunks, taken in turn; longer ones than 64 run in blocks. */
export const chunkLengths = fc
  .array(fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 0, max: 140 })), {
    minLength: 1,
    maxLength: 8,
  })
  .filter((lengths) => lengths.some((length) => length > 0));

export interface Given {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** Sequences, a fifth of the steps zeros in all features, so that a Masking has something to mask. */
export function sequences({ rows, steps, scale, seed }: DrawnData, features: number): Given {
  const random = createRandom(seed);
  const data = random.normals(rows * steps * features, scale);
  for (let step = 0; step < rows * steps; step++) {
    if (random.chance(0.2)) data.fill(0, step * features, (step + 1) * features);
  }
  return { data, shape: [rows, steps, features] };
}

/** Values for inputs without time. */
export function vectors({ rows, scale, seed }: DrawnData, widths: readonly number[]): Given[] {
  const random = createRandom(seed + 1);
  return widths.map((width) => ({ data: random.normals(rows * width, scale), shape: [rows, width] }));
}

/** Steps from … to − 1 of every row. */
export function stepsOf({ data, shape }: Given, from: number, to: number): Given {
  const [rows, steps, features] = shape;
  const part = new Float32Array(rows * (to - from) * features);
  for (let row = 0; row < rows; row++) {
    const start = row * steps * features;
    const values = data.subarray(start + from * features, start + to * features);
    part.set(values, row * (to - from) * features);
  }
  return { data: part, shape: [rows, to - from, features] };
}

/** Where chunks of these lengths, taken in turn, cut a number of steps. */
export function cuts(steps: number, lengths: readonly number[]): [from: number, to: number][] {
  const found: [number, number][] = [];
  for (let from = 0, i = 0; from < steps; i++) {
    const to = Math.min(steps, from + lengths[i % lengths.length]);
    found.push([from, to]);
    from = to;
  }
  return found;
}

/** Joins the results of chunks: sequences one after the other; what has no time axis is the last chunk's. */
export function join(parts: readonly Tensor[], whole: Tensor): Float32Array {
  if (whole.shape.length === 2) return parts.at(-1)?.data ?? new Float32Array();
  const [rows, steps, features] = whole.shape;
  const joined = new Float32Array(whole.data.length);
  let done = 0;
  for (const { data } of parts) {
    const length = data.length / rows;
    for (let row = 0; row < rows; row++) {
      joined.set(data.subarray(row * length, (row + 1) * length), row * steps * features + done);
    }
    done += length;
  }
  return joined;
}

/** Pushes a batch of sequences in chunks; gives every output as the whole run would. */
export function push(session: Session, x: Given, lengths: readonly number[], whole: readonly Tensor[]): Float32Array[] {
  const parts = cuts(x.shape[1], lengths).map(([from, to]) => session.pushAll(stepsOf(x, from, to)));
  return whole.map((tensor, i) =>
    join(
      parts.map((outputs) => outputs[i]),
      tensor,
    ),
  );
}

export function expectSameBits(actual: readonly Float32Array[], expected: readonly Tensor[]): void {
  expect(actual.length).toBe(expected.length);
  actual.forEach((values, i) => {
    expect(values.length).toBe(expected[i].data.length);
    const [ours, theirs] = [bitsOf(values), bitsOf(expected[i].data)];
    const at = ours.findIndex((bits, j) => bits !== theirs[j]);
    if (at >= 0) expect.fail(`output ${i}, value ${at}: expected ${expected[i].data[at]}, got ${values[at]}`);
  });
}

export function bitsOf(values: Float32Array): Uint32Array {
  return new Uint32Array(values.slice().buffer);
}
