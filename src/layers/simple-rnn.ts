import { activationCode } from '../activations/activation.js';
import type { ForwardContext } from '../graph/context.js';
import type { Layer, SymbolicTensor } from '../graph/layer.js';
import { emitProduct } from './affine.js';
import { makeLayer } from './make-layer.js';
import {
  emitCopies,
  processedInput,
  recurrentDefinition,
  recurrentReaders,
  sequencePlace,
  statePlaces,
  type RecurrentConfig,
  type RecurrentOptions,
} from './recurrent.js';

const definition = /* @__PURE__ */ recurrentDefinition<RecurrentConfig>(
  { className: 'SimpleRNN', forward: emitSimpleRnn },
  1,
  1,
);

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
  return makeLayer(definition, recurrentReaders, options);
}

function emitSimpleRnn(context: ForwardContext, config: RecurrentConfig): void {
  const { units, activation } = config;
  const { x, mask } = processedInput(context, config);
  const z = context.scratch('preactivations', context.leading, units);
  emitProduct(context, x, z, units);

  const h = statePlaces(context, config, 0, 'h');
  const sequence = sequencePlace(context, config);
  context.emit(
    'simpleRnnForward',
    z,
    context.weights('recurrentKernel'),
    h.initial,
    sequence ?? 0,
    h.final,
    mask ?? 0,
    context.steps,
    context.batch,
    units,
    activationCode(activation),
  );
  emitCopies(context, h);
}
