import type { Names, TensorsLike } from '../graph/inputs.js';
import { isTensorObject } from '../tensors/tensor.js';
import { isBatches, type Batches } from './batches.js';

/** What is trained on. */
export type GivenData = { readonly x: TensorsLike; readonly y: TensorsLike } | { readonly batches: Batches };

/**
 * Tells `fit(x, y, options)` from `fit(batches, options)`. An array may be the one or the other: it is batches where no targets follow,
 * which are an array too, a tensor, or an object by the outputs' names.
 */
export function readGiven<Options extends object>(
  outputNames: Names,
  [first, second, third]: readonly [unknown, unknown, Options | undefined],
): { readonly given: GivenData; readonly options: Options } {
  const isOverBatches = (isBatches(first) || Array.isArray(first)) && !isTargets(outputNames, second);
  if (!isOverBatches) {
    return { given: { x: first as TensorsLike, y: second as TensorsLike }, options: third ?? ({} as Options) };
  }
  const options = (second ?? third ?? {}) as Options;
  return { given: { batches: first as Batches }, options };
}

function isTargets(outputNames: Names, value: unknown): boolean {
  if (Array.isArray(value) || ArrayBuffer.isView(value) || isTensorObject(value)) return true;
  if (typeof value !== 'object' || value === null) return value !== undefined;
  const names = Object.keys(value);
  const known = new Set(outputNames.values());
  return names.length > 0 && names.every((name) => known.has(name));
}
