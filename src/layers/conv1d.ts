import { activation, type ActivationName } from '../activations/activation.js';
import { Layer, type LayerDefinition, type LayerOptions, type SymbolicTensor } from '../graph/layer.js';
import type { ForwardContext } from '../graph/context.js';
import type { PackedBlock, WeightSpec } from '../graph/weights.js';
import { initializer, type Initializer, type InitializerOption } from '../initializers/initializer.js';
import { fields, flag, oneOf, optional, positiveInteger, refuse, type Reader } from '../options/options.js';
import { add, batch, multiply } from '../plan/size.js';
import { commonFields, commonOptions, titleOf } from './common.js';
import { emitActivation, noWeight, wholeWeight } from './dense.js';
import { noInitialState, sameSteps, sequenceInput } from './expectations.js';

export interface Conv1DOptions extends LayerOptions {
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
  /** Default 'glorotUniform'. */
  kernelInitializer?: InitializerOption;
  /** Default 'zeros'. */
  biasInitializer?: InitializerOption;
}

export interface Conv1DConfig {
  readonly filters: number;
  readonly kernelSize: number;
  readonly padding: 'causal';
  readonly strides: number;
  readonly dilationRate: number;
  readonly activation: ActivationName;
  readonly useBias: boolean;
  readonly kernelInitializer: Initializer;
  readonly biasInitializer: Initializer;
}

/** Files write lengths along the only axis as one-element arrays too. */
function oneAxis(reader: Reader<number>): Reader<number> {
  return (value, where) => reader(Array.isArray(value) && value.length === 1 ? value[0] : value, where);
}

const definition: LayerDefinition<Conv1DConfig> = {
  className: 'Conv1D',
  baseName: 'conv1d',
  time: (config) => ({ lookahead: 0, history: historyOf(config) }),
  outputs: ({ filters }, call, name) => {
    noInitialState(name, call);
    return [sameSteps(sequenceInput(name, call), filters)];
  },
  weights: conv1dWeights,
  packing: conv1dPacking,
  forward: conv1dForward,
};

/**
 * Causal dilated convolution over time (van den Oord et al. 2016), as `keras.layers.Conv1D` with padding 'causal':
 *   y_t = φ(bias + Σ_j x_{t − (kernelSize − 1 − j)·dilationRate} · kernel_j), steps before the first being zeros
 * [batch, time, features] → [batch, time, filters]. Weights: kernel [kernelSize, features, filters], bias [filters].
 * The input is read in place, never copied into columns.
 * @throws TypeError for an option that is unknown or out of range.
 */
export function conv1d(options: Conv1DOptions): Layer<Conv1DConfig, SymbolicTensor> {
  const { name, inputShape, batchInputShape, ...config } = fields(options, titleOf(options, 'conv1d'), {
    ...commonFields,
    filters: positiveInteger,
    kernelSize: oneAxis(positiveInteger),
    padding: oneOf(['causal']),
    strides: optional(
      oneAxis((value, where) => (value === 1 ? 1 : refuse(where, '1', value))),
      1,
    ),
    dilationRate: optional(oneAxis(positiveInteger), 1),
    activation: optional(activation, 'linear'),
    useBias: optional(flag, true),
    kernelInitializer: optional(initializer, initializer('glorotUniform', 'conv1d')),
    biasInitializer: optional(initializer, initializer('zeros', 'conv1d')),
  });
  return new Layer(definition, config, commonOptions({ name, inputShape, batchInputShape }), true);
}

/** Steps of the past that the window reaches back. */
function historyOf({ kernelSize, dilationRate }: Conv1DConfig): number {
  return (kernelSize - 1) * dilationRate;
}

function conv1dWeights(config: Conv1DConfig, features: number): WeightSpec[] {
  const { kernelSize, filters } = config;
  const kernel = { name: 'kernel', shape: [kernelSize, features, filters], initializer: config.kernelInitializer };
  const bias = { name: 'bias', shape: [filters], initializer: config.biasInitializer };
  return config.useBias ? [kernel, bias] : [kernel];
}

function conv1dPacking({ kernelSize, filters, useBias }: Conv1DConfig, features: number): PackedBlock[] {
  const kernel = wholeWeight('kernel', filters);
  return [
    { name: 'kernel', rows: kernelSize * features, transposed: kernelSize, parts: [kernel] },
    { name: 'bias', rows: 1, transposed: 0, parts: [useBias ? wholeWeight('bias', filters) : noWeight(filters)] },
  ];
}

function conv1dForward(context: ForwardContext<Conv1DConfig>): void {
  const { config, rows } = context;
  const { kernelSize, dilationRate, filters } = config;
  const history = historyOf(config);
  const [x, y, features] = [context.input(), context.result(), context.features()];
  const [kernel, bias] = [context.weights('kernel'), context.weights('bias')];
  if (context.streaming && history > 0) {
    // Room for as many new steps as there is history: then moving the history to the front costs one row a step on average.
    const capacity = history + Math.max(maxChunk, history);
    const state = context.history('history', add(16, multiply(capacity, multiply(batch, x.rowBytes))));
    const { steps } = context;
    context.emit(
      'convStream',
      state,
      x,
      kernel,
      bias,
      y,
      steps,
      batch,
      kernelSize,
      dilationRate,
      features,
      filters,
      capacity,
    );
  } else {
    const stepBytes = multiply(batch, x.rowBytes);
    const oldest = { tensor: x, offset: multiply(-history, stepBytes) };
    const tapStride = multiply(dilationRate, stepBytes);
    context.emit(
      'product',
      oldest,
      x.rowBytes,
      kernel,
      bias,
      y,
      y.rowBytes,
      rows,
      kernelSize,
      tapStride,
      features,
      filters,
    );
  }
  emitActivation(context, config.activation, y, y, filters);
}

/** Sessions never hand over more steps at once. */
const maxChunk = 64;
