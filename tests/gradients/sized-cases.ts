/**
 * Every combination of odd sizes, for every kind of layer; options are drawn. Sizes stand on both sides of the kernels'
 * blocks: a quad of lanes (4), a panel of columns (8), and one more.
 */
import { createRandom, type Random } from '../random.js';
import { activation } from '../reference/activations.js';
import type { LayerCase } from '../reference/cases.js';
import { conv1d } from '../reference/conv1d.js';
import { dense } from '../reference/dense.js';
import { masking } from '../reference/masking.js';
import { recurrent, type RecurrentLayer } from '../reference/recurrent.js';
import { sizeOf, tensor, type Tensor } from '../reference/tensor.js';
import { timeDistributed } from '../reference/time-distributed.js';

const unitCounts = [1, 3, 4, 5, 8, 13];
const featureCounts = [1, 3, 4, 6];
const sizes = { lengths: [7, 1, 2], batches: [3, 5, 1], draws: 3 };
/** More rows than the 256 over which the kernels sum at once. */
const longSizes = { lengths: [60], batches: [9], draws: 3 };

/** Cases with the same layer, options and weights: one for each length and batch. */
export interface Group {
  readonly cases: readonly LayerCase[];
  readonly returnState: boolean;
}

type Kind = 'simpleRNN' | 'lstm' | 'gru';
type Draw = (...shape: number[]) => Tensor;

/** Groups by the kind of layer: for each pair of units and features as many as there are draws of options. */
export function sizedGroups(): [kind: string, groups: Group[]][] {
  return makers().map(([kind, make], nth) => [
    kind,
    unitCounts.flatMap((units) =>
      featureCounts.flatMap((features) =>
        groupsOf(make, { ...sizes, units, features, seed: seedOf(nth, units, features) }),
      ),
    ),
  ]);
}

/** The same kinds, over long sequences. */
export function longGroups(): [kind: string, groups: Group[]][] {
  const [units, features] = [5, 3];
  return makers().map(([kind, make], nth) => [
    kind,
    groupsOf(make, { ...longSizes, units, features, seed: seedOf(nth + 10, units, features) }),
  ]);
}

const makers = (): [kind: string, make: Make][] => [
  ['activation', activationGroup],
  ['dense', denseGroup],
  ['timeDistributed', timeDistributedGroup],
  ['conv1d', convGroup],
  ['masking', maskingGroup],
  ['simpleRNN', recurrentGroup('simpleRNN')],
  ['lstm', recurrentGroup('lstm')],
  ['gru', recurrentGroup('gru')],
];

const seedOf = (kind: number, units: number, features: number): number => ((kind + 1) * 100 + units) * 100 + features;

interface Sizes {
  readonly units: number;
  readonly features: number;
  readonly random: Random;
  readonly draw: Draw;
  readonly seed: number;
}

/** What a kind of layer makes of its sizes: everything about a case but its data, which differs from run to run. */
type Make = (sizes: Sizes) => {
  readonly caseOf: (x: Tensor, batch: number) => LayerCase;
  readonly returnState?: boolean;
};

interface GroupSizes {
  readonly units: number;
  readonly features: number;
  readonly lengths: readonly number[];
  readonly batches: readonly number[];
  /** How often options are drawn. */
  readonly draws: number;
  readonly seed: number;
}

function groupsOf(make: Make, { units, features, lengths, batches, draws, seed: first }: GroupSizes): Group[] {
  return Array.from({ length: draws }, (_, nth) => {
    const seed = 10 * first + nth;
    const random = createRandom(seed);
    const draw: Draw = (...shape) => tensor(shape, random.normals(sizeOf(shape), 0.6));
    const { caseOf, returnState = true } = make({ units, features, random, draw, seed });
    const cases = lengths.flatMap((time) => batches.map((batch) => caseOf(draw(batch, time, features), batch)));
    return { cases, returnState };
  });
}

const pick = <const T>(random: Random, from: readonly T[]): T => from[random.integer(0, from.length - 1)];

/** Without kinks, where float32 and float64 may fall on different sides. */
const smooth = ['linear', 'tanh', 'sigmoid', 'softplus', 'softsign', 'elu'] as const;
/** Also those of layers that keep their inputs. */
const bends = [...smooth, 'softmax', 'logSoftmax', 'gelu', 'geluTanh', 'silu', 'mish'] as const;
/**
 * Gates within 0 … 1. Signed ones let a state grow threefold a step, and rounding with it: moving the reference's own
 * weights by half a unit in the last place then moves its gradients by more than the limit. The table of options has them.
 */
