/** Dropout and further activations in recurrent layers, and what is built around layers: Bidirectional, TimeDistributed, RepeatVector. */
import { inputActivationNames, type ActivationName } from '../activations.js';
import { bidirectional, type BidirectionalConfig, type MergeMode } from '../bidirectional.js';
import { conv1d, type Conv1dConfig } from '../conv1d.js';
import { dense, type DenseConfig } from '../dense.js';
import { embedding, type EmbeddingConfig } from '../embedding.js';
import type { GruConfig } from '../gru.js';
import type { LstmConfig } from '../lstm.js';
import { recurrent, type RecurrentLayer } from '../recurrent.js';
import type { Kept } from '../recurrence.js';
import { repeatVector, type RepeatVectorConfig } from '../repeat-vector.js';
import type { SimpleRnnConfig } from '../simple-rnn.js';
import { tensor, type Mask, type Tensor } from '../tensor.js';
import { timeDistributedOver } from '../time-distributed.js';
import { caseOf, drawing, drawKept, steps, type Draft, type Draw, type RunnableCase } from './case.js';

type WithDropout<Layer extends string, Config extends object> = RunnableCase<Layer, Config> & {
  readonly mask?: Mask | undefined;
  readonly kept: Kept;
};

export type RecurrentCase =
  WithDropout<'simpleRNN', SimpleRnnConfig> | WithDropout<'lstm', LstmConfig> | WithDropout<'gru', GruConfig>;

export type WrapperCase =
  | (RunnableCase<'bidirectional', BidirectionalConfig> & {
      readonly mask?: Mask | undefined;
      readonly kept?: { readonly forward: Kept; readonly backward: Kept } | undefined;
    })
  | RunnableCase<'timeDistributed', { readonly layer: InnerLayer }>
  | RunnableCase<'repeatVector', RepeatVectorConfig>
  | RunnableCase<'embedding', EmbeddingConfig>;

/** What stands in a TimeDistributed beside the Dense of cases.ts. */
type InnerLayer =
  | RecurrentLayer
  | { readonly layer: 'conv1d'; readonly config: Conv1dConfig }
  | { readonly layer: 'dense'; readonly config: DenseConfig };

const [batch, time, features, units] = [3, 4, 2, 3];
const gateCounts = { simpleRNN: 1, lstm: 4, gru: 3 };
const stateCounts = { simpleRNN: 1, lstm: 2, gru: 1 };

/** Masked at the end, in between, everywhere. */
const mask: Mask = [steps('1100'), steps('0101'), steps('0000')];

function recurrentWeights(draw: Draw, { layer, config }: RecurrentLayer, inputs = features): Tensor[] {
  const width = gateCounts[layer] * config.units;
  const twoBiases = layer === 'gru' && (config.resetAfter ?? true);
  return [
    draw([inputs, width], 0.6),
    draw([config.units, width], 0.4),
    ...(config.useBias === false ? [] : [draw(twoBiases ? [2, width] : [width], 0.5)]),
  ];
}

function drawStates(draw: Draw, { layer, config }: RecurrentLayer): Tensor[] {
  return Array.from({ length: stateCounts[layer] }, () => draw([batch, config.units], 0.7));
}

function note(parts: Readonly<Record<string, boolean>>): string | undefined {
  const said = Object.keys(parts).filter((part) => parts[part]);
  return said.length > 0 ? said.join(', ') : undefined;
}

const kinds: readonly RecurrentLayer[] = [
  { layer: 'simpleRNN', config: { units } },
  { layer: 'lstm', config: { units } },
  { layer: 'gru', config: { units } },
  { layer: 'gru', config: { units, resetAfter: false } },
];

// ---------------------------------------------------------------------------------------------- Within recurrent layers

interface DropoutSetting {
  readonly dropout?: number;
  readonly recurrentDropout?: number;
  /** Whether each gate has what it keeps for itself. */
  readonly perGate?: boolean;
  readonly returnSequences?: boolean;
  readonly goBackwards?: boolean;
  readonly useBias?: boolean;
  readonly masked?: boolean;
  readonly activation?: ActivationName;
}

