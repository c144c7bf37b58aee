import { activation, type ActivationName, type ActivationOption } from '../activations/activation.js';
import type { Layer, LayerDefinition, LayerOptions, SymbolicTensor } from '../graph/layer.js';
import { optional, positiveInteger } from '../options/options.js';
import {
  affinePacking,
  affineReaders,
  affineWeights,
  emitActivation,
  emitProduct,
  type AffineConfig,
  type AffineTraining,
} from './affine.js';
import { onlyInput, sameSteps } from './expectations.js';
import { makeLayer } from './make-layer.js';

export interface DenseOptions extends LayerOptions, AffineTraining {
  /** Number of outputs. */
  units: number;
  /** Default 'linear'. */
  activation?: ActivationOption;
  /** Default true. */
  useBias?: boolean;
}

export interface DenseConfig extends AffineConfig {
  readonly units: number;
  readonly activation: ActivationName;
}

export const denseDefinition = {
  className: 'Dense',
  rowByRow: true,
  outputs: ({ units }, call, name) => sameSteps(name, call, onlyInput, units),
  weights: ({ units, useBias }, features) => affineWeights(useBias, [features, units], units),
  packing: ({ units, useBias }, features) => affinePacking(useBias, features, units),
  forward: (context, { units, activation }) => {
    const y = context.result();
    emitProduct(context, context.input(), y, units);
    emitActivation(context, activation, y, y, units);
  },
} satisfies LayerDefinition<DenseConfig>;

/**
 * y = φ(x · kernel + bias), on the last axis: [batch, features] → [batch, units], [batch, time, features] → [batch, time, units].
 * Weights: kernel [features, units], bias [units]. As `keras.layers.Dense`.
 * @throws TypeError for an option that is unknown or out of range.
 */
export function dense(options: DenseOptions): Layer<DenseConfig, SymbolicTensor> {
  return makeLayer(denseDefinition, readers, options);
}

const readers = {
  units: positiveInteger,
  activation: optional(activation, 'linear'),
  ...affineReaders,
};
