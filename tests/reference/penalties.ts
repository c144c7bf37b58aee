/**
 * Penalties that are added to a loss.                                          Keras 3, regularizers/regularizers.py
 *   l1 Σ |w| + l2 Σ w²          gradient l1 sign(w) + 2 l2 w
 * of a weight, or of a layer's output (activityRegularizer): then divided by the batch (layers/layer.py).
 */
import { map, type Tensor } from './tensor.js';

export interface PenaltyConfig {
  /** 0 by default. (Keras's L1 and L2, given no factor, have 0.01.) */
  readonly l1?: number;
  /** 0 by default. */
  readonly l2?: number;
}

export interface Penalty {
  readonly value: number;
  readonly gradient: Tensor;
}

export function weightPenalty({ l1 = 0, l2 = 0 }: PenaltyConfig, weight: Tensor): Penalty {
  return {
    value: weight.data.reduce((sum, w) => sum + l1 * Math.abs(w) + l2 * w * w, 0),
    gradient: map(weight, (w) => l1 * Math.sign(w) + 2 * l2 * w),
  };
}

export function activityPenalty({ l1 = 0, l2 = 0 }: PenaltyConfig, output: Tensor): Penalty {
  const [batch] = output.shape;
  return weightPenalty({ l1: l1 / batch, l2: l2 / batch }, output);
}
