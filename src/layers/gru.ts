import { activationCode, elementwiseActivation, type ElementwiseActivation } from '../activations/activation.js';
import { Layer, type LayerDefinition, type SymbolicTensor } from '../graph/layer.js';
import type { ForwardContext } from '../graph/context.js';
import type { PackedBlock, PackedPart, Source, WeightSpec } from '../graph/weights.js';
import { fields, flag, optional } from '../options/options.js';
import { batch, quad } from '../plan/size.js';
import { commonOptions, titleOf } from './common.js';
import {
  emitCopies,
  processedInput,
  recurrentBehaviour,
  recurrentFields,
  recurrentOutputs,
  sequencePlace,
  statePlaces,
  type RecurrentConfig,
  type RecurrentOptions,
} from './recurrent.js';

export interface GruOptions extends RecurrentOptions {
  /** Of the gates z and r. Default 'sigmoid'. */
  recurrentActivation?: ElementwiseActivation;
  /** Whether the reset gate works after the recurrent product (cuDNN, PyTorch) or before it (TensorFlow.js). Default true. */
  resetAfter?: boolean;
}

export interface GruConfig extends RecurrentConfig {
  readonly recurrentActivation: ElementwiseActivation;
  readonly resetAfter: boolean;
}

const definition: LayerDefinition<GruConfig> = {
  className: 'GRU',
  baseName: 'gru',
  ...recurrentBehaviour,
  outputs: (config, call, name) => recurrentOutputs(config, call, name, 1),
  weights: gruWeights,
  packing: gruPacking,
  forward: gruForward,
};

/**
 * Gated recurrent unit (Cho et al. 2014), as `keras.layers.GRU`:
 *   z, r = σ(x·W + h·U + b),  h ← z⊙h + (1−z)⊙h̃
 *   h̃ = φ(x·W + b + r⊙(h·U + b')) with `resetAfter`, φ(x·W + (r⊙h)·U + b) without
 * [batch, time, features] → [batch, units], or [batch, time, units] with `returnSequences`; one state, [batch, units].
 * Weights: kernel [features, 3·units], recurrentKernel [units, 3·units], gates in the order z, r, h; bias [2, 3·units] (input,
 * recurrent) with `resetAfter`, else [3·units].
 * @throws TypeError for an option that is unknown or out of range.
 */
export function gru(options: GruOptions & { returnState: true }): Layer<GruConfig, SymbolicTensor[]>;
export function gru(options: GruOptions & { returnState?: false }): Layer<GruConfig, SymbolicTensor>;
export function gru(options: GruOptions): Layer<GruConfig>;
export function gru(options: GruOptions): Layer<GruConfig> {
  const { name, inputShape, batchInputShape, ...config } = fields(options, titleOf(options, 'gru'), {
    ...recurrentFields,
    recurrentActivation: optional(elementwiseActivation, 'sigmoid'),
    resetAfter: optional(flag, true),
  });
  return new Layer(definition, config, commonOptions({ name, inputShape, batchInputShape }), !config.returnState);
}

function gruWeights(config: GruConfig, features: number): WeightSpec[] {
  const { units, useBias, resetAfter } = config;
  const matrices = [
    { name: 'kernel', shape: [features, 3 * units], initializer: config.kernelInitializer },
    { name: 'recurrentKernel', shape: [units, 3 * units], initializer: config.recurrentInitializer },
  ];
  const shape = resetAfter ? [2, 3 * units] : [3 * units];
  return useBias ? [...matrices, { name: 'bias', shape, initializer: config.biasInitializer }] : matrices;
}

/** Two parts: z and r interleaved (their chains go over x and h), and the candidate, whose chains differ with `resetAfter`. */
function gruPacking({ units, useBias, resetAfter }: GruConfig, features: number): PackedBlock[] {
  const gatesOf = (sources: Source[]): PackedPart => ({ sources, units, gates: 2 });
  const candidateOf = (sources: Source[]): PackedPart => ({ sources, units, gates: 1 });
  const both = (weight: string): PackedPart[] => [
    gatesOf([{ weight, row: 0, column: 0 }]),
    candidateOf([{ weight, row: 0, column: 2 * units }]),
  ];
  const biasRows = useBias ? (resetAfter ? [0, 1] : [0]) : [];
  const recurrent = useBias && resetAfter ? [{ weight: 'bias', row: 1, column: 2 * units }] : [];
  return [
    { name: 'kernel', rows: features, transposed: 1, parts: both('kernel') },
    { name: 'recurrentKernel', rows: units, transposed: 1, parts: both('recurrentKernel') },
    {
      name: 'bias',
      rows: 1,
      transposed: 0,
      parts: [
        gatesOf(biasRows.map((row) => ({ weight: 'bias', row, column: 0 }))),
        candidateOf(useBias ? [{ weight: 'bias', row: 0, column: 2 * units }] : []),
      ],
    },
    { name: 'recurrentBias', rows: 1, transposed: 0, parts: [candidateOf(recurrent)] },
  ];
}

function gruForward(context: ForwardContext<GruConfig>): void {
  const { units, activation, recurrentActivation, resetAfter } = context.config;
  const { rows, steps, leading, training } = context;
  const { x, mask } = processedInput(context);
  const z = context.scratch('gates', leading, 3 * quad(units));
  const [kernel, bias] = [context.weights('kernel'), context.weights('bias')];
  context.emit('product', x, x.rowBytes, kernel, bias, z, z.rowBytes, rows, 1, 0, context.features(), z.rowBytes / 4);

  const h = statePlaces(context, 0, 'h');
  const sequence = sequencePlace(context);
  context.emit(
    'gruForward',
    z,
    context.weights('recurrentKernel', 0),
    context.weights('recurrentKernel', 1),
    context.weights('recurrentBias'),
    h.initial,
    sequence ?? 0,
    h.final,
    context.scratch('recurrentPart', training ? leading : [batch], units),
    mask ?? 0,
    steps,
    batch,
    units,
    activationCode(activation),
    activationCode(recurrentActivation),
    resetAfter ? 1 : 0,
    training ? 1 : 0,
  );
  emitCopies(context, h);
}
