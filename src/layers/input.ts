import { Layer, type LayerDefinition, Node, type SymbolicTensor } from '../graph/layer.js';
import { printShape } from '../graph/shape.js';
import { fields, oneOf, optional, shape, text } from '../options/options.js';
import { symbol } from '../plan/size.js';

export interface InputOptions {
  /** Axes without the batch: [time, features] or [features]; null: any length. For dtype 'bool' (a mask): [time]. */
  readonly shape?: readonly (number | null)[];
  /** The axes with the batch, to fix it: [batch, time, features]. */
  readonly batchShape?: readonly (number | null)[];
  readonly name?: string;
  /** 'bool' for a mask: the user gives 0 and 1. Default 'float32'. */
  readonly dtype?: 'float32' | 'bool';
}

interface InputConfig {
  readonly batchShape: readonly (number | null)[];
  readonly dtype: 'float32' | 'bool';
}

const definition: LayerDefinition<InputConfig> = {
  className: 'InputLayer',
  baseName: 'input',
  time: () => ({ lookahead: 0, history: 0 }),
  outputs: ({ batchShape, dtype }) => {
    const hasTime = batchShape.length === 3 || dtype === 'bool';
    return [{ shape: batchShape, time: hasTime ? symbol('T') : null, dtype, mask: null }];
  },
  forward: () => undefined,
};

/**
 * An input of a functional model.
 * @example const x = input({ shape: [null, 8] }); // [batch, time, 8]
 * @throws TypeError when the shape is not [features], [time, features] or, for a mask, [time].
 */
export function input(options: InputOptions): SymbolicTensor {
  const config = fields(options, 'input', {
    shape: optional(shape, undefined),
    batchShape: optional(shape, undefined),
    name: optional(text, undefined),
    dtype: optional(oneOf(['float32', 'bool']), 'float32'),
  });
  const title = config.name ?? 'input';
  const batchShape = config.batchShape ?? (config.shape === undefined ? undefined : [null, ...config.shape]);
  if (batchShape === undefined) throw new TypeError(`${title}: expected shape or batchShape, got neither`);
  if (config.dtype === 'bool' ? batchShape.length !== 2 : batchShape.length < 2 || batchShape.length > 3) {
    const expected = config.dtype === 'bool' ? '[batch, time]' : '[batch, features] or [batch, time, features]';
    throw new TypeError(`${title}: expected a shape of ${expected}, got ${printShape(batchShape)}`);
  }
  if (config.dtype === 'float32' && batchShape.at(-1) === null) {
    throw new TypeError(`${title}: the number of features must be known, got ${printShape(batchShape)}`);
  }
  const layer = new Layer<InputConfig>(definition, { batchShape, dtype: config.dtype }, withName(config.name), true);
  const node = new Node(
    layer,
    { inputs: [], initialState: [], mask: null },
    definition.outputs(layer.config, noCall, title),
  );
  const [output] = node.outputs;
  if (output === undefined) throw new Error(`${title}: has no output`);
  return output;
}

const noCall = { inputs: [], initialState: [], mask: null };

function withName(name: string | undefined): { name?: string } {
  return name === undefined ? {} : { name };
}
