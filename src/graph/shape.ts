import { mismatch } from '../options/options.js';
import type { Size } from '../plan/size.js';

/** Axes as users see them, batch first; null: any length. [null, null, 8] is [batch, time, 8]. */
export type Shape = readonly (number | null)[];

/** What is known of a tensor before any run. */
export interface TensorSpec {
  readonly shape: Shape;
  /** The time length, an expression of the model inputs' lengths; null when there is no time axis. */
  readonly time: Size | null;
  /** How many sequences run side by side: B, or T·B inside TimeDistributed. */
  readonly batch: Size;
  readonly dtype: 'float32' | 'bool';
}

/** @throws TypeError unless a shape is the expected one, in which null stands for any length. */
export function checkShape(where: string, expected: Shape, came: Shape, names?: readonly string[]): void {
  const fits = came.length === expected.length && expected.every((length, axis) => [null, came[axis]].includes(length));
  if (!fits) mismatch(where, `shape ${printShape(expected, names)}`, printShape(came));
}

export function printShape(shape: Shape, names: readonly string[] = []): string {
  return `[${shape.map((length, axis) => length ?? names[axis] ?? 'null').join(', ')}]`;
}
