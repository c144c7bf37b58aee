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
  const valid = mask === undefined ? map(prediction, () => 1) : validValues(prediction, mask);
  const count = valid.data.reduce((sum, one) => sum + one, 0);
  const share = map(valid, (one) => (one === 0 ? 0 : 1 / count));

  const errors = subtract(prediction, target);
  return {
    value: errors.data.reduce((sum, error, i) => sum + value(error) * share.data[i], 0),
    gradient: map(errors, (error, i) => slope(error) * share.data[i]),
  };
}

/** 1 for every value of a valid step, else 0. */
function validValues(prediction: Tensor, mask: Mask): Tensor {
  const [, time, features] = prediction.shape;
  return map(prediction, (_, i) => {
    const step = Math.floor(i / features);
    return mask[Math.floor(step / time)][step % time] ? 1 : 0;
  });
}