function drawRecurrentKept(seed: number, { layer }: RecurrentLayer, setting: DropoutSetting): Kept {
  const { dropout, recurrentDropout, perGate = false } = setting;
  const count = perGate ? gateCounts[layer] : 1;
  const draw = (from: number, width: number, rate: number | undefined): Tensor[] | undefined =>
    rate === undefined
      ? undefined
      : Array.from({ length: count }, (_, i) => drawKept(from + i, [batch, width], 1 - rate));
  return { input: draw(seed + 100, features, dropout), recurrent: draw(seed + 200, units, recurrentDropout) };
}

function withDropout(kind: RecurrentLayer, setting: DropoutSetting): Draft<RecurrentCase> {
  return (seed) => {
    const { perGate = false, masked = false, ...options } = setting;
    const draw = drawing(seed);
    const layer = { ...kind, config: { ...kind.config, ...options } };
    const kept = drawRecurrentKept(seed, kind, setting);
    const given = masked ? mask : undefined;
    return {
      ...layer,
      weights: recurrentWeights(draw, layer),
      inputs: [draw([batch, time, features]), ...drawStates(draw, layer)],
      mask: given,
      kept,
      note: note({ 'kept by gate': perGate, mask: masked, 'initial states': true }),
      seed,
      forward: (weights, inputs) => recurrent(layer, weights, inputs, given, kept),
    };
  };
}

const dropoutSettings: readonly DropoutSetting[] = [
  { dropout: 0.4 },
  { recurrentDropout: 0.4 },
  { dropout: 0.3, recurrentDropout: 0.5, returnSequences: true },
  { dropout: 0.3, recurrentDropout: 0.5, returnSequences: true, perGate: true },
  { dropout: 0.3, recurrentDropout: 0.5, masked: true, goBackwards: true },
  { dropout: 0.3, recurrentDropout: 0.5, perGate: true, useBias: false, masked: true, returnSequences: true },
];

/** logSoftmax works on a row, which a cell does not take. */
const activationSettings: readonly DropoutSetting[] = inputActivationNames
  .filter((name) => name !== 'logSoftmax')
  .map((activation) => ({ activation, returnSequences: true }));

export const recurrentCases: readonly Draft<RecurrentCase>[] = kinds.flatMap((kind) =>
  [...dropoutSettings, ...activationSettings]
    // A SimpleRNN has one gate.
    .filter(({ perGate = false }) => !perGate || kind.layer !== 'simpleRNN')
    .map((setting) => withDropout(kind, setting)),
);

// ------------------------------------------------------------------------------------------------------- Bidirectional

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
      weights: layers.flatMap((one) => recurrentWeights(draw, one)),
      inputs: [
        draw([batch, setting.time ?? time, features]),
        ...(initialStates ? layers.flatMap((one) => drawStates(draw, one)) : []),
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
];

// ------------------------------------------------------------------------------------------------------- Other wrappers

function distributed(layer: InnerLayer, shape: readonly number[]): Draft<WrapperCase> {
  return (seed) => {
    const draw = drawing(seed);
    const width = shape[shape.length - 1];
    const weights = {
      conv1d: (config: Conv1dConfig) => [draw([config.kernelSize, width, config.filters]), draw([config.filters])],
      dense: (config: DenseConfig) => [draw([width, config.units]), draw([config.units])],
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

export const wrapperCases: readonly Draft<WrapperCase>[] = [
  ...bidirectionalCases,
  distributed({ layer: 'dense', config: { units: 3, activation: 'tanh' } }, [2, 3, 4, 2]),
  distributed({ layer: 'dense', config: { units: 3 } }, [2, 0, 4]),
  distributed({ layer: 'conv1d', config: { filters: 3, kernelSize: 2, padding: 'same' } }, [2, 3, 4, 2]),
  distributed({ layer: 'lstm', config: { units: 3 } }, [2, 3, 4, 2]),
  distributed({ layer: 'gru', config: { units: 3, returnSequences: true } }, [2, 3, 4, 2]),
  ...[1, 4].map((n) => caseOf('repeatVector', repeatVector, { n }, [2, 3])),
  ...embeddings,
];
