import type { ConstraintOption } from '../constraints/constraint.js';
import { Layer, type LayerDefinition, type SymbolicTensor } from '../graph/layer.js';
import type { InitializerOption } from '../initializers/initializer.js';
import { forTraining, positiveInteger } from '../options/options.js';
import { known } from '../plan/known.js';
import type { RegularizerOption } from '../regularizers/regularizer.js';
import { affinePacking, affineWeights } from './affine.js';
import { checkStrides } from './convolving.js';
import { denseDefinition, type DenseConfig } from './dense.js';
import {
  depthwiseDefinition,
  depthwiseReaders,
  type DepthwiseConfig,
  type DepthwiseOptions,
} from './depthwise-conv1d.js';
import { makeLayer } from './make-layer.js';

export interface SeparableConv1DOptions extends DepthwiseOptions {
  /** Number of output channels. */
  filters: number;
  /** Default 'glorotUniform'. */
  pointwiseInitializer?: InitializerOption;
  /** A penalty that is added to the loss. Default: none. */
  pointwiseRegularizer?: RegularizerOption;
  /** What holds after each step of training. Default: none. */
  pointwiseConstraint?: ConstraintOption;
}

export interface SeparableConv1DConfig extends DepthwiseConfig {
  readonly filters: number;
  /** Depthwise, then pointwise: made with the layer. */
  readonly parts?: readonly Layer[];
}

type PointwiseConfig = Omit<DenseConfig, 'kernelInitializer' | 'biasInitializer'>;

const pointwiseKernel = 'pointwiseKernel';

/** A Dense whose kernel is that of a convolution with one tap. */
const pointwiseDefinition: LayerDefinition<PointwiseConfig> = {
  ...denseDefinition,
  weights: ({ units, useBias }, features) => affineWeights(useBias, [1, features, units], units, pointwiseKernel),
  packing: ({ units, useBias }, features) => affinePacking(useBias, features, units, 1, pointwiseKernel),
};

const definition: LayerDefinition<SeparableConv1DConfig> = {
  className: 'SeparableConv1D',
  inside: ({ parts }) => parts ?? [],
  outputs: ({ parts }, { inputs }, name) =>
    (parts ?? []).reduce((tensors, layer) => layer.call(known(tensors[0], name)).outputs, inputs),
};

/**
 * A depthwise convolution without bias, then a pointwise one (of each step by itself) with bias and activation, as
 * `keras.layers.SeparableConv1D` ('causal' is an extension). [batch, time, features] → [batch, steps, filters]; steps, masks
 * and streams as of `conv1d`. Weights: depthwiseKernel [kernelSize, features, depthMultiplier], pointwiseKernel
 * [1, features · depthMultiplier, filters], bias [filters].
 * @throws TypeError for an option that is unknown or out of range, and for strides with dilation.
 */
export function separableConv1d(options: SeparableConv1DOptions): Layer<SeparableConv1DConfig, SymbolicTensor> {
  const readers = {
    filters: positiveInteger,
    ...depthwiseReaders,
    pointwiseInitializer: forTraining<InitializerOption>('glorotUniform'),
  };
  const made = makeLayer<SeparableConv1DConfig>(definition, readers, options);
  const { config } = made;
  checkStrides(made.title, config);
  const depthwise = new Layer(depthwiseDefinition, { ...config, activation: 'linear', useBias: false });
  const pointwise = new Layer(pointwiseDefinition, { ...config, units: config.filters });
  const parts = [depthwise, pointwise] as Layer[];
  // The config is this call's own.
  Object.assign(config, { parts });
  for (const layer of parts) layer.joinComposite(made, '');
  return made;
}
