/**
 * Trains a chain of layers by the mean squared error, on one batch again and again, as the golden trajectories do.
 */
import { chain, type Link } from './chain.js';
import { loss } from './losses.js';
import type { Optimizer } from './optimizers.js';
import type { Tensor, Tensors } from './tensor.js';

export interface Training {
  readonly layers: readonly Link[];
  readonly optimizer: Optimizer;
  readonly clip?: (gradients: Tensors) => Tensors;
}

export interface Trained {
  /** Each step's loss, before its update. */
  readonly losses: readonly number[];
  /** After the last step. */
  readonly weights: Tensors;
}

export function train(
  { layers, optimizer, clip }: Training,
  weights: Tensors,
  x: Tensor,
  target: Tensor,
  steps: number,
): Trained {
  const losses: number[] = [];
  let current = weights;
  for (let step = 0; step < steps; step++) {
    const pass = chain(layers, current, x);
    const { value, gradient } = loss('meanSquaredError', pass.outputs[0], target);
    losses.push(value);
    const gradients = pass.backward([gradient]).weights;
    current = optimizer.step(current, clip === undefined ? gradients : clip(gradients));
  }
  return { losses, weights: current };
}
