/**
 * What a case of the table (../cases.ts) is: one layer with its options, weights and inputs, and the reference's pass. All values
 * are float32 numbers, so that the library and the reference are given the same.
 */
import { createRandom } from '../../random.js';
import type { AnyPass } from '../pass.js';
import { sizeOf, tensor, type Tensor, type Tensors } from '../tensor.js';

export interface Case<Layer extends string, Config extends object> {
  readonly layer: Layer;
  readonly config: Config;
  /** In Keras's order. */
  readonly weights: Tensors;
  /** How many of the weights are trained, the first ones; all by default. */
  readonly trained?: number;
  /** x and, for recurrent layers, the initial states if they are given. */
  readonly inputs: Tensors;
  /** What distinguishes the case beside its config. */
  readonly note?: string | undefined;
  readonly seed: number;
  /** The reference's pass, of the case's own weights and inputs or of others. */
  readonly forward: (weights: Tensors, inputs: Tensors) => AnyPass;
}

/** A case of which only the seed is still to be given. */
export type Draft<Of> = (seed: number) => Of;

export type Draw = (shape: readonly number[], scale?: number) => Tensor;

export function drawing(seed: number): Draw {
  const random = createRandom(seed);
  return (shape, scale = 1) => tensor(shape, random.normals(sizeOf(shape), scale));
}

/** A layer of one input: its pass, options, the shape of x and of the weights. */
export function caseOf<Layer extends string, Config extends object>(
  layer: Layer,
  pass: (config: Config, weights: Tensors, inputs: readonly [Tensor]) => AnyPass,
  config: Config,
  shape: readonly number[],
  weightShapes: readonly (readonly number[])[] = [],
): Draft<Case<Layer, Config>> {
  return (seed) => {
    const draw = drawing(seed);
    return {
      layer,
      config,
      weights: weightShapes.map((weightShape) => draw(weightShape, 0.7)),
      inputs: [draw(shape)],
      seed,
      forward: (weights, [x]) => pass(config, weights, [x]),
    };
  };
}

/** 1 with the given probability, else 0: what dropout keeps. */
export function drawKept(seed: number, shape: readonly number[], probability: number): Tensor {
  const random = createRandom(seed);
  return tensor(
    shape,
    Array.from({ length: sizeOf(shape) }, () => (random.chance(probability) ? 1 : 0)),
  );
}

/** A row of a mask: '101' is valid, masked, valid. */
export const steps = (pattern: string): boolean[] => Array.from(pattern, (step) => step === '1');

/** A cotangent for each output of a case: for recurrent layers y and the final states. */
export function cotangentsOf({ seed }: { readonly seed: number }, pass: AnyPass): [Tensor, ...Tensor[]] {
  const draw = drawing(seed + 10_000);
  const [first, ...others] = pass.outputs;
  return [draw(first.shape), ...others.map(({ shape }) => draw(shape))];
}

/** A case's options in one line, and what there is beside them. */
export function describeCase({ config, inputs, note }: Case<string, object>): string {
  const options = Object.entries(config).map(([name, value]: [string, unknown]) => {
    if (value === true) return name;
    return `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`;
  });
  return [...options, ...(note === undefined ? [] : [note]), `x [${inputs[0].shape.join(', ')}]`].join(', ');
}
