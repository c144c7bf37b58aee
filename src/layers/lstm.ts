import { activationCode, elementwiseActivation, type ElementwiseActivation } from '../activations/activation.js';
import type { ForwardContext } from '../graph/context.js';
import type { Layer, SymbolicTensor } from '../graph/layer.js';
import { flag, optional } from '../options/options.js';
import { quad } from '../plan/size.js';
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

const definition = /* @__PURE__ */ recurrentDefinition<LstmConfig>({ className: 'LSTM', forward: emitLstm }, 4, 2);

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
  return makeLayer(definition, readers, options);
}

const readers = {
  ...recurrentReaders,
  recurrentActivation: optional(elementwiseActivation, 'sigmoid'),
  unitForgetBias: optional(flag, true),
};

function emitLstm(context: ForwardContext, config: LstmConfig): void {
  const { units, activation, recurrentActivation } = config;
  const { steps, leading, training } = context;
  const { x, mask } = processedInput(context, config);
  const z = context.scratch('gates', leading, 4 * quad(units));
  emitProduct(context, x, z, 4 * quad(units));

  const h = statePlaces(context, config, 0, 'h');
  const c = statePlaces(context, config, 1, 'c');
  const sequence = sequencePlace(context, config);
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
    context.batch,
    units,
    activationCode(activation),
    activationCode(recurrentActivation),
  );
  emitCopies(context, h);
  emitCopies(context, c);
}
