import { activationCode } from '../activations/activation.js';
import { Layer, type LayerDefinition, type SymbolicTensor } from '../graph/layer.js';
import type { ForwardContext } from '../graph/context.js';
import type { PackedBlock, WeightSpec } from '../graph/weights.js';
import { fields } from '../options/options.js';
import { batch } from '../plan/size.js';
import { commonOptions, titleOf } from './common.js';
import { noWeight, wholeWeight } from './dense.js';
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

const definition: LayerDefinition<RecurrentConfig> = {
  className: 'SimpleRNN',
  baseName: 'simple_rnn',
  ...recurrentBehaviour,
  outputs: (config, call, name) => recurrentOutputs(config, call, name, 1),
  weights: simpleRnnWeights,
  packing: simpleRnnPacking,
  forward: simpleRnnForward,
};

/**
 * The plain recurrent layer (Elman 1990), as `keras.layers.SimpleRNN`: y_t = φ(x_t·W + y_{t−1}·U + b).
 * [batch, time, features] → [batch, units], or [batch, time, units] with `returnSequences`; one state, [batch, units].
 * Weights: kernel [features, units], recurrentKernel [units, units], bias [units].
 * @throws TypeError for an option that is unknown or out of range.
 */
export function simpleRNN(options: RecurrentOptions & { returnState: true }): Layer<RecurrentConfig, SymbolicTensor[]>;
export function simpleRNN(options: RecurrentOptions & { returnState?: false }): Layer<RecurrentConfig, SymbolicTensor>;
export function simpleRNN(options: RecurrentOptions): Layer<RecurrentConfig>;
export function simpleRNN(options: RecurrentOptions): Layer<RecurrentConfig> {
  const { name, inputShape, batchInputShape, ...config } = fields(
    options,
    titleOf(options, 'simple_rnn'),
    recurrentFields,
  );
  return new Layer(definition, config, commonOptions({ name, inputShape, batchInputShape }), !config.returnState);
}

function simpleRnnWeights(config: RecurrentConfig, features: number): WeightSpec[] {
  const { units, useBias } = config;
  const matrices = [
    { name: 'kernel', shape: [features, units], initializer: config.kernelInitializer },
    { name: 'recurrentKernel', shape: [units, units], initializer: config.recurrentInitializer },
  ];
  return useBias ? [...matrices, { name: 'bias', shape: [units], initializer: config.biasInitializer }] : matrices;
}

function simpleRnnPacking({ units, useBias }: RecurrentConfig, features: number): PackedBlock[] {
  return [
    { name: 'kernel', rows: features, transposed: 1, parts: [wholeWeight('kernel', units)] },
    { name: 'recurrentKernel', rows: units, transposed: 1, parts: [wholeWeight('recurrentKernel', units)] },
    { name: 'bias', rows: 1, transposed: 0, parts: [useBias ? wholeWeight('bias', units) : noWeight(units)] },
  ];
}

function simpleRnnForward(context: ForwardContext<RecurrentConfig>): void {
  const { units, activation } = context.config;
  const { rows, steps, leading } = context;
  const { x, mask } = processedInput(context);
  const z = context.scratch('preactivations', leading, units);
  const [kernel, bias] = [context.weights('kernel'), context.weights('bias')];
  context.emit('product', x, x.rowBytes, kernel, bias, z, z.rowBytes, rows, 1, 0, context.features(), units);

  const h = statePlaces(context, 0, 'h');
  const sequence = sequencePlace(context);
  context.emit(
    'simpleRnnForward',
    z,
    context.weights('recurrentKernel'),
    h.initial,
    sequence ?? 0,
    h.final,
    mask ?? 0,
    steps,
    batch,
    units,
    activationCode(activation),
  );
  emitCopies(context, h);
}
