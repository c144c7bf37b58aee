/**
 * The table of layer × option on which gradients are checked: the reference against central differences here, and the
 * library against the reference elsewhere. A config has the library's own options. All values are float32 numbers, so
 * that both sides are given the same.
 */
import { activation, activationNames, type ActivationName } from './activations.js';
import { drawing, drawKept, steps, type Case, type Draw } from './cases/case.js';
import { conv1d, type Conv1dConfig } from './conv1d.js';
import { dense, type DenseConfig } from './dense.js';
import { dropout, type DropoutConfig } from './dropout.js';
import { gru, type GruConfig } from './gru.js';
import { lstm, type LstmConfig } from './lstm.js';
import { masking, type MaskingConfig } from './masking.js';
import type { AnyPass } from './pass.js';
import type { RecurrentConfig } from './recurrence.js';
import { simpleRnn, type SimpleRnnConfig } from './simple-rnn.js';
import { map, type Mask, type Tensor, type Tensors } from './tensor.js';
import { timeDistributed } from './time-distributed.js';

export { cotangentsOf, describeCase } from './cases/case.js';

interface RecurrentCase<Layer extends string, Config extends object> extends Case<Layer, Config> {
  readonly mask?: Mask | undefined;
}

interface DropoutCase extends Case<'dropout', DropoutConfig> {
  /** 1 where an element is kept, 0 where it is dropped. */
  readonly keep: Tensor;
}

/** The options of a causal convolution. */
type CausalConvConfig = Pick<Conv1dConfig, 'filters' | 'kernelSize' | 'dilationRate' | 'activation' | 'useBias'> & {
  readonly padding: 'causal';
};

export type LayerCase =
  | Case<'activation', { readonly activation: ActivationName }>
  | Case<'conv1d', CausalConvConfig>
  | Case<'dense', DenseConfig>
  | Case<'masking', MaskingConfig>
  | Case<'timeDistributed', { readonly layer: DenseConfig }>
  | DropoutCase
  | RecurrentCase<'simpleRNN', SimpleRnnConfig>
  | RecurrentCase<'lstm', LstmConfig>
  | RecurrentCase<'gru', GruConfig>;

/** The whole table, the same in every run. */
export function gradientCases(): LayerCase[] {
  return [
    ...activationCases,
    ...denseCases,
    ...simpleRnnCases,
    ...lstmCases,
    ...gruCases,
    ...convCases,
    ...timeDistributedCases,
    ...maskingCases,
    ...dropoutCases,
  ].map((draft, i) => draft(i + 1));
}

/** The reference's pass of a case, of its own weights and inputs or of others. */
export function passOf(of: LayerCase, weights: Tensors = of.weights, inputs: Tensors = of.inputs): AnyPass {
  const [x, h, c] = inputs;
  switch (of.layer) {
    case 'activation':
      return activation(of.config, weights, [x]);
    case 'conv1d':
      return conv1d(of.config, weights, [x]);
    case 'dense':
      return dense(of.config, weights, [x]);
    case 'dropout':
      return dropout(of.config, weights, [x], of.keep);
    case 'gru':
      return gru(of.config, weights, [x, h], of.mask);
    case 'lstm':
      return lstm(of.config, weights, [x, h, c], of.mask);
    case 'masking':
      return masking(of.config, weights, [x]);
    case 'simpleRNN':
      return simpleRnn(of.config, weights, [x, h], of.mask);
    case 'timeDistributed':
      return timeDistributed(of.config, weights, [x]);
  }
}

type Draft = (seed: number) => LayerCase;

// --------------------------------------------------------------------------------------------- Layers without a memory

const activationCases: readonly Draft[] = activationNames.map((name) => (seed) => ({
  layer: 'activation',
  config: { activation: name },
  weights: [],
  // Wide enough for both flat sides of a hard sigmoid.
  inputs: [drawing(seed)([4, 3, 5], name === 'exponential' ? 1 : 3)],
  seed,
}));

