/** What is built around layers or stands before them: Bidirectional, TimeDistributed, RepeatVector, Embedding, Masking. */
import { bidirectional, type BidirectionalConfig, type MergeMode } from '../bidirectional.js';
import { conv1d, type Conv1dConfig } from '../conv1d.js';
import { dense, type DenseConfig } from '../dense.js';
import { embedding, type EmbeddingConfig } from '../embedding.js';
import { masking, type MaskingConfig } from '../masking.js';
import { recurrent, type RecurrentLayer } from '../recurrent.js';
import type { Kept } from '../recurrence.js';
import { repeatVector, type RepeatVectorConfig } from '../repeat-vector.js';
import { map, tensor, type Mask } from '../tensor.js';
import { timeDistributedOver } from '../time-distributed.js';
import { caseOf, drawing, type Case, type Draft } from './case.js';
import { batch, drawRecurrentKept, features, mask, time } from './recurrent-dropout.js';
import { drawStates, kinds, note, recurrentWeights, units } from './recurrents.js';

export type WrapperCase =
  | (Case<'bidirectional', BidirectionalConfig> & {
      readonly mask?: Mask | undefined;
      readonly kept?: { readonly forward: Kept; readonly backward: Kept } | undefined;
    })
  | Case<'timeDistributed', { readonly layer: InnerLayer }>
  | Case<'masking', MaskingConfig>
  | Case<'repeatVector', RepeatVectorConfig>
  | Case<'embedding', EmbeddingConfig>;

/** What stands in a TimeDistributed. */
type InnerLayer =
  | RecurrentLayer
  | { readonly layer: 'conv1d'; readonly config: Conv1dConfig }
  | { readonly layer: 'dense'; readonly config: DenseConfig };

interface BidirectionalSetting {
  readonly mergeMode?: MergeMode;
  readonly returnSequences?: boolean;
  readonly masked?: boolean;
  readonly initialStates?: boolean;
  readonly dropped?: boolean;
  readonly backwardLayer?: RecurrentLayer;
  readonly time?: number;
}

function inBothDirections(kind: RecurrentLayer, setting: BidirectionalSetting): Draft<WrapperCase> {
  return (seed) => {
    const { mergeMode, returnSequences = false, masked = false, initialStates = false, dropped = false } = setting;
    const rates = dropped ? { dropout: 0.3, recurrentDropout: 0.5 } : {};
    const draw = drawing(seed);
    const layer = { ...kind, config: { ...kind.config, ...rates, ...(returnSequences && { returnSequences }) } };
    const backwardLayer = setting.backwardLayer;
    const config: BidirectionalConfig = {
      layer,
      ...(mergeMode !== undefined && { mergeMode }),
      ...(backwardLayer && { backwardLayer }),
    };
    const kept = dropped
      ? { forward: drawRecurrentKept(seed, kind, rates), backward: drawRecurrentKept(seed + 50, kind, rates) }
      : undefined;
    const given = masked ? mask : undefined;
    const layers = [layer, backwardLayer ?? layer];
    return {
      layer: 'bidirectional',
      config,
      weights: layers.flatMap((one) => recurrentWeights(draw, one, features)),
      inputs: [
        draw([batch, setting.time ?? time, features]),
        ...(initialStates ? layers.flatMap((one) => drawStates(draw, one, batch)) : []),
      ],
      mask: given,
      kept,
      note: note({ mask: masked, 'initial states': initialStates }),
      seed,
      forward: (weights, inputs) => bidirectional(config, weights, inputs, given, kept),
    };
  };
}

const bidirectionalSettings: readonly BidirectionalSetting[] = [
  ...(['concat', 'sum', 'mul', 'ave', null] as const).flatMap((mergeMode) => [
    { mergeMode },
    { mergeMode, returnSequences: true },
    { mergeMode, returnSequences: true, masked: true, initialStates: true },
  ]),
  {},
  { masked: true },
  { masked: true, initialStates: true },
  { returnSequences: true, initialStates: true },
  { returnSequences: true, masked: true, dropped: true },
  { returnSequences: true, time: 0, initialStates: true },
  { time: 1 },
];

