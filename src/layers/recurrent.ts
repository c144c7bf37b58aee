import { elementwiseActivation, type ElementwiseActivation } from '../activations/activation.js';
import type { ForwardContext } from '../graph/context.js';
import type { Call, LayerDefinition, LayerOptions, OutputSpec } from '../graph/layer.js';
import { printShape } from '../graph/shape.js';
import type { DeclaredWeight, PackedBlock } from '../graph/weights.js';
import type { ConstraintOption } from '../constraints/constraint.js';
import type { InitializerOption } from '../initializers/initializer.js';
import { flag, forTraining, mismatch, optional, positiveInteger, rate, refuse } from '../options/options.js';
import type { PlanTensor } from '../plan/plan.js';
import { batch, multiply } from '../plan/size.js';
import type { RegularizerOption } from '../regularizers/regularizer.js';
import { affinePacking, affineReaders, affineWeights, part, type AffineConfig, type AffineTraining } from './affine.js';
import { sequenceInput } from './expectations.js';

/** Options that SimpleRNN, LSTM and GRU share; defaults are Keras 3's. */
export interface RecurrentOptions extends LayerOptions, AffineTraining {
  /** Number of units: the length of the state h. */
  units: number;
  /** One whose slope follows from its output, which is all that a cell keeps: not 'gelu', 'silu' and their like. Default 'tanh'. */
  activation?: ElementwiseActivation;
  /** Default true. */
  useBias?: boolean;
  /** Default 'orthogonal'. */
  recurrentInitializer?: InitializerOption;
  /** A penalty that is added to the loss. Default: none. */
  recurrentRegularizer?: RegularizerOption;
  /** What holds after each step of training. Default: none. */
  recurrentConstraint?: ConstraintOption;
  /** Whether the output is [batch, time, units] instead of the last step's [batch, units]. Default false. */
  returnSequences?: boolean;
  /** Whether the final states are outputs too. Default false. */
  returnState?: boolean;
  /** Whether the input is read from its last step to its first; outputs then come in that order. Default false. */
  goBackwards?: boolean;
  /** Whether each run starts from the states that the run before ended with, until `model.resetStates()`. Default false. */
  stateful?: boolean;
  /**
   * Share of the inputs to drop in training, the same at every step of a sequence (Gal & Ghahramani 2016). For all gates
   * alike; with `recurrentDropout`, LSTM and GRU choose for each gate (Keras 3). Default 0.
   */
  dropout?: number;
  /** Share of the state to drop in training where it enters the recurrent product, likewise. Default 0. */
  recurrentDropout?: number;
}

export interface RecurrentConfig extends AffineConfig {
  readonly units: number;
  readonly activation: ElementwiseActivation;
  readonly recurrentInitializer: InitializerOption;
  readonly returnSequences: boolean;
  readonly returnState: boolean;
  readonly goBackwards: boolean;
  readonly stateful: boolean;
  readonly dropout: number;
  readonly recurrentDropout: number;
}

/** Readers of the shared options. */
export const recurrentReaders = {
  ...affineReaders,
  units: positiveInteger,
  activation: optional(elementwiseActivation, 'tanh'),
  recurrentInitializer: forTraining<InitializerOption>('orthogonal'),
  returnSequences: optional(flag, false),
  returnState: optional(flag, false),
  goBackwards: optional(flag, false),
  stateful: optional(flag, false),
  dropout: optional(rate, 0),
  recurrentDropout: optional(rate, 0),
};

/** A kind of recurrent layer: how many gates and states it has, its forward steps, and what else is its own. */
export function recurrentDefinition<C extends RecurrentConfig>(
  own: Pick<LayerDefinition<C>, 'className' | 'forward'> & Partial<LayerDefinition<C>>,
  gates: number,
  states: number,
): LayerDefinition<C> {
  return {
    needsWhole: ({ goBackwards }) => goBackwards,
    isStateful: ({ stateful }) => stateful,
    givesList: ({ returnState }) => returnState,
    outputs: (config, call, name) => recurrentOutputs(config, call, name, states),
    weights: (config, features) => recurrentWeights(config, features, gates),
    packing: (config, features) => recurrentPacking(config, features, gates),
    ...own,
  };
}

/** kernel [features, gates · units], recurrentKernel [units, gates · units], bias. */
export function recurrentWeights(
  { units, useBias }: RecurrentConfig,
  features: number,
  gates: number,
): DeclaredWeight[] {
  const columns = gates * units;
  const [kernel, ...bias] = affineWeights(useBias, [features, columns], columns);
  return [kernel, { name: 'recurrentKernel', shape: [units, columns] }, ...bias];
}

