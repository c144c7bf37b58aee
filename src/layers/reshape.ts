import { axesBetween, type Copy } from '../graph/copy.js';
import type { ForwardContext } from '../graph/context.js';
import type { Call, Layer, LayerOptions, OutputSpec, SymbolicTensor } from '../graph/layer.js';
import { printShape } from '../graph/shape.js';
import type { View } from '../graph/view.js';
import { mismatch, refuse, type Reader } from '../options/options.js';
import { multiply, type Size } from '../plan/size.js';
import { copyLayer } from './copying.js';
import { onlyInput } from './expectations.js';
import { makeLayer } from './make-layer.js';
import { sizeOf } from '../tensors/tensor.js';

export interface ReshapeOptions extends LayerOptions {
  /** The axes behind the batch; one may be −1: what is left. */
  targetShape: readonly number[];
}

export interface ReshapeConfig {
  readonly targetShape: readonly number[];
}

const targetShape: Reader<readonly number[]> = (value, where) =>
  Array.isArray(value) &&
  value.every((n) => Number.isSafeInteger(n) && (n > 0 || n === -1)) &&
  value.filter((n) => n === -1).length < 2
    ? (value as number[])
    : refuse(where, 'positive integers, one of which may be -1', value);

/** How many values a row of the batch has: every axis but the batch must be known. */
function valuesOf(name: string, { shape }: SymbolicTensor): number {
  const lengths = shape.slice(1);
  if (lengths.includes(null)) mismatch(name, 'an input of known length, such as [null, 7, 3]', printShape(shape));
  return lengths.reduce<number>((product, n) => product * (n ?? 1), 1);
}

function reshaped(name: string, call: Call, wanted: readonly number[]): [OutputSpec] {
  const x = onlyInput(name, call);
  const values = valuesOf(name, x);
  const rest = values / wanted.reduce((product, n) => (n === -1 ? product : product * n), 1);
  const axes = wanted.map((n) => (n === -1 ? rest : n));
  if (sizeOf(axes) !== values || !Number.isInteger(rest)) {
    mismatch(name, `an input of as many values as ${printShape(wanted)}`, printShape(x.shape));
  }
  const [batchSize = null] = x.shape;
  const time = axes.length > 1 ? (axes[0] ?? 1) : null;
  return [{ shape: [batchSize, ...axes], time, batch: x.batch }];
}

const behaviour = {
  needsWhole: () => true,
  copies: (context: ForwardContext) => [{ input: 0, ...copyBetween(context.viewOf(0), context.viewOf('output')) }],
};

/** Between a sequence and its rows' values in a row; of two rows it is the whole row. */
function copyBetween(x: View, y: View): Copy {
  const isFlat = y.lengths.length === 2;
  const { lengths } = isFlat ? x : y;
  const row: Size[] = lengths.slice(1).map((_, i, all) => all.slice(i + 1).reduce(multiply, 4));
  const [fromRow, toRow] = [
    [x.strides[0] ?? 0, ...row],
    [y.strides[0] ?? 0, ...row],
  ];
  return { axes: isFlat ? axesBetween(lengths, x.strides, toRow) : axesBetween(lengths, fromRow, y.strides) };
}

const flattenDefinition = /* @__PURE__ */ copyLayer<object>({
  className: 'Flatten',
  outputs: (_config, call, name) => reshaped(name, call, [-1]),
  isIdentity: (_config, _random, { shape }) => shape.length === 2,
  ...behaviour,
});

const reshapeDefinition = /* @__PURE__ */ copyLayer<ReshapeConfig>({
  className: 'Reshape',
  outputs: (config, call, name) => {
    const [output] = reshaped(name, call, config.targetShape);
    const x = onlyInput(name, call);
    if (x.shape.length === 2 || output.shape.length === 2) return [output];
    // From one sequence to another by way of rows.
    return [reshape(config).apply(flatten().apply(x))];
  },
  ...behaviour,
});

/**
 * All values of a sequence in a row: [batch, time, features] → [batch, time · features]; the length must be known. As
 * `keras.layers.Flatten`.
 * @throws TypeError when an axis has no known length.
 */
export function flatten(options: LayerOptions = {}): Layer<object, SymbolicTensor> {
  return makeLayer(flattenDefinition, {}, options);
}

/**
 * The same values by other axes: [batch, …] → [batch, ...targetShape]; lengths must be known. As `keras.layers.Reshape`.
 * @throws TypeError when the number of values is another.
 */
export function reshape(options: ReshapeOptions): Layer<ReshapeConfig, SymbolicTensor> {
  return makeLayer(reshapeDefinition, { targetShape }, options);
}
