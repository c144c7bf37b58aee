/**
 * Trains a chain of layers on one batch again and again, as the golden trajectories do. A step is
 *   the loss and its gradient, with the penalties added; clipping; the optimizer; the constraints
 */
import { chain, type Link } from './chain.js';
import { loss, type Loss } from './losses.js';
import type { Optimizer } from './optimizers.js';
import type { Penalty } from './penalties.js';
import { addAll, zerosLike, type Mask, type Tensor, type Tensors } from './tensor.js';

export interface Training {
  readonly layers: readonly Link[];
  readonly optimizer: Optimizer;
  /** The mean squared error by default. */
  readonly loss?: (prediction: Tensor, target: Tensor, mask: Mask | undefined) => Loss;
  /** For a weight and its number in the chain: a penalty, if it has one. */
  readonly penalty?: (weight: Tensor, number: number) => Penalty | undefined;
  readonly clip?: (gradients: Tensors) => Tensors;
  readonly constrain?: (weights: Tensors) => Tensors;
}

export interface Trained {
  /** Each step's loss, before its update. */
  readonly losses: readonly number[];
  /** After the last step. */
  readonly weights: Tensors;
}

const meanSquaredError: NonNullable<Training['loss']> = (prediction, target, mask) =>
  loss('meanSquaredError', prediction, target, mask);

const unchanged = (all: Tensors): Tensors => all;

export function train(training: Training, weights: Tensors, x: Tensor, target: Tensor, steps: number): Trained {
  const { layers, optimizer, loss: lossOf = meanSquaredError } = training;
  const { penalty = () => undefined, clip = unchanged, constrain = unchanged } = training;
  const losses: number[] = [];
  let current = weights;
  for (let step = 0; step < steps; step++) {
    const pass = chain(layers, current, x);
    const { value, gradient } = lossOf(pass.outputs[0], target, pass.mask);
    const penalties = current.map(penalty);
    losses.push(penalties.reduce((sum, one) => sum + (one?.value ?? 0), value));

    const ofPenalties = current.map((weight, i) => penalties[i]?.gradient ?? zerosLike(weight));
    const gradients = clip(addAll(pass.backward([gradient]).weights, ofPenalties));
    current = constrain(optimizer.step(pass.updatedWeights, gradients));
  }
  return { losses, weights: current };
}