/** All gates interleaved, of a layer whose gates are all computed alike. */
function recurrentPacking({ units, useBias }: RecurrentConfig, features: number, gates: number): PackedBlock[] {
  const [kernel, bias] = affinePacking(useBias, features, units, gates);
  const recurrentKernel = part('recurrentKernel', units, gates);
  return [kernel, { name: 'recurrentKernel', rows: units, parts: [recurrentKernel] }, bias];
}

/** Checks a recurrent layer's call; gives the outputs: the sequence or the last step, then the states if asked for. */
function recurrentOutputs(config: RecurrentConfig, call: Call, name: string, states: number): OutputSpec[] {
  const { units, returnSequences, returnState } = config;
  const x = sequenceInput(name, call);
  const { initialState } = call;
  if (initialState.length !== 0 && initialState.length !== states) {
    mismatch(name, `${states} initial state(s)`, initialState.length);
  }
  for (const state of initialState) {
    if (state.shape.length !== 2 || state.features !== units || state.dtype !== 'float32') {
      mismatch(name, `initial states of shape [batch, ${units}]`, printShape(state.shape, ['batch']));
    }
  }
  if (config.stateful && x.batch !== batch) refuse(`${name}: stateful`, 'false inside of TimeDistributed', true);
  const [batchSize = null, time = null] = x.shape;
  const last: OutputSpec = { shape: [batchSize, units], time: null, batch: x.batch };
  const sequence: OutputSpec = { ...last, shape: [batchSize, time, units], time: x.time, mask: call.mask };
  const output = returnSequences ? sequence : last;
  return returnState ? [output, ...Array.from({ length: states }, () => last)] : [output];
}

/** The input and its mask in the order in which the steps are taken. */
export function processedInput(
  context: ForwardContext,
  { goBackwards }: RecurrentConfig,
): { x: PlanTensor; mask: PlanTensor | null } {
  const [x, mask] = [context.input(), context.mask];
  if (!goBackwards) return { x, mask };
  const reversed = context.scratch('reversed', context.leading, context.features());
  context.emit('reverseTime', x, reversed, context.steps, multiply(context.batch, x.rowBytes), 0);
  if (mask === null) return { x: reversed, mask };
  const target = context.scratchMask('reversedMask');
  context.emit('reverseTime', mask, target, context.steps, multiply(context.batch, 4), 0);
  return { x: reversed, mask: target };
}

/** Where a recurrent pass finds a state and where it leaves it. */
export interface StatePlaces {
  readonly initial: PlanTensor;
  readonly final: PlanTensor;
  /** Other places that want the final state. */
  readonly copies: readonly PlanTensor[];
}

/**
 * Finds places for state number `index` (h: 0, LSTM's c: 1) and emits what fills the initial one: a session's state,
 * the initial state that the layer was called with, or zeros.
 */
export function statePlaces(
  context: ForwardContext,
  { units, returnSequences, returnState }: RecurrentConfig,
  index: number,
  name: string,
): StatePlaces {
  const carried = context.state(name, units);
  const given = context.streaming ? null : context.initialState(index);
  const wanted = [
    carried,
    index === 0 && !returnSequences ? context.output() : null,
    returnState ? context.output(1 + index) : null,
  ].filter((tensor) => tensor !== null);
  const [final = context.scratch(`${name}Final`, [context.batch], units), ...copies] = wanted;
  if (given === null && carried !== null && !context.training) return { initial: carried, final, copies };

  const initial = context.scratch(`${name}Initial`, [context.batch], units);
  if (given !== null) {
    // Through importRows, which flushes what is below 2^-100: states are never subnormal, wherever they come from.
    context.emit('importRows', given, initial, context.batch, 1, initial.rowBytes / 4);
  } else if (carried !== null) {
    context.emit('copy', initial, carried, initial.bytes);
  } else {
    context.emit('zero', initial, initial.bytes);
  }
  return { initial, final, copies };
}

/** Emits the copies of a final state that other outputs want. */
export function emitCopies(context: ForwardContext, places: StatePlaces): void {
  for (const copy of places.copies) context.emit('copy', copy, places.final, copy.bytes);
}

/** The tensor for every step's h: the output, or in training one of the call's own; null when nobody needs it. */
export function sequencePlace(context: ForwardContext, { units, returnSequences }: RecurrentConfig): PlanTensor | null {
  const output = returnSequences ? context.output() : null;
  if (output === null) return context.training ? context.scratch('sequence', context.leading, units) : null;
  context.keep('sequence', output);
  return output;
}
