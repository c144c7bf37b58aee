/**
 * Losses, their mean and its gradient.                                Keras 3, losses/losses.py, losses/loss.py
 *   mean squared error    mean of (ŷ − y)²        gradient 2 (ŷ − y) / n
 *   mean absolute error   mean of |ŷ − y|         gradient sign(ŷ − y) / n, 0 where they are equal
 * n is the number of values. With a mask only valid steps count, in the sum and in n (Keras multiplies the mask by
 * total / valid and then takes the mean over all: the same). Without a valid step the loss is 0.
 */
import { checkShape, map, subtract, type Mask, type Tensor } from './tensor.js';

export type LossName = 'meanSquaredError' | 'meanAbsoluteError';

export interface Loss {
  readonly value: number;
  /** With respect to the prediction. */
  readonly gradient: Tensor;
}

const functions: Readonly<Record<LossName, { value: (error: number) => number; slope: (error: number) => number }>> = {
  meanSquaredError: { value: (error) => error * error, slope: (error) => 2 * error },
  meanAbsoluteError: { value: Math.abs, slope: Math.sign },
};

export function loss(name: LossName, prediction: Tensor, target: Tensor, mask?: Mask): Loss {
  checkShape('target', target, prediction.shape);
  const { value, slope } = functions[name];
  const valid = validValues(prediction, mask);
  const count = valid.filter(Boolean).length;
  const errors = subtract(prediction, target);
  return {
    value: errors.data.reduce((sum, error, i) => sum + (valid[i] ? value(error) / count : 0), 0),
    gradient: map(errors, (error, i) => (valid[i] ? slope(error) / count : 0)),
  };
}

/** For each value whether its step is valid. */
function validValues({ shape, data }: Tensor, mask: Mask | undefined): boolean[] {
  if (mask === undefined) return Array.from(data, () => true);
  const [, time, features] = shape;
  return Array.from(data, (_, i) => {
    const step = Math.floor(i / features);
    return mask[Math.floor(step / time)][step % time];
  });
}
