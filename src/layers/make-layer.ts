import { baseNameOf, Layer, type LayerDefinition, type SymbolicTensor } from '../graph/layer.js';
import { fields, flag, forTraining, mismatch, optional, shape, text, type Reader } from '../options/options.js';

/** A layer's own options, each with what reads it. */
export type Readers<C> = { readonly [K in keyof C]: Reader<C[K]> };

/** Readers of the options that every layer takes. */
const commonReaders = {
  name: optional(text, undefined),
  inputShape: optional(shape, undefined),
  batchInputShape: optional(shape, undefined),
  trainable: optional(flag, true),
  activityRegularizer: forTraining<unknown>(undefined),
};

/** What training reads of the weights that have an initializer: regularizer and constraint. Moving averages have none. */
function weightReaders(readers: object): Record<string, Reader<unknown>> {
  const names = Object.keys(readers).filter((name) => /^(?!moving).*Initializer$/.test(name));
  const options = names.flatMap((name) =>
    ['Regularizer', 'Constraint'].map((what) => [name.replace('Initializer', what), forTraining(undefined)] as const),
  );
  return Object.fromEntries(options);
}

/**
 * Makes a layer from its options; what is read of its own ones is its config.
 * @throws TypeError for an option that is unknown, lacking or out of range; it names the layer and the option.
 */
export function makeLayer<C extends object, Output extends SymbolicTensor | SymbolicTensor[] = SymbolicTensor>(
  definition: LayerDefinition<C>,
  readers: Readers<C>,
  options: object,
): Layer<C, Output> {
  const all: typeof commonReaders = { ...readers, ...weightReaders(readers), ...commonReaders };
  const title = titleOf(options, baseNameOf(definition));
  const read = fields(options, title, all);
  if (read.inputShape && read.batchInputShape) mismatch(title, 'inputShape or batchInputShape', 'both');
  const { name, inputShape, trainable, activityRegularizer, ...others } = read;
  const { batchInputShape = inputShape && [null, ...inputShape], ...config } = others;
  const layer = new Layer<C, Output>(definition, config as C, name, batchInputShape);
  layer.activityRegularizer = activityRegularizer;
  // true leaves the layers inside a composite as they are.
  if (!trainable) layer.trainable = false;
  return layer;
}

/** How errors call a layer while its options are read. */
function titleOf(options: object, baseName: string): string {
  const { name } = { name: undefined, ...options };
  return typeof name === 'string' && name !== '' ? name : baseName;
}