function denseCase(config: DenseConfig, shape: readonly number[]): Draft {
  return (seed) => {
    const draw = drawing(seed);
    return { layer: 'dense', config, weights: denseWeights(draw, config, shape), inputs: [draw(shape)], seed };
  };
}

function denseWeights(draw: Draw, { units, useBias = true }: DenseConfig, shape: readonly number[]): Tensor[] {
  return [draw([shape[shape.length - 1], units], 0.7), ...(useBias ? [draw([units])] : [])];
}

const denseCases: readonly Draft[] = [
  denseCase({ units: 5 }, [4, 3]),
  denseCase({ units: 1 }, [3, 1]),
  denseCase({ units: 3, useBias: false }, [4, 6]),
  denseCase({ units: 5 }, [2, 4, 3]),
  ...activationNames.map((name) => denseCase({ units: 5, activation: name }, [4, 3])),
];

const timeDistributedCases: readonly Draft[] = (
  [{ units: 5 }, { units: 2, activation: 'tanh', useBias: false }, { units: 4, activation: 'softmax' }] as const
).map((layer) => (seed) => {
  const draw = drawing(seed);
  const shape = [2, 4, 3];
  return {
    layer: 'timeDistributed',
    config: { layer },
    weights: denseWeights(draw, layer, shape),
    inputs: [draw(shape)],
    seed,
  };
});

function convCase(config: Omit<CausalConvConfig, 'padding'>, shape: readonly number[] = [2, 9, 3]): Draft {
  return (seed) => {
    const draw = drawing(seed);
    const { filters, kernelSize, useBias = true } = config;
    return {
      layer: 'conv1d',
      config: { ...config, padding: 'causal' },
      weights: [draw([kernelSize, shape[2], filters], 0.7), ...(useBias ? [draw([filters])] : [])],
      inputs: [draw(shape)],
      seed,
    };
  };
}

const convCases: readonly Draft[] = [
  convCase({ filters: 4, kernelSize: 1 }),
  convCase({ filters: 4, kernelSize: 2 }),
  convCase({ filters: 5, kernelSize: 3 }),
  convCase({ filters: 1, kernelSize: 3 }, [3, 6, 1]),
  convCase({ filters: 4, kernelSize: 2, dilationRate: 2 }),
  convCase({ filters: 4, kernelSize: 3, dilationRate: 4 }),
  // Longer than the sequence: the oldest tap sees only padding.
  convCase({ filters: 4, kernelSize: 3, dilationRate: 4 }, [2, 5, 3]),
  convCase({ filters: 4, kernelSize: 3, useBias: false }),
  convCase({ filters: 4, kernelSize: 2, activation: 'relu' }),
  convCase({ filters: 4, kernelSize: 2, dilationRate: 2, activation: 'tanh' }),
  convCase({ filters: 4, kernelSize: 2, activation: 'softmax' }),
  convCase({ filters: 4, kernelSize: 2 }, [2, 0, 3]),
];

const maskingCases: readonly Draft[] = [0, -1].map((maskValue) => (seed) => {
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
  };
});

const dropoutCases: readonly Draft[] = [0, 0.25, 0.5].map((rate) => (seed) => {
  const shape = [3, 4, 2];
  return {
    layer: 'dropout',
    config: { rate },
    weights: [],
    inputs: [drawing(seed + 1)(shape)],
    keep: drawKept(seed, shape, 1 - rate),
    seed,
  };
});

// ---------------------------------------------------------------------------------------------------- Recurrent layers

/** One row of the table for a recurrent layer: options, and what the data looks like. */
interface Setting {
  readonly config?: Omit<RecurrentConfig, 'units'>;
  readonly units?: number;
  readonly batch?: number;
  readonly time?: number;
  readonly features?: number;
  readonly initialStates?: boolean;
  readonly mask?: Mask;
}

/** Masked at the end, at the beginning, in between, everywhere. */
const mask: Mask = [steps('111000'), steps('001111'), steps('101101'), steps('000000')];

