/**
 * SeparableConv1D: a depthwise convolution without bias, then a pointwise one (kernel size 1) with bias and activation.
 *                                                            Keras 3, layers/convolutional/separable_conv1d.py
 * Weights: depthwise kernel [kernelSize, features, depthMultiplier], pointwise kernel
 * [1, features · depthMultiplier, filters], bias [filters].
 */
import { conv1d } from './conv1d.js';
import { depthwiseConv1d, type DepthwiseConv1dConfig } from './depthwise-conv1d.js';
import type { Cotangents, UnmaskedPass } from './pass.js';
import type { Tensor, Tensors } from './tensor.js';

export interface SeparableConv1dConfig extends DepthwiseConv1dConfig {
  readonly filters: number;
}

export function separableConv1d(config: SeparableConv1dConfig, weights: Tensors, [x]: readonly [Tensor]): UnmaskedPass {
  const { filters, activation = 'linear', useBias = true } = config;
  const depthwise = depthwiseConv1d({ ...config, activation: 'linear', useBias: false }, weights.slice(0, 1), [x]);
  const pointwise = conv1d({ filters, kernelSize: 1, activation, useBias }, weights.slice(1), depthwise.outputs);
  return {
    outputs: pointwise.outputs,
    mask: undefined,
    backward(cotangents: Cotangents<readonly [Tensor]>) {
      const ofPointwise = pointwise.backward(cotangents);
      const ofDepthwise = depthwise.backward(ofPointwise.inputs);
      return { inputs: ofDepthwise.inputs, weights: [...ofDepthwise.weights, ...ofPointwise.weights] };
    },
  };
}
