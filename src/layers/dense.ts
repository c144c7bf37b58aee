import { activation, activationCode, type ActivationName } from '../activations/activation.js';
import { Layer, type LayerDefinition, type LayerOptions, type SymbolicTensor } from '../graph/layer.js';
import type { ForwardContext } from '../graph/context.js';
import type { PackedBlock, WeightSpec } from '../graph/weights.js';
import { initializer, type Initializer, type InitializerOption } from '../initializers/initializer.js';
import { fields, flag, optional, positiveInteger } from '../options/options.js';
import type { PlanTensor } from '../plan/plan.js';
import { commonFields, commonOptions, titleOf } from './common.js';
import { noInitialState, onlyInput, sameSteps } from './expectations.js';

export interface DenseOptions extends LayerOptions {
  /** Number of outputs. */
  units: number;
  /** Default 'linear'. */
  activation?: ActivationName;
  /** Default true. */
  useBias?: boolean;
  /** Default 'glorotUniform'. */
  kernelInitializer?: InitializerOption;
  /** Default 'zeros'. */
  biasInitializer?: InitializerOption;
}

export interface DenseConfig {
  readonly units: number;
  readonly activation: ActivationName;
  readonly useBias: boolean;
  readonly kernelInitializer: Initializer;
  readonly biasInitializer: Initializer;
}

export const denseDefinition: LayerDefinition<DenseConfig> = {
  className: 'Dense',
  baseName: 'dense',
  time: () => ({ lookahead: 0, history: 0 }),
  outputs: ({ units }, call, name) => {
    noInitialState(name, call);
    return [sameSteps(onlyInput(name, call), units)];
  },
  weights: denseWeights,
  packing: densePacking,
  forward: (context) => {
    const { units } = context.config;
    const x = context.input();
    const y = context.result();
    const [kernel, bias] = [context.weights('kernel'), context.weights('bias')];
    context.emit('product', x, x.rowBytes, kernel, bias, y, y.rowBytes, context.rows, 1, 0, context.features(), units);
    emitActivation(context, context.config.activation, y, y, units);
  },
};

/**
 * y = φ(x · kernel + bias), on the last axis: [batch, features] → [batch, units], [batch, time, features] → [batch, time, units].
 * Weights: kernel [features, units], bias [units]. As `keras.layers.Dense`.
 * @throws TypeError for an option that is unknown or out of range.
 */
export function dense(options: DenseOptions): Layer<DenseConfig, SymbolicTensor> {
  const { name, inputShape, batchInputShape, ...config } = fields(options, titleOf(options, 'dense'), {
    ...commonFields,
    units: positiveInteger,
    activation: optional(activation, 'linear'),
    useBias: optional(flag, true),
    kernelInitializer: optional(initializer, initializer('glorotUniform', 'dense')),
    biasInitializer: optional(initializer, initializer('zeros', 'dense')),
  });
  return new Layer(denseDefinition, config, commonOptions({ name, inputShape, batchInputShape }), true);
}

function denseWeights(config: DenseConfig, features: number): WeightSpec[] {
  const kernel = { name: 'kernel', shape: [features, config.units], initializer: config.kernelInitializer };
  const bias = { name: 'bias', shape: [config.units], initializer: config.biasInitializer };
  return config.useBias ? [kernel, bias] : [kernel];
}

function densePacking({ units, useBias }: DenseConfig, features: number): PackedBlock[] {
  return [
    { name: 'kernel', rows: features, transposed: 1, parts: [wholeWeight('kernel', units)] },
    { name: 'bias', rows: 1, transposed: 0, parts: [useBias ? wholeWeight('bias', units) : noWeight(units)] },
  ];
}

/** All columns of a weight, in their order. */
export function wholeWeight(weight: string, units: number): PackedBlock['parts'][number] {
  return { sources: [{ weight, row: 0, column: 0 }], units, gates: 1 };
}

/** Zeros, where a layer has no bias. */
export function noWeight(units: number, gates = 1): PackedBlock['parts'][number] {
  return { sources: [], units, gates };
}

/** y = φ(x), in place or not; no step for the identity in place. */
export function emitActivation(
  context: ForwardContext<unknown>,
  name: ActivationName,
  x: PlanTensor,
  y: PlanTensor,
  features: number,
): void {
  if (name === 'softmax') context.emit('softmax', x, y, context.rows, features);
  else if (name !== 'linear' || x !== y) context.emit('activate', activationCode(name), x, y, context.rows, features);
}
