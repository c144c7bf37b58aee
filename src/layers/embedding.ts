import type { ForwardContext } from '../graph/context.js';
import type { Layer, LayerDefinition, LayerOptions, SymbolicTensor } from '../graph/layer.js';
import { checkShape, printShape } from '../graph/shape.js';
import type { ConstraintOption } from '../constraints/constraint.js';
import type { InitializerOption } from '../initializers/initializer.js';
import { flag, forTraining, mismatch, optional, positiveInteger, type Reader } from '../options/options.js';
import { multiply, type Size } from '../plan/size.js';
import type { RegularizerOption } from '../regularizers/regularizer.js';
import { readNumbers, sizeOf, type Numbers, type TensorLike } from '../tensors/tensor.js';
import { noStates, onlyInput } from './expectations.js';
import { makeLayer } from './make-layer.js';

export interface EmbeddingOptions extends LayerOptions {
  /** How many words there are: their numbers go from 0 to inputDim − 1. */
  inputDim: number;
  /** Features that each gets. */
  outputDim: number;
  /** Whether 0 is no word, but masks its step. Default false. */
  maskZero?: boolean;
  /** The table to start with, [inputDim, outputDim], such as one that was trained elsewhere; `trainable: false` freezes it. */
  weights?: TensorLike;
  /** Default 'uniform': from −0.05 to 0.05. */
  embeddingsInitializer?: InitializerOption;
  /** A penalty that is added to the loss. Default: none. */
  embeddingsRegularizer?: RegularizerOption;
  /** What holds after each step of training. Default: none. */
  embeddingsConstraint?: ConstraintOption;
}

export interface EmbeddingConfig {
  readonly inputDim: number;
  readonly outputDim: number;
  readonly maskZero: boolean;
  readonly weights: Numbers | undefined;
  readonly embeddingsInitializer: InitializerOption;
}

const definition: LayerDefinition<EmbeddingConfig> = {
  className: 'Embedding',
  outputs: ({ outputDim, maskZero }, call, name) => {
    noStates(name, call);
    const x = onlyInput(name, call);
    // Only of what the user gives can be checked that it is in the table.
    const computed = computedBy(x);
    if (computed !== undefined) mismatch(name, 'the values of an input', `those of ${computed.title}`);
    const isSequence = x.shape.length === 2;
    if (maskZero && !isSequence) mismatch(`${name}: maskZero`, 'an input of shape [batch, time]', printShape(x.shape));
    const shape = [...x.shape, outputDim];
    const time = isSequence ? (x.time ?? x.features) : x.time;
    return [{ shape, time, batch: x.batch, mask: maskZero ? 'computed' : null }];
  },
  checkInput: ({ inputDim }, where, values, shape = [values.length]) => {
    for (let i = 0; i < values.length; i++) {
      const value = values[i] ?? 0;
      if (value >= 0 && value < inputDim && Number.isInteger(value)) continue;
      const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
      const place = strides.map((stride, axis) => Math.floor(i / stride) % (shape[axis] ?? 1));
      mismatch(where, `integers from 0 to ${inputDim - 1}`, `${value} at ${printShape(place)}`);
    }
  },
  weights: ({ inputDim, outputDim }) => [{ name: 'embeddings', shape: [inputDim, outputDim], padded: true }],
  forward: (context, { outputDim }) => {
    const [ids, idStep, idRow, steps, batch] = idsOf(context);
    const y = context.output() ?? context.scratch('output', context.outputLeading, outputDim);
    const mask = context.computedMask ?? 0;
    context.emit('embedding', ids, idStep, idRow, context.vector('embeddings'), y, mask, steps, batch, outputDim);
  },
};

/** The input, the bytes from one step and from one row to the next, and how many there are of each, as the kernels take them. */
export function idsOf(context: ForwardContext) {
  const x = context.input();
  const { batch, steps, outputLeading, rows } = context;
  const features = context.features();
  const sizes = (...all: [Size, Size, Size, Size]) => [x, ...all] as const;
  if (x.rowBytes === 0) return sizes(multiply(4, batch), 4, steps, batch);
  // Rows [batch, steps]; of more axes the last goes on inside of a row of the output.
  return outputLeading.length === 2 ? sizes(4, x.rowBytes, features, batch) : sizes(x.rowBytes, 4, rows, features);
}

/** The layer that computes values, rather than moves those of an input. */
function computedBy({ node, index }: SymbolicTensor): Layer | undefined {
  const { inputs, inside, layer } = node;
  const source = inside?.[index];
  if (source !== undefined) return computedBy(source);
  if (inputs.length > 0 && !('copies' in layer.definition)) return layer;
  return inputs.map(computedBy).find((found) => found !== undefined);
}

/**
 * A row of a table for each word's number: [batch, time] → [batch, time, outputDim], and so for any further axes. As
 * `keras.layers.Embedding`. Weights: embeddings [inputDim, outputDim]. Numbers come as any others do, and are checked before
 * anything is computed; a model streams if they come as `input({ shape: [null] })`.
 * @throws TypeError for an option that is unknown or out of range, or a table of another shape.
 */
export function embedding(options: EmbeddingOptions): Layer<EmbeddingConfig, SymbolicTensor> {
  const layer = makeLayer(definition, readers, options);
  const { weights, inputDim, outputDim } = layer.config;
  if (weights !== undefined) {
    // One in an array of its own is Keras's list of weights.
    const isList = weights.shape.length === 3 && weights.shape[0] === 1;
    checkShape(`${layer.title}: weights`, [inputDim, outputDim], isList ? weights.shape.slice(1) : weights.shape);
    layer.startValues = [weights.data];
  }
  return layer;
}

/** A copy: the user may write to his arrays before a model is made. */
const table: Reader<Numbers> = (value, where) => {
  const { data, shape } = readNumbers(value, where);
  return { data: data.slice(), shape };
};

const readers = {
  inputDim: positiveInteger,
  outputDim: positiveInteger,
  maskZero: optional(flag, false),
  weights: optional(table, undefined),
  embeddingsInitializer: forTraining<InitializerOption>('uniform'),
};
