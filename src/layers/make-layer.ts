import { Layer, type LayerDefinition, type SymbolicTensor } from '../graph/layer.js';
import { fields, mismatch, optional, shape, text, type Reader } from '../options/options.js';

/** A layer's own options, each with what reads it. */
export type Readers<C> = { readonly [K in keyof C]: Reader<C[K]> };

/** Readers of the options that every layer takes. */
const commonReaders = {
  name: optional(text, undefined),
  inputShape: optional(shape, undefined),
  batchInputShape: optional(shape, undefined),
};

/**
 * Makes a layer from its options; what is read of its own ones is its config.
 * @throws TypeError for an option that is unknown, lacking or out of range; it names the layer and the option.
 */
export function makeLayer<C extends object, Output extends SymbolicTensor | SymbolicTensor[] = SymbolicTensor>(
  definition: LayerDefinition<C>,
  readers: Readers<C>,
  options: object,
): Layer<C, Output> {
  const all: typeof commonReaders = { ...readers, ...commonReaders };
  const title = titleOf(options, definition.baseName);
  const read = fields(options, title, all);
  if (read.inputShape && read.batchInputShape) mismatch(title, 'inputShape or batchInputShape', 'both');
  const { name, inputShape, batchInputShape = inputShape && [null, ...inputShape], ...config } = read;
  return new Layer(definition, config as C, name, batchInputShape);
}

/** How errors call a layer while its options are read. */
function titleOf(options: object, baseName: string): string {
  const { name } = { name: undefined, ...options };
  return typeof name === 'string' && name !== '' ? name : baseName;
}
