/**
 * Gradient clipping.                                    Pascanu et al. 2013; Keras 3, optimizers/base_optimizer.py
 *   by value         each element into [−limit, limit]
 *   by norm          each tensor whose norm is above the limit, scaled down to it
 *   by global norm   all tensors, by one factor, if their joint norm is above the limit
 */
import { inner, map, scale, type Tensor, type Tensors } from './tensor.js';

export function clipByValue(gradients: Tensors, limit: number): Tensor[] {
  return gradients.map((gradient) => map(gradient, (value) => Math.min(Math.max(value, -limit), limit)));
}

export function clipByNorm(gradients: Tensors, limit: number): Tensor[] {
  return gradients.map((gradient) => scale(gradient, factor(globalNorm([gradient]), limit)));
}

export function clipByGlobalNorm(gradients: Tensors, limit: number): Tensor[] {
  return gradients.map((gradient) => scale(gradient, factor(globalNorm(gradients), limit)));
}

export function globalNorm(tensors: Tensors): number {
  return Math.sqrt(tensors.reduce((sum, one) => sum + inner(one, one), 0));
}

const factor = (norm: number, limit: number): number => (norm > limit ? limit / norm : 1);
