import { activation, type ActivationName } from '../activations/activation.js';
import type { ConstraintOption } from '../constraints/constraint.js';
import type { Layer, LayerDefinition, LayerOptions, SymbolicTensor } from '../graph/layer.js';
import type { WeightSpec } from '../graph/weights.js';
import type { InitializerOption } from '../initializers/initializer.js';
import { flag, forTraining, optional, positiveInteger } from '../options/options.js';
import type { RegularizerOption } from '../regularizers/regularizer.js';
import {
  checkStrides,
  convolutionPacking,
  convolutionTime,
  emitConvolution,
  windowReaders,
  windowsOf,
  type Channels,
  type WindowConfig,
  type WindowOptions,
} from './convolving.js';
import { sequenceInput } from './expectations.js';
import { makeLayer } from './make-layer.js';
import { otherSteps, windowCount } from './windows.js';

/** Options of a convolution that treats each feature by itself. */
export interface DepthwiseOptions extends LayerOptions, WindowOptions {
  /** How many outputs each feature has. Default 1. */
  depthMultiplier?: number;
  /** Default 'linear'. */
  activation?: ActivationName;
  /** Default true. */
  useBias?: boolean;
  /** Default 'glorotUniform'. */
  depthwiseInitializer?: InitializerOption;
  /** Default 'zeros'. */
  biasInitializer?: InitializerOption;
  /** Penalties that are added to the loss. Default: none. */
  depthwiseRegularizer?: RegularizerOption;
  biasRegularizer?: RegularizerOption;
  /** What holds after each step of training. Default: none. */
  depthwiseConstraint?: ConstraintOption;
  biasConstraint?: ConstraintOption;
}

export type DepthwiseConv1DOptions = DepthwiseOptions;

export interface DepthwiseConfig extends WindowConfig {
  readonly depthMultiplier: number;
  readonly activation: ActivationName;
  readonly useBias: boolean;
}

export const depthwiseReaders = {
  depthMultiplier: /* @__PURE__ */ optional(positiveInteger, 1),
  activation: /* @__PURE__ */ optional(activation, 'linear'),
  useBias: /* @__PURE__ */ optional(flag, true),
  depthwiseInitializer: /* @__PURE__ */ forTraining<InitializerOption>('glorotUniform'),
  biasInitializer: /* @__PURE__ */ forTraining<InitializerOption>('zeros'),
  ...windowReaders,
};

export function depthwiseChannels({ depthMultiplier }: DepthwiseConfig, features: number): Channels {
  return { inputs: features, outputs: features * depthMultiplier, groups: features };
}

export const depthwiseDefinition: LayerDefinition<DepthwiseConfig> = {
  className: 'DepthwiseConv1D',
  baseName: 'depthwise_conv1d',
  time: convolutionTime,
  steps: (config, steps) => windowCount(windowsOf(config), steps),
  outputs: (config, call, name) => {
    const { outputs } = depthwiseChannels(config, sequenceInput(name, call).features);
    return otherSteps(name, call, (steps) => windowCount(windowsOf(config), steps), outputs);
  },
  weights: (config, features) => {
    const { kernelSize, depthMultiplier, useBias } = config;
    const columns = features * depthMultiplier;
    const shape = [kernelSize, features, depthMultiplier];
    const kernel: WeightSpec = { name: 'depthwiseKernel', shape, columns, options: config };
    return useBias ? [kernel, { name: 'bias', shape: [columns], options: config }] : [kernel];
  },
  packing: (config, features) => {
    const { kernelSize, useBias } = config;
    return convolutionPacking('depthwiseKernel', useBias, kernelSize, depthwiseChannels(config, features));
  },
  forward: (context, config) => {
    emitConvolution(context, config, depthwiseChannels(config, context.features()));
  },
};

/**
 * Convolution over time of each feature by itself, as `keras.layers.DepthwiseConv1D` ('causal' is an extension):
 *   y_{j, f·depthMultiplier + m} = φ(bias + Σ_tap x_{j·strides + tap·dilationRate − before, f} · kernel_{tap, f, m})
 * [batch, time, features] → [batch, steps, features · depthMultiplier]; steps, masks and streams as of `conv1d`. Weights:
 * depthwiseKernel [kernelSize, features, depthMultiplier], bias [features · depthMultiplier].
 * @throws TypeError for an option that is unknown or out of range, and for strides with dilation.
 */
export function depthwiseConv1d(options: DepthwiseConv1DOptions): Layer<DepthwiseConfig, SymbolicTensor> {
  const made = makeLayer<DepthwiseConfig>(depthwiseDefinition, depthwiseReaders, options);
  checkStrides(made.title, made.config);
  return made;
}