/** Those that a state can be fed back through: exponential runs away. As gates those whose values stay within ±1. */
const recurrentActivations = activationNames.filter((name) => !['exponential', 'softmax', 'tanh'].includes(name));
const gateActivations = ['tanh', 'softsign', 'hardSigmoid', 'hardSigmoidLegacy'] as const;

const recurrentSettings: readonly Setting[] = [
  {},
  { config: { returnSequences: true } },
  { config: { goBackwards: true } },
  { config: { goBackwards: true, returnSequences: true } },
  { config: { useBias: false } },
  { config: { returnSequences: true, useBias: false } },
  ...recurrentActivations.map((name) => ({ config: { returnSequences: true, activation: name } })),
  { initialStates: true },
  { config: { returnSequences: true }, initialStates: true },
  { config: { returnSequences: true, goBackwards: true }, initialStates: true },
  { mask },
  { config: { returnSequences: true }, mask },
  { config: { returnSequences: true }, mask, initialStates: true },
  { config: { goBackwards: true }, mask, initialStates: true },
  { config: { goBackwards: true, returnSequences: true }, mask, initialStates: true },
  { config: { returnSequences: true }, time: 1, initialStates: true },
  { config: { returnSequences: true }, time: 0, initialStates: true },
  { time: 0, initialStates: true },
  { config: { returnSequences: true }, batch: 1, units: 1, features: 1 },
  { config: { returnSequences: true }, batch: 3, units: 5, features: 2, time: 9, initialStates: true },
];

interface RecurrentData extends Pick<LayerCase, 'weights' | 'inputs' | 'note' | 'seed'> {
  readonly mask: Mask | undefined;
}

function recurrentData(
  seed: number,
  setting: Setting,
  sizes: { readonly units: number; readonly gates: number; readonly states: number; readonly twoBiases?: boolean },
): RecurrentData {
  const { config = {}, mask, batch = mask?.length ?? 2, time = 6, features = 3, initialStates = false } = setting;
  const { units, gates, states, twoBiases = false } = sizes;
  const draw = drawing(seed);
  const columns = gates * units;
  const bias = config.useBias === false ? [] : [draw(twoBiases ? [2, columns] : [columns], 0.5)];
  const notes = [...(mask ? ['mask'] : []), ...(initialStates ? ['initial states'] : [])];
  return {
    weights: [draw([features, columns], 0.6), draw([units, columns], 0.4), ...bias],
    inputs: [
      draw([batch, time, features]),
      ...Array.from({ length: initialStates ? states : 0 }, () => draw([batch, units], 0.7)),
    ],
    mask,
    note: notes.length > 0 ? notes.join(', ') : undefined,
    seed,
  };
}

const simpleRnnCases: readonly Draft[] = recurrentSettings.map((setting) => (seed) => {
  const units = setting.units ?? 4;
  return {
    layer: 'simpleRNN',
    config: { units, ...setting.config },
    ...recurrentData(seed, setting, { units, gates: 1, states: 1 }),
  };
});

type GateSetting = Setting & { readonly recurrentActivation?: ActivationName };

const gatedSettings: readonly GateSetting[] = [
  ...recurrentSettings,
  ...gateActivations.map((name) => ({ config: { returnSequences: true }, recurrentActivation: name })),
];

const lstmCases: readonly Draft[] = gatedSettings.map((setting) => (seed) => {
  const { units = 4, recurrentActivation } = setting;
  return {
    layer: 'lstm',
    config: { units, ...setting.config, ...(recurrentActivation && { recurrentActivation }) },
    ...recurrentData(seed, setting, { units, gates: 4, states: 2 }),
  };
});

const gruCases: readonly Draft[] = [true, false].flatMap((resetAfter) =>
  gatedSettings.map((setting): Draft => (seed) => {
    const { units = 4, recurrentActivation } = setting;
    return {
      layer: 'gru',
      config: { units, resetAfter, ...setting.config, ...(recurrentActivation && { recurrentActivation }) },
      ...recurrentData(seed, setting, { units, gates: 3, states: 1, twoBiases: resetAfter }),
    };
  }),
);
