/** Dropout and activations by input in recurrent layers: the reference has more than the library. */
import { inputActivationNames, type ActivationName } from '../activations.js';
import type { GruConfig } from '../gru.js';
import type { LstmConfig } from '../lstm.js';
import { recurrent, type RecurrentLayer } from '../recurrent.js';
import type { Kept } from '../recurrence.js';
import type { SimpleRnnConfig } from '../simple-rnn.js';
import type { Mask, Tensor } from '../tensor.js';
import { drawing, drawKept, steps, type Case, type Draft } from './case.js';
import { drawStates, gateCounts, kinds, note, recurrentWeights, units } from './recurrents.js';

type WithDropout<Layer extends string, Config extends object> = Case<Layer, Config> & {
  readonly mask?: Mask | undefined;
  readonly kept: Kept;
};

export type RecurrentDropoutCase =
  WithDropout<'simpleRNN', SimpleRnnConfig> | WithDropout<'lstm', LstmConfig> | WithDropout<'gru', GruConfig>;

export const [batch, time, features] = [3, 4, 2];

/** Masked at the end, in between, everywhere. */
export const mask: Mask = [steps('1100'), steps('0101'), steps('0000')];

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

export function drawRecurrentKept(seed: number, { layer }: RecurrentLayer, setting: DropoutSetting): Kept {
  const { dropout, recurrentDropout, perGate = false } = setting;
  const count = perGate ? gateCounts[layer] : 1;
  const draw = (from: number, width: number, rate: number | undefined): Tensor[] | undefined =>
    rate === undefined
      ? undefined
      : Array.from({ length: count }, (_, i) => drawKept(from + i, [batch, width], 1 - rate));
  return { input: draw(seed + 100, features, dropout), recurrent: draw(seed + 200, units, recurrentDropout) };
}

function withDropout(kind: RecurrentLayer, setting: DropoutSetting): Draft<RecurrentDropoutCase> {
  return (seed) => {
    const { perGate = false, masked = false, ...options } = setting;
    const draw = drawing(seed);
    const layer = { ...kind, config: { ...kind.config, ...options } };
    const kept = drawRecurrentKept(seed, kind, setting);
    const given = masked ? mask : undefined;
    return {
      ...layer,
      weights: recurrentWeights(draw, layer, features),
      inputs: [draw([batch, time, features]), ...drawStates(draw, layer, batch)],
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

export const recurrentDropoutCases: readonly Draft<RecurrentDropoutCase>[] = kinds.flatMap((kind) =>
  [...dropoutSettings, ...activationSettings]
    // A SimpleRNN has one gate.
    .filter(({ perGate = false }) => !perGate || kind.layer !== 'simpleRNN')
    .map((setting) => withDropout(kind, setting)),
);