const gates = ['sigmoid', 'hardSigmoid', 'hardSigmoidLegacy'] as const;

const activationGroup: Make = ({ random, seed }) => {
  const config = { activation: pick(random, [...bends, 'exponential']) };
  return {
    caseOf: (x) => ({
      layer: 'activation',
      config,
      weights: [],
      inputs: [x],
      seed,
      forward: (_, [given]) => activation(config, [], [given]),
    }),
  };
};

function denseParts({ units, features, random, draw }: Sizes) {
  const config = { units, activation: pick(random, bends), useBias: random.chance(0.8) };
  return { config, weights: [draw(features, units), ...(config.useBias ? [draw(units)] : [])] };
}

const denseGroup: Make = (sizes) => {
  const { config, weights } = denseParts(sizes);
  return {
    caseOf: (x) => ({
      layer: 'dense',
      config,
      weights,
      inputs: [x],
      seed: sizes.seed,
      forward: (own, [given]) => dense(config, own, [given]),
    }),
  };
};

const timeDistributedGroup: Make = (sizes) => {
  const { config, weights } = denseParts(sizes);
  return {
    caseOf: (x) => ({
      layer: 'timeDistributed',
      config: { layer: { layer: 'dense', config } },
      weights,
      inputs: [x],
      seed: sizes.seed,
      forward: (own, [given]) => timeDistributed({ layer: config }, own, [given]),
    }),
  };
};

const convGroup: Make = ({ units, features, random, draw, seed }) => {
  const config = {
    filters: units,
    kernelSize: random.integer(1, 4),
    dilationRate: random.integer(1, 4),
    padding: 'causal',
    activation: pick(random, bends),
    useBias: random.chance(0.8),
  } as const;
  const weights = [draw(config.kernelSize, features, units), ...(config.useBias ? [draw(units)] : [])];
  return {
    caseOf: (x) => ({
      layer: 'conv1d',
      config,
      weights,
      inputs: [x],
      seed,
      forward: (own, [given]) => conv1d(config, own, [given]),
    }),
  };
};

const maskingGroup: Make = ({ features, random, seed }) => {
  const maskValue = pick(random, [0, -1]);
  return {
    caseOf: (x) => {
      for (let at = 0; at < x.data.length; at += features) {
        if (random.chance(0.4)) x.data.fill(maskValue, at, at + features);
      }
      return {
        layer: 'masking',
        config: { maskValue },
        weights: [],
        inputs: [x],
        seed,
        forward: (_, [given]) => masking({ maskValue }, [], [given]),
      };
    },
  };
};

const recurrentGroup =
  (kind: Kind): Make =>
  ({ units, features, random, draw, seed }) => {
    const columns = { simpleRNN: 1, lstm: 4, gru: 3 }[kind] * units;
    const resetAfter = random.chance(0.5);
    const config = {
      units,
      activation: random.chance(0.5) ? 'tanh' : pick(random, smooth),
      useBias: random.chance(0.8),
      returnSequences: random.chance(0.5),
      goBackwards: random.chance(0.3),
      ...(kind === 'simpleRNN' ? {} : { recurrentActivation: pick(random, gates) }),
      ...(kind === 'gru' ? { resetAfter } : {}),
    };
    const layer: RecurrentLayer = { layer: kind, config };
    const bias = kind === 'gru' && resetAfter ? draw(2, columns) : draw(columns);
    const weights = [draw(features, columns), draw(units, columns), ...(config.useBias ? [bias] : [])];
    const states = random.chance(0.5) ? (kind === 'lstm' ? 2 : 1) : 0;
    const isMasked = random.chance(0.4);
    return {
      returnState: random.chance(0.5),
      caseOf: (x, batch) => {
        const [, time] = x.shape;
        const inputs = [x, ...Array.from({ length: states }, () => draw(batch, units))];
        const drawn = Array.from({ length: batch }, () => Array.from({ length: time }, () => random.chance(0.6)));
        const mask = isMasked ? drawn : undefined;
        return {
          ...layer,
          weights,
          inputs,
          mask,
          seed,
          forward: (own, given) => recurrent(layer, own, given, mask),
        };
      },
    };
  };
