/**
 * Add, Subtract, Multiply, Average, Maximum and Minimum: one value for each place, from all inputs at that place.
 *                                                            Keras 3, layers/merging/*.py
 * Inputs are broadcast (broadcast.ts). At steps that its mask leaves out, an input is no factor of a product, and an extreme is that
 * of the others. The slope of a maximum or minimum is that of the input it came from, the first
 * of equal ones.
 */
import { broadcastTo, commonShape, sumTo, withEqualRanks } from './broadcast.js';
import type { AnyPass } from './pass.js';
import { map, reshaped, zerosLike, type Mask, type Tensor, type Tensors } from './tensor.js';

export type MergeName = 'add' | 'subtract' | 'multiply' | 'average' | 'maximum' | 'minimum';

/** Whether an input counts at a place; undefined: it has no mask. */
type Valid = boolean | undefined;

interface Merge {
  readonly value: (inputs: readonly number[], valid: readonly Valid[]) => number;
  /** With respect to the input of that number. */
  readonly slope: (inputs: readonly number[], which: number, valid: readonly Valid[]) => number;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** Of the factors that count; 0 where all have masks and none counts. */
function product(factors: readonly number[], valid: readonly Valid[], but = -1): number {
  if (valid.length > 0 && valid.every((one) => one === false)) return 0;
  return factors.reduce((total, factor, i) => (i === but || valid[i] === false ? total : total * factor), 1);
}

/** Which input an extreme comes from: two by two, and where one of the two does not count, from the other. */
function sourceOf(
  inputs: readonly number[],
  valid: readonly Valid[],
  isBetter: (a: number, b: number) => boolean,
): number {
  let [source, counts] = [0, valid[0]];
  for (let i = 1; i < inputs.length; i++) {
    const own = valid[i];
    const second = own === false ? source : i;
    const first = counts === false ? second : source;
    source = isBetter(inputs[second], inputs[first]) ? second : first;
    counts = own === undefined || counts === undefined ? undefined : own || counts;
  }
  return source;
}

function extreme(isBetter: (a: number, b: number) => boolean): Merge {
  return {
    value: (inputs, valid) => inputs[sourceOf(inputs, valid, isBetter)],
    slope: (inputs, which, valid) => (sourceOf(inputs, valid, isBetter) === which ? 1 : 0),
  };
}

const merges: Readonly<Record<MergeName, Merge>> = {
  add: { value: sum, slope: () => 1 },
  subtract: { value: ([a, b]) => a - b, slope: (_, which) => (which === 0 ? 1 : -1) },
  multiply: {
    value: product,
    slope: (inputs, which, valid) => (valid[which] === false ? 0 : product(inputs, valid, which)),
  },
  average: { value: (inputs) => sum(inputs) / inputs.length, slope: ({ length }) => 1 / length },
  maximum: extreme((a, b) => a > b),
  minimum: extreme((a, b) => a < b),
};

/** A step is valid where it is in any input; none is masked if an input has no mask. */
export function mergedMask(masks: readonly (Mask | undefined)[]): Mask | undefined {
  const given = masks.filter((mask) => mask !== undefined);
  if (given.length < masks.length) return undefined;
  return given[0].map((row, b) => row.map((_, t) => given.some((mask) => mask[b][t])));
}

/** Masks count where all inputs are sequences [batch, time, features] of one shape. */
export function merge(name: MergeName, inputs: Tensors, masks: readonly (Mask | undefined)[] = []): AnyPass {
  if (name === 'subtract' && inputs.length !== 2) throw new Error(`subtract: expected 2 inputs, got ${inputs.length}`);
  const { value, slope } = merges[name];
  const ranked = withEqualRanks(inputs);
  const shape = commonShape(ranked.map((one) => one.shape));
  const wide = ranked.map((one) => broadcastTo(one, shape));
  const at = (i: number): number[] => wide.map(({ data }) => data[i]);
  const [, time, features] = shape;
  const areSequences = inputs.every((one) => one.shape.length === 3);
  const validAt = (i: number): Valid[] =>
    areSequences ? masks.map((mask) => mask?.[Math.floor(i / features / time)][Math.floor(i / features) % time]) : [];
  const y = map(wide[0], (_, i) => value(at(i), validAt(i)));
  return {
    outputs: [y],
    backward([dy = zerosLike(y)]) {
      const [first, ...others] = inputs.map(({ shape: own }, which): Tensor => {
        const gradient = map(dy, (d, i) => d * slope(at(i), which, validAt(i)));
        return reshaped(sumTo(gradient, ranked[which].shape), own);
      });
      return { inputs: [first, ...others], weights: [] };
    },
  };
}
