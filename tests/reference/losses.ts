/**
 * Losses of differences, their mean and its gradient.                              Keras 3, losses/losses.py
 *   mean squared error    of a row, the mean of (ŷ − y)²        gradient 2 (ŷ − y) / features
 *   mean absolute error   of a row, the mean of |ŷ − y|         gradient sign(ŷ − y) / features, 0 where they are equal
 * How rows become one number: loss-reduction.ts.
 */
import { reduceRows, type Loss } from './loss-reduction.js';
import { checkShape, type Mask, type Tensor } from './tensor.js';

export type { Loss } from './loss-reduction.js';

export type LossName = 'meanSquaredError' | 'meanAbsoluteError';

const functions: Readonly<Record<LossName, { value: (error: number) => number; slope: (error: number) => number }>> = {
  meanSquaredError: { value: (error) => error * error, slope: (error) => 2 * error },
  meanAbsoluteError: { value: Math.abs, slope: Math.sign },
};

export function loss(name: LossName, prediction: Tensor, target: Tensor, mask?: Mask, sampleWeight?: Tensor): Loss {
  checkShape('target', target, prediction.shape);
  const { value, slope } = functions[name];
  return reduceRows(prediction, { mask, sampleWeight }, (row, number) => {
    const errors = Array.from(row, (predicted, i) => predicted - target.data[number * row.length + i]);
    return {
      value: errors.reduce((sum, error) => sum + value(error), 0) / row.length,
      gradient: errors.map((error) => slope(error) / row.length),
    };
  });
}
