/** SimpleRNN, LSTM and GRU, option by option, with masks and initial states. */
import { activationNames, type ActivationName } from '../activations.js';
import type { GruConfig } from '../gru.js';
import type { LstmConfig } from '../lstm.js';
import { recurrent, type RecurrentLayer } from '../recurrent.js';
import type { RecurrentConfig } from '../recurrence.js';
import type { SimpleRnnConfig } from '../simple-rnn.js';
import type { Mask, Tensor } from '../tensor.js';
import { drawing, steps, type Case, type Draft, type Draw } from './case.js';

type Cell<Layer extends string, Config extends object> = Case<Layer, Config> & { readonly mask?: Mask | undefined };

export type RecurrentCase = Cell<'simpleRNN', SimpleRnnConfig> | Cell<'lstm', LstmConfig> | Cell<'gru', GruConfig>;

export const units = 3;

export const kinds: readonly RecurrentLayer[] = [
  { layer: 'simpleRNN', config: { units } },
  { layer: 'lstm', config: { units } },
  { layer: 'gru', config: { units } },
  { layer: 'gru', config: { units, resetAfter: false } },
];

export const gateCounts = { simpleRNN: 1, lstm: 4, gru: 3 };
const stateCounts = { simpleRNN: 1, lstm: 2, gru: 1 };

export function recurrentWeights(draw: Draw, { layer, config }: RecurrentLayer, features: number): Tensor[] {
  const width = gateCounts[layer] * config.units;
  const twoBiases = layer === 'gru' && (config.resetAfter ?? true);
  return [
    draw([features, width], 0.6),
    draw([config.units, width], 0.4),
    ...(config.useBias === false ? [] : [draw(twoBiases ? [2, width] : [width], 0.5)]),
  ];
}

export function drawStates(draw: Draw, { layer, config }: RecurrentLayer, batch: number): Tensor[] {
  return Array.from({ length: stateCounts[layer] }, () => draw([batch, config.units], 0.7));
}

export function note(parts: Readonly<Record<string, boolean>>): string | undefined {
  const said = Object.keys(parts).filter((part) => parts[part]);
  return said.length > 0 ? said.join(', ') : undefined;
}

/** One row of the table for a recurrent layer: options, and what the data looks like. */
interface Setting {
  readonly config?: Omit<RecurrentConfig, 'units'> & { readonly recurrentActivation?: ActivationName };
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

const gateSettings: readonly Setting[] = gateActivations.map((recurrentActivation) => ({
  config: { returnSequences: true, recurrentActivation },
}));

function cellCase(kind: RecurrentLayer, setting: Setting): Draft<RecurrentCase> {
  return (seed) => {
    const {
      config,
      units = 4,
      mask,
      batch = mask?.length ?? 2,
      time = 6,
      features = 3,
      initialStates = false,
    } = setting;
    const draw = drawing(seed);
    const layer = { ...kind, config: { ...kind.config, units, ...config } };
    return {
      ...layer,
      weights: recurrentWeights(draw, layer, features),
      inputs: [draw([batch, time, features]), ...(initialStates ? drawStates(draw, layer, batch) : [])],
      mask,
      note: note({ mask: mask !== undefined, 'initial states': initialStates }),
      seed,
      forward: (weights, inputs) => recurrent(layer, weights, inputs, mask),
    };
  };
}

export const recurrentCases: readonly Draft<RecurrentCase>[] = kinds.flatMap((kind) =>
  [...recurrentSettings, ...(kind.layer === 'simpleRNN' ? [] : gateSettings)].map((setting) => cellCase(kind, setting)),
);
