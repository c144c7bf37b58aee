import type { TrainingKernels } from '../../kernels/generated/kernels.js';
import { optional } from '../../options/options.js';
import type { Parameter } from '../parameters.js';
import { positiveFloat } from './positive-float.js';

/** Limits for gradients, against explosion (Pascanu et al. 2013). At most one may be given. */
export interface ClippingOptions {
  /** Each value of a gradient stays within ± this. */
  readonly clipValue?: number | undefined;
  /** Each weight's gradient is scaled down to this norm. */
  readonly clipNorm?: number | undefined;
  /** All gradients together are scaled down to this norm. */
  readonly globalClipNorm?: number | undefined;
}

export const clippingFields = {
  clipValue: optional(positiveFloat, undefined),
  clipNorm: optional(positiveFloat, undefined),
  globalClipNorm: optional(positiveFloat, undefined),
};

/** Clips the gradients in place; `norm` is their global norm. */
export function clipGradients(
  kernels: TrainingKernels,
  parameters: readonly Parameter[],
  { clipValue, clipNorm, globalClipNorm }: ClippingOptions,
  norm: number,
): void {
  for (const { gradient, count } of parameters) {
    if (clipValue !== undefined) kernels.clipValue(gradient, count, clipValue);
    if (globalClipNorm !== undefined && norm > globalClipNorm) kernels.scale(gradient, count, globalClipNorm / norm);
    if (clipNorm !== undefined) {
      const own = Math.sqrt(kernels.sumOfSquares(gradient, count));
      if (own > clipNorm) kernels.scale(gradient, count, clipNorm / own);
    }
  }
}
