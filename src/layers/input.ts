import { Layer, Node, type LayerDefinition, type SymbolicTensor } from '../graph/layer.js';
import { printShape } from '../graph/shape.js';
import { fields, mismatch, oneOf, optional, shape, text } from '../options/options.js';
import { known } from '../plan/known.js';
import { batch, symbol } from '../plan/size.js';

export interface InputOptions {
  /**
   * Axes without the batch: [time, features] or [features]; null: any length. For dtype 'bool' (a mask), and for the numbers of
   * words that an Embedding takes: [time].
   */
  readonly shape?: readonly (number | null)[];
  /** The axes with the batch, to fix it: [batch, time, features]. */
  readonly batchShape?: readonly (number | null)[];
  readonly name?: string;
  /** 'bool' for a mask: the user gives 0 and 1; 'int32' for numbers of words, of which [time] may be known. Default 'float32'. */
  readonly dtype?: InputType;
}

type InputType = 'float32' | 'int32' | 'bool';

interface InputConfig {
  readonly batchShape: readonly (number | null)[];
  readonly dtype: InputType;
}

const definition: LayerDefinition<InputConfig> = {
  className: 'InputLayer',
  baseName: 'input',
  outputs: ({ batchShape, dtype }) => {
    const hasTime = batchShape.length > 2 || dtype !== 'float32' || batchShape[1] === null;
    const time = hasTime ? symbol('T') : null;
    // Inside, all numbers are float32, which holds integers up to 2^24.
    return [{ shape: batchShape, time, batch, dtype: dtype === 'bool' ? dtype : 'float32' }];
  },
};

const readers = {
  shape: optional(shape, undefined),
  batchShape: optional(shape, undefined),
  name: optional(text, undefined),
  dtype: optional(oneOf(['float32', 'int32', 'bool']), 'float32'),
};

/**
 * An input of a functional model.
 * @example const x = input({ shape: [null, 8] }); // [batch, time, 8]
 * @throws TypeError when the shape is not [features], [time, features] or, for a mask or for words, [time].
 */
export function input(options: InputOptions): SymbolicTensor {
  const read = fields(options, 'input', readers);
  const { name, dtype, shape, batchShape = shape && [null, ...shape] } = read;
  const title = name ?? 'input';
  if (batchShape === undefined) mismatch(title, 'shape or batchShape', 'neither');
  if (shape && read.batchShape) mismatch(title, 'shape or batchShape', 'both');
  const isMask = dtype === 'bool';
  if (isMask ? batchShape.length !== 2 : batchShape.length < 2) {
    const expected = isMask ? '[batch, time]' : '[batch, features] or [batch, time, features]';
    mismatch(title, `a shape of ${expected}`, printShape(batchShape));
  }
  if (!isMask && batchShape.slice(2).includes(null)) {
    throw new TypeError(`${title}: the number of features must be known, got ${printShape(batchShape)}`);
  }
  const config = { batchShape, dtype };
  const call = { inputs: [], initialState: [], mask: null };
  const node = new Node(new Layer(definition, config, name), call, definition.outputs(config, call, title));
  return known(node.outputs[0], title);
}