const bidirectionalCases: readonly Draft<WrapperCase>[] = [
  ...kinds.flatMap((kind) => bidirectionalSettings.map((setting) => inBothDirections(kind, setting))),
  inBothDirections(kinds[1], {
    returnSequences: true,
    masked: true,
    backwardLayer: {
      layer: 'lstm',
      config: { units, goBackwards: true, returnSequences: true, activation: 'sigmoid' },
    },
  }),
  // The first goes backwards: neither Keras nor TensorFlow.js turns it around, both turn the second.
  ...[
    { returnSequences: true },
    { returnSequences: true, masked: true, initialStates: true },
    { mergeMode: null, returnSequences: true, masked: true },
    { masked: true },
  ].map((setting) => inBothDirections({ layer: 'lstm', config: { ...kinds[1].config, goBackwards: true } }, setting)),
];

// ------------------------------------------------------------------------------------------------------- Other wrappers

function distributed(layer: InnerLayer, shape: readonly number[]): Draft<WrapperCase> {
  return (seed) => {
    const draw = drawing(seed);
    const width = shape[shape.length - 1];
    const weights = {
      conv1d: (config: Conv1dConfig) => [draw([config.kernelSize, width, config.filters]), draw([config.filters])],
      dense: (config: DenseConfig) => [
        draw([width, config.units]),
        ...(config.useBias === false ? [] : [draw([config.units])]),
      ],
    };
    return {
      layer: 'timeDistributed',
      config: { layer },
      weights:
        layer.layer === 'conv1d'
          ? weights.conv1d(layer.config)
          : layer.layer === 'dense'
            ? weights.dense(layer.config)
            : recurrentWeights(draw, layer, width),
      inputs: [draw(shape)],
      seed,
      forward: (own, [x]) =>
        timeDistributedOver(
          (w, input) => {
            if (layer.layer === 'conv1d') return conv1d(layer.config, w, input);
            return layer.layer === 'dense' ? dense(layer.config, w, input) : recurrent(layer, w, input);
          },
          own,
          [x],
        ),
    };
  };
}

const embeddings: readonly Draft<WrapperCase>[] = [false, true].flatMap((maskZero) =>
  [
    [2, 5],
    [3, 0],
    [4, 1],
  ].map((shape) => (seed: number): WrapperCase => {
    const config = { inputDim: 6, outputDim: 3, maskZero };
    const ids = tensor(
      shape,
      Array.from({ length: shape[0] * shape[1] }, (_, i) => (i * i + 2) % 6),
    );
    return {
      layer: 'embedding',
      config,
      weights: [drawing(seed)([6, 3])],
      inputs: [ids],
      seed,
      // Central differences would move the ids, which are not to be moved.
      forward: (weights) => embedding(config, weights, [ids]),
    };
  }),
);

const maskingCases: readonly Draft<WrapperCase>[] = [0, -1].map((maskValue) => (seed) => {
  const x = drawing(seed)([3, 5, 2]);
  // Central differences move a masked value off the mask: so no step of this case is masked as a whole, but some of
  // the values of a step are.
  return {
    layer: 'masking',
    config: { maskValue },
    weights: [],
    inputs: [map(x, (value, i) => (i % 4 === 0 ? maskValue : value))],
    note: 'no step masked as a whole',
    seed,
    forward: (_, [given]) => masking({ maskValue }, [], [given]),
  };
});

export const wrapperCases: readonly Draft<WrapperCase>[] = [
  ...bidirectionalCases,
  distributed({ layer: 'dense', config: { units: 3, activation: 'tanh' } }, [2, 3, 4, 2]),
  distributed({ layer: 'dense', config: { units: 3 } }, [2, 0, 4]),
  distributed({ layer: 'dense', config: { units: 5 } }, [2, 4, 3]),
  distributed({ layer: 'dense', config: { units: 2, activation: 'tanh', useBias: false } }, [2, 4, 3]),
  distributed({ layer: 'dense', config: { units: 4, activation: 'softmax' } }, [2, 4, 3]),
  distributed({ layer: 'dense', config: { units: 3, activation: 'gelu' } }, [2, 3, 4, 2]),
  distributed({ layer: 'conv1d', config: { filters: 3, kernelSize: 2, padding: 'same' } }, [2, 3, 4, 2]),
  distributed({ layer: 'conv1d', config: { filters: 3, kernelSize: 2, activation: 'silu' } }, [2, 3, 4, 2]),
  distributed({ layer: 'lstm', config: { units: 3 } }, [2, 3, 4, 2]),
  distributed({ layer: 'gru', config: { units: 3, returnSequences: true } }, [2, 3, 4, 2]),
  ...[1, 4].map((n) => caseOf('repeatVector', repeatVector, { n }, [2, 3])),
  ...embeddings,
  ...maskingCases,
];
