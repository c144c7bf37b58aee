/**
 * Add, Subtract, Multiply, Average, Maximum and Minimum: one value for each place, from all inputs at that place.
 *                                                            Keras 3, layers/merging/*.py
 * Inputs are broadcast (broadcast.ts). The slope of a maximum or minimum is that of the input it came from, the first
 * of equal ones.
 */
import { broadcastTo, commonShape, sumTo, withEqualRanks } from './broadcast.js';
import type { AnyPass } from './pass.js';
import { map, reshaped, zerosLike, type Mask, type Tensor, type Tensors } from './tensor.js';

export type MergeName = 'add' | 'subtract' | 'multiply' | 'average' | 'maximum' | 'minimum';

interface Merge {
  readonly value: (inputs: readonly number[]) => number;
  /** With respect to the input of that number. */
  readonly slope: (inputs: readonly number[], which: number) => number;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const product = (values: readonly number[]): number => values.reduce((total, value) => total * value, 1);

const merges: Readonly<Record<MergeName, Merge>> = {
  add: { value: sum, slope: () => 1 },
  subtract: { value: ([a, b]) => a - b, slope: (_, which) => (which === 0 ? 1 : -1) },
  multiply: { value: product, slope: (inputs, which) => product(inputs.toSpliced(which, 1)) },
  average: { value: (inputs) => sum(inputs) / inputs.length, slope: ({ length }) => 1 / length },
  maximum: {
    value: (inputs) => Math.max(...inputs),
    slope: (inputs, which) => (inputs.indexOf(Math.max(...inputs)) === which ? 1 : 0),
  },
  minimum: {
    value: (inputs) => Math.min(...inputs),
    slope: (inputs, which) => (inputs.indexOf(Math.min(...inputs)) === which ? 1 : 0),
  },
};

/** A step is valid where it is in any input; none is masked if an input has no mask. */
export function mergedMask(masks: readonly (Mask | undefined)[]): Mask | undefined {
  const given = masks.filter((mask) => mask !== undefined);
  if (given.length < masks.length) return undefined;
  return given[0].map((row, b) => row.map((_, t) => given.some((mask) => mask[b][t])));
}

export function merge(name: MergeName, inputs: Tensors): AnyPass {
  if (name === 'subtract' && inputs.length !== 2) throw new Error(`subtract: expected 2 inputs, got ${inputs.length}`);
  const { value, slope } = merges[name];
  const ranked = withEqualRanks(inputs);
  const shape = commonShape(ranked.map((one) => one.shape));
  const wide = ranked.map((one) => broadcastTo(one, shape));
  const at = (i: number): number[] => wide.map(({ data }) => data[i]);
  const y = map(wide[0], (_, i) => value(at(i)));
  return {
    outputs: [y],
    backward([dy = zerosLike(y)]) {
      const [first, ...others] = inputs.map(({ shape: own }, which): Tensor => {
        const gradient = map(dy, (d, i) => d * slope(at(i), which));
        return reshaped(sumTo(gradient, ranked[which].shape), own);
      });
      return { inputs: [first, ...others], weights: [] };
    },
  };
}
