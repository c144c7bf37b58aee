import { activationCode, elementwiseActivation, type ElementwiseActivation } from '../activations/activation.js';
import type { ForwardContext } from '../graph/context.js';
import type { Layer, SymbolicTensor } from '../graph/layer.js';
import type { DeclaredWeight, PackedBlock, PackedPart } from '../graph/weights.js';
import { flag, optional } from '../options/options.js';
import { quad } from '../plan/size.js';
import { emitProduct, part } from './affine.js';
import { makeLayer } from './make-layer.js';
import {
  emitCopies,
  processedInput,
  recurrentDefinition,
  recurrentReaders,
  recurrentWeights,
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

const definition = /* @__PURE__ */ recurrentDefinition<GruConfig>(
  { className: 'GRU', forward: emitGru, weights: gruWeights, packing: gruPacking },
  3,
  1,
);

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
  return makeLayer(definition, readers, options);
}

const readers = {
  ...recurrentReaders,
  recurrentActivation: optional(elementwiseActivation, 'sigmoid'),
  resetAfter: optional(flag, true),
};

function gruWeights(config: GruConfig, features: number): DeclaredWeight[] {
  const specs = recurrentWeights(config, features, 3);
  if (!config.resetAfter) return specs;
  return specs.map((spec) => (spec.name === 'bias' ? { ...spec, shape: [2, ...spec.shape] } : spec));
}

/** Two parts: z and r interleaved (their chains go over x and h), and the candidate, whose chains differ with `resetAfter`. */
function gruPacking({ units, useBias, resetAfter }: GruConfig, features: number): PackedBlock[] {
  const gates = (weight: string, rows?: number[]): PackedPart => part(weight, units, 2, 0, rows);
  const candidate = (weight: string, rows?: number[]): PackedPart => part(weight, units, 1, 2 * units, rows);
  const both = (weight: string): PackedPart[] => [gates(weight), candidate(weight)];
  const biases = useBias ? (resetAfter ? [0, 1] : [0]) : [];
  return [
    { name: 'kernel', rows: features, parts: both('kernel') },
    { name: 'recurrentKernel', rows: units, parts: both('recurrentKernel') },
    { name: 'bias', rows: 1, parts: [gates('bias', biases), candidate('bias', biases.slice(0, 1))] },
    { name: 'recurrentBias', rows: 1, parts: [candidate('bias', biases.slice(1))] },
  ];
}

function emitGru(context: ForwardContext, config: GruConfig): void {
  const { units, activation, recurrentActivation, resetAfter } = config;
  const { steps, leading, training } = context;
  const { x, mask } = processedInput(context, config);
  const z = context.scratch('gates', leading, 3 * quad(units));
  emitProduct(context, x, z, 3 * quad(units));

  const h = statePlaces(context, config, 0, 'h');
  const sequence = sequencePlace(context, config);
  context.emit(
    'gruForward',
    z,
    context.weights('recurrentKernel', 0),
    context.weights('recurrentKernel', 1),
    context.weights('recurrentBias'),
    h.initial,
    sequence ?? 0,
    h.final,
    context.scratch('recurrentPart', training ? leading : [context.batch], units),
    mask ?? 0,
    steps,
    context.batch,
    units,
    activationCode(activation),
    activationCode(recurrentActivation),
    resetAfter ? 1 : 0,
    training ? 1 : 0,
  );
  emitCopies(context, h);
}
