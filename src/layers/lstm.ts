import { activationCode, elementwiseActivation, type ElementwiseActivation } from '../activations/activation.js';
import { Layer, type LayerDefinition, type SymbolicTensor } from '../graph/layer.js';
import type { ForwardContext } from '../graph/context.js';
import type { PackedBlock, PackedPart, WeightSpec } from '../graph/weights.js';
import { fields, flag, optional } from '../options/options.js';
import { batch, quad } from '../plan/size.js';
import { commonOptions, titleOf } from './common.js';
import { noWeight } from './dense.js';
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

export interface LstmOptions extends RecurrentOptions {
  /** Of the gates i, f and o. Default 'sigmoid'. */
  recurrentActivation?: ElementwiseActivation;
  /** Whether the forget gate's bias starts at 1 (Jozefowicz et al. 2015). Default true. */
  unitForgetBias?: boolean;
}

export interface LstmConfig extends RecurrentConfig {
  readonly recurrentActivation: ElementwiseActivation;
  readonly unitForgetBias: boolean;
}

const gates = 4;

const definition: LayerDefinition<LstmConfig> = {
  className: 'LSTM',
  baseName: 'lstm',
  ...recurrentBehaviour,
  outputs: (config, call, name) => recurrentOutputs(config, call, name, 2),
  weights: lstmWeights,
  packing: lstmPacking,
  forward: lstmForward,
};

/**
 * Long short-term memory (Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 2000), as `keras.layers.LSTM`:
 *   i, f, o = σ(x·W + h·U + b),  c̃ = φ(x·W + h·U + b),  c ← f⊙c + i⊙c̃,  h ← o⊙φ(c)
 * [batch, time, features] → [batch, units], or [batch, time, units] with `returnSequences`; states h and c, each [batch, units].
 * Weights: kernel [features, 4·units], recurrentKernel [units, 4·units], bias [4·units], gates in the order i, f, c, o.
 * @throws TypeError for an option that is unknown or out of range.
 */
export function lstm(options: LstmOptions & { returnState: true }): Layer<LstmConfig, SymbolicTensor[]>;
export function lstm(options: LstmOptions & { returnState?: false }): Layer<LstmConfig, SymbolicTensor>;
export function lstm(options: LstmOptions): Layer<LstmConfig>;
export function lstm(options: LstmOptions): Layer<LstmConfig> {
  const { name, inputShape, batchInputShape, ...config } = fields(options, titleOf(options, 'lstm'), {
    ...recurrentFields,
    recurrentActivation: optional(elementwiseActivation, 'sigmoid'),
    unitForgetBias: optional(flag, true),
  });
  return new Layer(definition, config, commonOptions({ name, inputShape, batchInputShape }), !config.returnState);
}

function lstmWeights(config: LstmConfig, features: number): WeightSpec[] {
  const { units, useBias, biasInitializer: base } = config;
  const biasInitializer = config.unitForgetBias ? ({ kind: 'unitForget', base } as const) : base;
  const matrices = [
    { name: 'kernel', shape: [features, gates * units], initializer: config.kernelInitializer },
    { name: 'recurrentKernel', shape: [units, gates * units], initializer: config.recurrentInitializer },
  ];
  return useBias ? [...matrices, { name: 'bias', shape: [gates * units], initializer: biasInitializer }] : matrices;
}

function lstmPacking({ units, useBias }: LstmConfig, features: number): PackedBlock[] {
  const allGates = (weight: string): PackedPart => ({ sources: [{ weight, row: 0, column: 0 }], units, gates });
  return [
    { name: 'kernel', rows: features, transposed: 1, parts: [allGates('kernel')] },
    { name: 'recurrentKernel', rows: units, transposed: 1, parts: [allGates('recurrentKernel')] },
    { name: 'bias', rows: 1, transposed: 0, parts: [useBias ? allGates('bias') : noWeight(units, gates)] },
  ];
}

function lstmForward(context: ForwardContext<LstmConfig>): void {
  const { units, activation, recurrentActivation } = context.config;
  const { rows, steps, leading, training } = context;
  const { x, mask } = processedInput(context);
  const z = context.scratch('gates', leading, gates * quad(units));
  const [kernel, bias] = [context.weights('kernel'), context.weights('bias')];
  context.emit('product', x, x.rowBytes, kernel, bias, z, z.rowBytes, rows, 1, 0, context.features(), z.rowBytes / 4);

  const h = statePlaces(context, 0, 'h');
  const c = statePlaces(context, 1, 'c');
  const sequence = sequencePlace(context);
  const cells = training ? context.scratch('cells', leading, units) : 0;
  const activatedCells = training ? context.scratch('activatedCells', leading, units) : 0;
  context.emit(
    'lstmForward',
    z,
    context.weights('recurrentKernel'),
    h.initial,
    c.initial,
    sequence ?? 0,
    h.final,
    cells,
    c.final,
    activatedCells,
    mask ?? 0,
    steps,
    batch,
    units,
    activationCode(activation),
    activationCode(recurrentActivation),
  );
  emitCopies(context, h);
  emitCopies(context, c);
}
