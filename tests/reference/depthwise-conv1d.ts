/**
 * DepthwiseConv1D: each feature by itself, with depthMultiplier filters of its own.
 *                                                            Keras 3, layers/convolutional/depthwise_conv1d.py
 *   y(to, feature · depthMultiplier + m) = f(b + Σ_tap x(from, feature) · K(tap, feature, m))
 * Weights: kernel [kernelSize, features, depthMultiplier], bias [features · depthMultiplier].
 * Keras knows the paddings valid and same; causal is an extension.
 */
import { convolution, type ConvolutionConfig } from './convolution.js';
import type { UnmaskedPass } from './pass.js';
import { checkWeights, type Tensor, type Tensors } from './tensor.js';
import { windows, type Padding } from './windows.js';

export interface DepthwiseConv1dConfig extends ConvolutionConfig {
  readonly kernelSize: number;
  /** 1 by default. */
  readonly depthMultiplier?: number;
  /** 1 by default. */
  readonly strides?: number;
  /** valid by default. */
  readonly padding?: Padding;
  /** 1 by default. */
  readonly dilationRate?: number;
}

export function depthwiseConv1d(config: DepthwiseConv1dConfig, weights: Tensors, [x]: readonly [Tensor]): UnmaskedPass {
  const { kernelSize, depthMultiplier = 1, strides = 1, padding = 'valid', dilationRate = 1, useBias = true } = config;
  const [batch, time, features] = x.shape;
  const filters = features * depthMultiplier;
  checkWeights('depthwiseConv1d', weights, [[kernelSize, features, depthMultiplier], ...(useBias ? [[filters]] : [])]);

  const { length, taps } = windows(time, { size: kernelSize, strides, padding, dilationRate });
  return convolution(config, weights, x, [batch, length, filters], (visit) => {
    for (let b = 0; b < batch; b++) {
      for (const { to, from, tap } of taps) {
        for (let filter = 0; filter < filters; filter++) {
          const feature = Math.floor(filter / depthMultiplier);
          visit((b * length + to) * filters + filter, (b * time + from) * features + feature, tap * filters + filter);
        }
      }
    }
  });
}
