import { Layer, type LayerDefinition, type LayerOptions, type SymbolicTensor } from '../graph/layer.js';
import { mismatch, oneOf, optional, refuse, type Reader } from '../options/options.js';
import { known } from '../plan/known.js';
import { concatenate } from './concatenate.js';
import { makeLayer } from './make-layer.js';
import { add, average, multiplied } from './merging.js';
import type { RecurrentConfig } from './recurrent.js';
import { reverse } from './reverse.js';
import { replaceMasked } from './replace-masked.js';

/** How both directions' outputs become one; null: they stay two. */
export type MergeMode = 'concat' | 'sum' | 'mul' | 'ave' | null;

export interface BidirectionalOptions extends LayerOptions {
  /** A recurrent layer, used nowhere else: the direction forward. */
  layer: Layer<RecurrentConfig, SymbolicTensor> | Layer<RecurrentConfig, SymbolicTensor[]> | Layer<RecurrentConfig>;
  /** The other direction. Default: a layer like `layer`; one of the two has `goBackwards`, all else is as with `layer`. */
  backwardLayer?: BidirectionalOptions['layer'];
  /** Default 'concat'. */
  mergeMode?: MergeMode;
}

export interface BidirectionalConfig {
  readonly layer: Layer<RecurrentConfig>;
  readonly backwardLayer: Layer<RecurrentConfig> | undefined;
  readonly mergeMode: MergeMode;
}

const mergers = {
  concat: concatenate,
  sum: add,
  mul: multiplied,
  ave: average,
} as const;

const definition: LayerDefinition<BidirectionalConfig> = {
  className: 'Bidirectional',
  // While the options are read there is one that is given, or none yet.
  inside: ({ layer, backwardLayer }) => [layer, ...(backwardLayer === undefined ? [] : [backwardLayer])] as Layer[],
  givesList: ({ layer, mergeMode }) => layer.config.returnState || mergeMode === null,
  outputs: ({ layer, backwardLayer, mergeMode }, { inputs, initialState, mask }, name) => {
    const half = initialState.length / 2;
    if (!Number.isInteger(half)) mismatch(name, 'initial states for both directions', initialState.length);
    const run = (one: Layer<RecurrentConfig>, states: readonly SymbolicTensor[]): SymbolicTensor[] => {
      const { config } = one;
      const call = { ...(states.length > 0 && { initialState: states }), ...(mask !== null && { mask }) };
      const [sequence, ...finals] = one.call(inputs, call).outputs;
      let output = known(sequence, 'an output');
      if (config.returnSequences && config.goBackwards) output = reverse().apply(output);
      if (config.returnSequences && mask !== null) output = replaceMasked(0).apply(output, { mask });
      return [output, ...finals];
    };
    const [one, ...ones] = run(layer, initialState.slice(0, half));
    const [other, ...others] = run(known(backwardLayer, 'a backward layer'), initialState.slice(half));
    let both = [known(one, 'an output'), known(other, 'an output')];
    // As they are here, step t stands at t; Keras turns the second around, and it alone.
    if (layer.config.returnSequences && layer.config.goBackwards) both = both.map((y) => reverse().apply(y));
    return [...(mergeMode === null ? both : [mergers[mergeMode]().apply(both)]), ...ones, ...others];
  },
};

const recurrentLayer: Reader<Layer<RecurrentConfig>> = (value, where) =>
  value instanceof Layer && Object.hasOwn(value.config as object, 'goBackwards')
    ? (value as Layer<RecurrentConfig>)
    : refuse(where, 'a recurrent layer', value instanceof Layer ? value.definition.className : value);

const mergeMode: Reader<MergeMode> = (value, where) =>
  value === null ? null : oneOf(['concat', 'sum', 'mul', 'ave'])(value, where);

/**
 * A recurrent layer in both directions (Schuster & Paliwal 1997), as `keras.layers.Bidirectional`: the second
 * layer's sequence is turned around, then both are merged. [batch, time, features] → [batch, time, 2 · units] with `concat` and
 * `returnSequences`; a masked step gives 0. Initial states: those of the forward direction, then of the backward one; final
 * states (with `returnState`) likewise. Weights: those of forward_…, then of backward_….
 * @throws TypeError for an option that is unknown or out of range, or two layers that do not fit, Error when a layer is in use already.
 */
export function bidirectional(
  options: BidirectionalOptions & ({ mergeMode: null } | { layer: Layer<RecurrentConfig, SymbolicTensor[]> }),
): Layer<object, SymbolicTensor[]>;
export function bidirectional(
  options: BidirectionalOptions & { layer: Layer<RecurrentConfig, SymbolicTensor> },
): Layer<object, SymbolicTensor>;
export function bidirectional(options: BidirectionalOptions): Layer<object>;
export function bidirectional(options: BidirectionalOptions): Layer<object> {
  const readers = {
    layer: recurrentLayer,
    backwardLayer: optional(recurrentLayer, undefined),
    mergeMode: optional(mergeMode, 'concat'),
  };
  const made = makeLayer(definition, readers, options);
  const { layer, backwardLayer = backwardOf(layer) } = made.config;
  // The config is this call's own.
  Object.assign(made.config, { backwardLayer });
  for (const field of ['goBackwards', 'returnSequences', 'returnState', 'stateful'] as const) {
    const expected = layer.config[field] !== (field === 'goBackwards');
    const value = backwardLayer.config[field];
    if (value !== expected) refuse(`${made.title}: backwardLayer: ${field}`, String(expected), value);
  }
  Layer.attempt([layer, backwardLayer] as Layer[], () => {
    layer.joinComposite(made, `forward_${layer.title}`);
    backwardLayer.joinComposite(made, `backward_${backwardLayer.title}`);
  });
  return made;
}

/** A layer like another that goes the other way. */
function backwardOf(layer: Layer<RecurrentConfig>): Layer<RecurrentConfig> {
  const { definition: kind, config, name, trainable, activityRegularizer } = layer;
  const backward = new Layer(kind, { ...config, goBackwards: !config.goBackwards }, name);
  return Object.assign(backward, { trainable, activityRegularizer });
}
