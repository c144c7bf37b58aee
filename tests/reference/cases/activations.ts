/** What bends values: Activation, the layers of one activation, and Dense with each. */
import { activation, activationNames, inputActivationNames, type ActivationConfig } from '../activations.js';
import { dense, type DenseConfig } from '../dense.js';
import { elu, type ELUConfig } from '../elu.js';
import { leakyReLU, type LeakyReLUConfig } from '../leaky-relu.js';
import { prelu, type PReLUConfig } from '../prelu.js';
import { softmax, type SoftmaxConfig } from '../softmax.js';
import type { Tensor } from '../tensor.js';
import { caseOf, drawing, drawKept, type Case, type Draft } from './case.js';

export type ActivationCase =
  | Case<'activation', ActivationConfig>
  | Case<'dense', DenseConfig>
  | Case<'leakyReLU', LeakyReLUConfig>
  | Case<'prelu', PReLUConfig>
  | Case<'elu', ELUConfig>
  | (Case<'softmax', SoftmaxConfig> & {
      /** 1 where a place is left, 0 where it is masked; axes of size 1 are broadcast. */
      readonly places?: Tensor | undefined;
    });

type ActivationDraft = Draft<ActivationCase>;

const names = [...activationNames, ...inputActivationNames];
const shape = [2, 4, 3];

/** Drawn wide enough for both flat sides of a hard sigmoid. */
const activations: readonly ActivationDraft[] = names.map((name) => (seed) => ({
  layer: 'activation',
  config: { activation: name },
  weights: [],
  inputs: [drawing(seed)([4, 3, 5], name === 'exponential' ? 1 : 3)],
  seed,
  forward: (_, [x]) => activation({ activation: name }, [], [x]),
}));

function denseOf(config: DenseConfig, of: readonly number[]): ActivationDraft {
  const { units, useBias = true } = config;
  return caseOf('dense', dense, config, of, [[of[of.length - 1], units], ...(useBias ? [[units]] : [])]);
}

function softened(config: SoftmaxConfig, maskShape?: readonly number[]): ActivationDraft {
  return (seed) => {
    const places = maskShape && drawKept(seed, maskShape, 0.6);
    return {
      layer: 'softmax',
      config,
      weights: [],
      inputs: [drawing(seed)([2, 4, 3])],
      places,
      note: maskShape && `mask [${maskShape.join(', ')}]`,
      seed,
      forward: (_, [x]) => softmax(config, [], [x], places),
    };
  };
}

export const activationCases: readonly ActivationDraft[] = [
  ...activations,
  denseOf({ units: 5 }, [4, 3]),
  denseOf({ units: 1 }, [3, 1]),
  denseOf({ units: 3, useBias: false }, [4, 6]),
  denseOf({ units: 5 }, [2, 4, 3]),
  ...names.map((name) => denseOf({ units: 5, activation: name }, [4, 3])),
  ...[{}, { negativeSlope: 0.1 }].map((config) => caseOf('leakyReLU', leakyReLU, config, shape)),
  ...[{}, { alpha: 0.5 }].map((config) => caseOf('elu', elu, config, shape)),
  caseOf('prelu', prelu, {}, shape, [[4, 3]]),
  caseOf('prelu', prelu, { sharedAxes: [1] }, shape, [[1, 3]]),
  caseOf('prelu', prelu, { sharedAxes: [2] }, shape, [[4, 1]]),
  caseOf('prelu', prelu, { sharedAxes: [1, 2] }, shape, [[1, 1]]),
  caseOf('prelu', prelu, {}, [3, 5], [[5]]),

  softened({}),
  softened({ axis: 1 }),
  softened({}, [2, 4, 3]),
  softened({ axis: 1 }, [2, 4, 1]),
  softened({ axis: 1 }, [2, 1, 3]),
];
