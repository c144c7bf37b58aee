import type { LayerOptions } from '../graph/layer.js';
import { optional, shape, text } from '../options/options.js';

/** Readers of the options that every layer takes. */
export const commonFields = {
  name: optional(text, undefined),
  inputShape: optional(shape, undefined),
  batchInputShape: optional(shape, undefined),
};

/** How errors call a layer while its options are read. */
export function titleOf(options: unknown, baseName: string): string {
  const name = typeof options === 'object' && options !== null && 'name' in options ? options.name : undefined;
  return typeof name === 'string' && name !== '' ? name : baseName;
}

/** The part of read options that `Layer` keeps itself. */
export function commonOptions(read: {
  readonly name: string | undefined;
  readonly inputShape: readonly (number | null)[] | undefined;
  readonly batchInputShape: readonly (number | null)[] | undefined;
}): LayerOptions {
  return {
    ...(read.name === undefined ? {} : { name: read.name }),
    ...(read.inputShape === undefined ? {} : { inputShape: read.inputShape }),
    ...(read.batchInputShape === undefined ? {} : { batchInputShape: read.batchInputShape }),
  };
}
