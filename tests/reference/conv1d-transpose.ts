/**
 * Conv1DTranspose: each input adds a window to the output, `strides` steps after the one before.
 *                        Zeiler et al. 2010; Keras 3, layers/convolutional/base_conv_transpose.py, and for what is cut
 *                        off and how long the output is: backend/common/backend_utils.py
 *   y(from · strides + tap · dilationRate − cut) gets x(from) · K_tap,  then bias and activation
 * With span = (kernelSize − 1) · dilationRate + 1, which Keras calls the kernel size there, the output has
 *   valid   (time − 1) · strides + max(span, strides) steps, cut = 0;       outputPadding: … + span + outputPadding
 *   same    time · strides steps, of which half the surplus is cut;         outputPadding: (time − 1) · strides + …
 * Weights: kernel [kernelSize, filters, features] (filters first), bias [filters].
 */
import { convolution, type ConvolutionConfig } from './convolution.js';
import type { UnmaskedPass } from './pass.js';
import { checkWeights, type Tensor, type Tensors } from './tensor.js';

export interface Conv1dTransposeConfig extends ConvolutionConfig {
  readonly filters: number;
  readonly kernelSize: number;
  /** 1 by default. */
  readonly strides?: number;
  /** valid by default. */
  readonly padding?: 'valid' | 'same';
  /** Less than strides; by default what the lengths above say. */
  readonly outputPadding?: number | undefined;
  /** 1 by default. */
  readonly dilationRate?: number;
}

export function conv1dTranspose(config: Conv1dTransposeConfig, weights: Tensors, [x]: readonly [Tensor]): UnmaskedPass {
  const { filters, kernelSize, strides = 1, dilationRate = 1, useBias = true } = config;
  const [batch, time, features] = x.shape;
  checkWeights('conv1dTranspose', weights, [[kernelSize, filters, features], ...(useBias ? [[filters]] : [])]);

  const { length, cut } = extent(time, config);
  return convolution(config, weights, x, [batch, length, filters], (visit) => {
    for (let b = 0; b < batch; b++) {
      for (let from = 0; from < time; from++) {
        for (let tap = 0; tap < kernelSize; tap++) {
          const to = from * strides + tap * dilationRate - cut;
          if (to < 0 || to >= length) continue;
          for (let filter = 0; filter < filters; filter++) {
            for (let feature = 0; feature < features; feature++) {
              visit(
                (b * length + to) * filters + filter,
                (b * time + from) * features + feature,
                (tap * filters + filter) * features + feature,
              );
            }
          }
        }
      }
    }
  });
}

/** The length of the output, and how many steps are cut off before it. */
function extent(time: number, config: Conv1dTransposeConfig): { readonly length: number; readonly cut: number } {
  const { kernelSize, strides = 1, padding = 'valid', outputPadding, dilationRate = 1 } = config;
  const span = (kernelSize - 1) * dilationRate + 1;
  const upToLast = (time - 1) * strides;
  if (time === 0) return { length: 0, cut: 0 };
  if (padding === 'valid') return { length: upToLast + span + (outputPadding ?? Math.max(strides - span, 0)), cut: 0 };

  const length = outputPadding === undefined ? time * strides : upToLast + (span % 2) + outputPadding;
  // Of the span − 1 steps that a window reaches beyond its first, `kept` stay on the left.
  const padded = outputPadding === undefined ? strides + span - 2 : span + (span % 2) - 2 + outputPadding;
  const kept = Math.min(Math.ceil(padded / 2), span - 1);
  return { length, cut: span - 1 - kept };
}
