import { activation, type ActivationName } from '../activations/activation.js';
import type { ForwardContext } from '../graph/context.js';
import type { Layer, LayerDefinition, LayerOptions, SymbolicTensor } from '../graph/layer.js';
import { oneOf, optional, positiveInteger, refuse, type Reader } from '../options/options.js';
import { add, multiply } from '../plan/size.js';
import {
  affinePacking,
  affineReaders,
  affineWeights,
  emitActivation,
  emitProduct,
  type AffineConfig,
  type AffineTraining,
} from './affine.js';
import { sameSteps, sequenceInput } from './expectations.js';
import { makeLayer } from './make-layer.js';

export interface Conv1DOptions extends LayerOptions, AffineTraining {
  /** Number of output channels. */
  filters: number;
  /** Length of the window in taps. */
  kernelSize: number | readonly [number];
  /** 'causal': an output sees its own step and earlier ones. The only padding so far, so it must be given (Keras's default is 'valid'). */
  padding: 'causal';
  /** Only 1 so far. Default 1. */
  strides?: 1 | readonly [1];
  /** Steps between the taps. Default 1. */
  dilationRate?: number | readonly [number];
  /** Default 'linear'. */
  activation?: ActivationName;
  /** Default true. */
  useBias?: boolean;
}

export interface Conv1DConfig extends AffineConfig {
  readonly filters: number;
  readonly kernelSize: number;
  readonly padding: 'causal';
  readonly strides: number;
  readonly dilationRate: number;
  readonly activation: ActivationName;
}

const definition: LayerDefinition<Conv1DConfig> = {
  className: 'Conv1D',
  baseName: 'conv1d',
  time: (config) => ({ lookahead: 0, history: historyOf(config) }),
  outputs: ({ filters }, call, name) => sameSteps(name, call, sequenceInput, filters),
  weights: (config, features) => affineWeights(config, config.kernelSize, features, config.filters),
  packing: ({ useBias, kernelSize, filters }, features) =>
    affinePacking(useBias, kernelSize * features, filters, 1, kernelSize),
  forward: emitConvolution,
};

/** Files write lengths along the only axis as one-element arrays too. */
function oneAxis(reader: Reader<number>): Reader<number> {
  return (value, where) => reader(Array.isArray(value) && value.length === 1 ? value[0] : value, where);
}

const readers = {
  filters: positiveInteger,
  kernelSize: oneAxis(positiveInteger),
  padding: oneOf(['causal']),
  strides: optional(
    oneAxis((value, where) => (value === 1 ? 1 : refuse(where, '1', value))),
    1,
  ),
  dilationRate: optional(oneAxis(positiveInteger), 1),
  activation: optional(activation, 'linear'),
  ...affineReaders,
};

/**
 * Causal dilated convolution over time (van den Oord et al. 2016), as `keras.layers.Conv1D` with padding 'causal':
 *   y_t = φ(bias + Σ_j x_{t − (kernelSize − 1 − j)·dilationRate} · kernel_j), steps before the first being zeros
 * [batch, time, features] → [batch, time, filters]. Weights: kernel [kernelSize, features, filters], bias [filters].
 * The input is read in place, never copied into columns.
 * @throws TypeError for an option that is unknown or out of range.
 */
export function conv1d(options: Conv1DOptions): Layer<Conv1DConfig, SymbolicTensor> {
  return makeLayer(definition, readers, options);
}

/** Steps of the past that the window reaches back. */
function historyOf({ kernelSize, dilationRate }: Conv1DConfig): number {
  return (kernelSize - 1) * dilationRate;
}

function emitConvolution(context: ForwardContext, config: Conv1DConfig): void {
  const { kernelSize, dilationRate, filters } = config;
  const history = historyOf(config);
  const [x, y] = [context.input(), context.result()];
  const stepBytes = multiply(context.batch, x.rowBytes);
  if (context.streaming && history > 0) {
    // Room for as many new steps as there is history: then moving the history to the front costs one row a step on average.
    const capacity = history + Math.max(maxChunk, history);
    const state = context.history('history', add(16, multiply(capacity, stepBytes)));
    context.emit(
      'convStream',
      state,
      x,
      context.weights('kernel'),
      context.weights('bias'),
      y,
      context.steps,
      context.batch,
      kernelSize,
      dilationRate,
      context.features(),
      filters,
      capacity,
    );
  } else {
    const oldest = { tensor: x, offset: multiply(-history, stepBytes) };
    emitProduct(context, x, y, filters, oldest, kernelSize, multiply(dilationRate, stepBytes));
  }
  emitActivation(context, config.activation, y, y, filters);
}

/** Sessions never hand over more steps at once. */
const maxChunk = 64;
