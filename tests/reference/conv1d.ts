/**
 * Conv1D: each output is a weighted sum over a window of the sequence (windows.ts).
 *                                 Keras 3, layers/convolutional/conv1d.py; causal: van den Oord et al. 2016 (WaveNet)
 *   y(to) = f(b + Σ_tap x(from) · K_tap),     causal, stride 1: from = to − (kernelSize − 1 − tap) · dilationRate
 * With groups, the features and the filters fall into as many equal parts, and a part's filters see only its features.
 * Weights: kernel [kernelSize, features / groups, filters], bias [filters].
 */
import { convolution, type ConvolutionConfig } from './convolution.js';
import type { UnmaskedPass } from './pass.js';
import { checkWeights, type Tensor, type Tensors } from './tensor.js';
import { windows, type Padding } from './windows.js';

export interface Conv1dConfig extends ConvolutionConfig {
  readonly filters: number;
  readonly kernelSize: number;
  /** 1 by default. */
  readonly strides?: number;
  /** valid by default. */
  readonly padding?: Padding;
  /** 1 by default. */
  readonly dilationRate?: number;
  /** 1 by default. */
  readonly groups?: number;
}

export function conv1d(config: Conv1dConfig, weights: Tensors, [x]: readonly [Tensor]): UnmaskedPass {
  const { filters, kernelSize, strides = 1, padding = 'valid', dilationRate = 1, groups = 1, useBias = true } = config;
  const [batch, time, features] = x.shape;
  const [seen, filtersOfGroup] = [features / groups, filters / groups];
  checkWeights('conv1d', weights, [[kernelSize, seen, filters], ...(useBias ? [[filters]] : [])]);

  const { length, taps } = windows(time, { size: kernelSize, strides, padding, dilationRate });
  return convolution(config, weights, x, [batch, length, filters], (visit) => {
    for (let b = 0; b < batch; b++) {
      for (const { to, from, tap } of taps) {
        for (let filter = 0; filter < filters; filter++) {
          const first = Math.floor(filter / filtersOfGroup) * seen;
          for (let feature = 0; feature < seen; feature++) {
            visit(
              (b * length + to) * filters + filter,
              (b * time + from) * features + first + feature,
              (tap * seen + feature) * filters + filter,
            );
          }
        }
      }
    }
  });
}
