import { activation, type ActivationOption } from '../activations/activation.js';
import type { ConstraintOption } from '../constraints/constraint.js';
import type { Layer, LayerOptions, SymbolicTensor } from '../graph/layer.js';
import type { InitializerOption } from '../initializers/initializer.js';
import { flag, forTraining, optional, positiveInteger } from '../options/options.js';
import type { RegularizerOption } from '../regularizers/regularizer.js';
import {
  checkStrides,
  convolutionDefinition,
  windowReaders,
  type ConvolutionConfig,
  type WindowOptions,
} from './convolving.js';
import { makeLayer } from './make-layer.js';

/** Options of a convolution that treats each feature by itself. */
export interface DepthwiseOptions extends LayerOptions, WindowOptions {
  /** How many outputs each feature has. Default 1. */
  depthMultiplier?: number;
  /** Default 'linear'. */
  activation?: ActivationOption;
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

export interface DepthwiseConfig extends ConvolutionConfig {
  readonly depthMultiplier: number;
}

export const depthwiseReaders = {
  depthMultiplier: /* @__PURE__ */ optional(positiveInteger, 1),
  activation: /* @__PURE__ */ optional(activation, 'linear'),
  useBias: /* @__PURE__ */ optional(flag, true),
  depthwiseInitializer: /* @__PURE__ */ forTraining<InitializerOption>('glorotUniform'),
  biasInitializer: /* @__PURE__ */ forTraining<InitializerOption>('zeros'),
  ...windowReaders,
};

export const depthwiseDefinition = /* @__PURE__ */ convolutionDefinition<DepthwiseConfig>(
  'DepthwiseConv1D',
  'depthwiseKernel',
  ({ depthMultiplier }, inputs) => ({ inputs, outputs: inputs * depthMultiplier, groups: inputs }),
  ({ inputs, outputs }) => [inputs, outputs / inputs],
);

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
