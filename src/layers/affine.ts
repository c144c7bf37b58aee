import { activationCode, codeByInput, needsInput, usualSlope, type ActivationName } from '../activations/activation.js';
import type { ForwardContext } from '../graph/context.js';
import type { DeclaredWeight, PackedBlock, PackedPart } from '../graph/weights.js';
import type { ConstraintOption } from '../constraints/constraint.js';
import type { InitializerOption } from '../initializers/initializer.js';
import { flag, forTraining, optional } from '../options/options.js';
import type { PlanTensor } from '../plan/plan.js';
import { multiply } from '../plan/size.js';
import type { RegularizerOption } from '../regularizers/regularizer.js';

/*
 * What layers with a product, φ(x·kernel + bias), share: their weights, how these are packed, the product's step, and the
 * activation behind it.
 */

/** What options say of the training of kernel and bias. */
export interface AffineTraining {
  /** Default 'glorotUniform'. */
  kernelInitializer?: InitializerOption;
  /** Default 'zeros'. */
  biasInitializer?: InitializerOption;
  /** Penalties that are added to the loss. Default: none. */
  kernelRegularizer?: RegularizerOption;
  biasRegularizer?: RegularizerOption;
  /** What holds after each step of training. Default: none. */
  kernelConstraint?: ConstraintOption;
  biasConstraint?: ConstraintOption;
}

/** The part of a config that is about kernel and bias. */
export interface AffineConfig {
  readonly useBias: boolean;
  readonly kernelInitializer: InitializerOption;
  readonly biasInitializer: InitializerOption;
}

export const affineReaders = {
  useBias: optional(flag, true),
  kernelInitializer: forTraining<InitializerOption>('glorotUniform'),
  biasInitializer: forTraining<InitializerOption>('zeros'),
};

/** A kernel of this shape, as a matrix of so many columns, and bias [columns] if the layer has one. */
export function affineWeights(
  useBias: boolean,
  shape: readonly number[],
  columns: number,
  name = 'kernel',
): [DeclaredWeight, ...DeclaredWeight[]] {
  const kernel = { name, shape, columns };
  return useBias ? [kernel, { name: 'bias', shape: [columns] }] : [kernel];
}

/** Panels of kernel (`rows` rows) and bias, `gates` × `units` columns each. */
export function affinePacking(
  useBias: boolean,
  rows: number,
  units: number,
  gates = 1,
  name = 'kernel',
): [PackedBlock, PackedBlock] {
  return [
    { name: 'kernel', rows, parts: [part(name, units, gates)] },
    { name: 'bias', rows: 1, parts: [part('bias', units, gates, 0, useBias ? [0] : [])] },
  ];
}

/** Columns of a weight, `gates` × `units` from `column` on; of several first rows the sum, of none zeros. */
export function part(weight: string, units: number, gates = 1, column = 0, rows: readonly number[] = [0]): PackedPart {
  return { sources: rows.map((row) => ({ weight, row, column })), units, gates };
}

/** y = x·kernel + bias in every row. */
export function emitProduct(context: ForwardContext, x: PlanTensor, y: PlanTensor, columns: number): void {
  const [kernel, bias] = [context.weights('kernel'), context.weights('bias')];
  const { rows } = context;
  context.emit('product', x, x.rowBytes, kernel, bias, y, y.rowBytes, rows, 1, 0, context.features(), columns);
}

/**
 * y = φ(x), in place or not; no step for the identity in place. For the way back what it may need is kept as 'preactivation'.
 * @param alpha of leakyRelu and elu, if it is not the usual one
 */
export function emitActivation(
  context: ForwardContext,
  name: ActivationName,
  x: PlanTensor,
  y: PlanTensor,
  features: number,
  alpha?: number,
): void {
  const rows = context.outputLeading.reduce(multiply);
  if (name === 'softmax' || name === 'logSoftmax') context.emit(name, x, y, rows, features);
  else if (needsInput(name) || alpha !== undefined) {
    const code = codeByInput(name as 'leakyRelu' | 'elu');
    context.emit('activateByInput', code, alpha ?? usualSlope, keepInput(context, x, y, features), y, rows, features);
  } else if (name !== 'linear' || x !== y) context.emit('activate', activationCode(name), x, y, rows, features);
}

/** In training what goes in stays: in place, a copy of it. */
function keepInput(context: ForwardContext, x: PlanTensor, y: PlanTensor, features: number): PlanTensor {
  if (!context.training) return x;
  if (x !== y) return context.keep('preactivation', x);
  const copy = context.scratch('preactivation', context.outputLeading, features);
  context.emit('copy', copy, x, x.bytes);
  return copy;
}
