import { constraint, type Bounds } from '../constraints/constraint.js';
import type { WeightSpec } from '../graph/weights.js';
import { mismatch } from '../options/options.js';
import { regularizer, type Regularizer } from '../regularizers/regularizer.js';

/*
 * What a layer's options say of the training of one of its weights. The weight's name says the option's: kernel's are
 * kernelInitializer, kernelRegularizer …, recurrentKernel's recurrentInitializer …
 */

export type WeightOption = 'Initializer' | 'Regularizer' | 'Constraint';

/** The name of an option of a weight. */
export function optionName({ name }: WeightSpec, what: WeightOption): string {
  return `${name.replace(/Kernel$/, '')}${what}`;
}

/** What the user gave for it. */
export function optionOf(spec: WeightSpec, what: WeightOption): unknown {
  const values: Record<string, unknown> = { ...spec.options };
  return values[optionName(spec, what)];
}

export function regularizerOf(spec: WeightSpec, layer: string): Regularizer | undefined {
  const given = optionOf(spec, 'Regularizer');
  return given === undefined ? undefined : regularizer(given, `${layer}: ${optionName(spec, 'Regularizer')}`);
}

export function constraintOf(spec: WeightSpec, layer: string): Bounds | undefined {
  const given = optionOf(spec, 'Constraint');
  if (given === undefined) return undefined;
  const where = `${layer}: ${optionName(spec, 'Constraint')}`;
  const bounds = constraint(given, where);
  if (bounds !== 'nonNeg') neighbouringAxes(bounds.axes, spec.shape.length, where);
  return bounds;
}

/** The first of some axes, and the one behind the last. */
export function neighbouringAxes(axes: readonly number[], rank: number, where: string): [from: number, to: number] {
  const wanted = [...new Set(axes.map((axis) => (axis < 0 ? axis + rank : axis)))].sort((a, b) => a - b);
  const [from = 0] = wanted;
  const to = from + wanted.length;
  const areThere = from >= 0 && to <= rank && wanted.every((axis, i) => axis === from + i);
  if (!areThere) mismatch(`${where}: axis`, `neighbouring axes of a weight of rank ${rank}`, axes.join(', '));
  return [from, to];
}
