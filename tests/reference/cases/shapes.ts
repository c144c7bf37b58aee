/** Layers that merge, move and bend values: merges, shapes, activations. */
import { activation, inputActivationNames, type ActivationConfig } from '../activations.js';
import { concatenate, type ConcatenateConfig } from '../concatenate.js';
import { dense, type DenseConfig } from '../dense.js';
import { dot, type DotConfig } from '../dot.js';
import { elu, type ELUConfig } from '../elu.js';
import { flatten } from '../flatten.js';
import { leakyReLU, type LeakyReLUConfig } from '../leaky-relu.js';
import { merge, type MergeName } from '../merging.js';
import { permute, type PermuteConfig } from '../permute.js';
import { prelu, type PReLUConfig } from '../prelu.js';
import { reshape, type ReshapeConfig } from '../reshape.js';
import { softmax, type SoftmaxConfig } from '../softmax.js';
import type { Tensor } from '../tensor.js';
import { caseOf, drawing, drawKept, type Draft, type RunnableCase } from './case.js';

export type ShapeCase =
  | RunnableCase<MergeName, object>
  | RunnableCase<'concatenate', ConcatenateConfig>
  | RunnableCase<'dot', DotConfig>
  | RunnableCase<'flatten', object>
  | RunnableCase<'reshape', ReshapeConfig>
  | RunnableCase<'permute', PermuteConfig>
  | RunnableCase<'activation', ActivationConfig>
  | RunnableCase<'dense', DenseConfig>
  | RunnableCase<'leakyReLU', LeakyReLUConfig>
  | RunnableCase<'prelu', PReLUConfig>
  | RunnableCase<'elu', ELUConfig>
  | (RunnableCase<'softmax', SoftmaxConfig> & {
      /** 1 where a place is left, 0 where it is masked; axes of size 1 are broadcast. */
      readonly places?: Tensor | undefined;
    });

type ShapeDraft = Draft<ShapeCase>;

const shapesOf = (shapes: readonly (readonly number[])[]): string =>
  shapes.map((shape) => `[${shape.join(', ')}]`).join(' ');

function merged(layer: MergeName, ...shapes: readonly (readonly number[])[]): ShapeDraft {
  return (seed) => {
    const draw = drawing(seed);
    return {
      layer,
      config: {},
      weights: [],
      inputs: shapes.map((shape) => draw(shape)),
      note: `inputs ${shapesOf(shapes)}`,
      seed,
      forward: (_, inputs) => merge(layer, inputs),
    };
  };
}

function concatenated(config: ConcatenateConfig, ...shapes: readonly (readonly number[])[]): ShapeDraft {
  return (seed) => {
    const draw = drawing(seed);
    return {
      layer: 'concatenate',
      config,
      weights: [],
      inputs: shapes.map((shape) => draw(shape)),
      note: `inputs ${shapesOf(shapes)}`,
      seed,
      forward: (_, inputs) => concatenate(config, [], inputs),
    };
  };
}

function dotted(config: DotConfig, a: readonly number[], b: readonly number[]): ShapeDraft {
  return (seed) => {
    const draw = drawing(seed);
    return {
      layer: 'dot',
      config,
      weights: [],
      inputs: [draw(a), draw(b)],
      note: `inputs ${shapesOf([a, b])}`,
      seed,
      forward: (_, [one, other]) => dot(config, [], [one, other]),
    };
  };
}

function softened(config: SoftmaxConfig, maskShape?: readonly number[]): ShapeDraft {
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

const mergeNames: readonly MergeName[] = ['add', 'subtract', 'multiply', 'average', 'maximum', 'minimum'];
const shape = [2, 4, 3];

export const shapeCases: readonly ShapeDraft[] = [
  ...mergeNames.flatMap((name) => [
    merged(name, shape, shape),
    ...(name === 'subtract' ? [] : [merged(name, shape, shape, shape)]),
    // Broadcast: a step, a feature, and a vector to each step.
    merged(name, shape, [2, 1, 3]),
    merged(name, [2, 4, 1], [2, 1, 3]),
    merged(name, [2, 3], shape),
  ]),

  concatenated({}, shape, [2, 4, 1], [2, 4, 2]),
  concatenated({ axis: 1 }, shape, [2, 2, 3]),
  concatenated({ axis: 2 }, [2, 0, 3], [2, 0, 1]),
  concatenated({ axis: -2 }, [2, 2, 3, 2], [2, 2, 1, 2]),

  dotted({ axes: 1 }, [3, 4], [3, 4]),
  dotted({ axes: -1 }, [2, 4, 3], [2, 5, 3]),
  dotted({ axes: 1 }, [2, 4, 3], [2, 4, 2]),
  dotted({ axes: [2, 1] }, [2, 4, 3], [2, 3, 5]),
  dotted({ axes: [1, 2] }, [2, 3], [2, 4, 3]),
  dotted({ axes: [2, 1] }, [2, 4, 3], [2, 3]),
  dotted({ axes: -1, normalize: true }, [2, 4, 3], [2, 5, 3]),
  dotted({ axes: 1, normalize: true }, [3, 4], [3, 4]),

  caseOf('flatten', flatten, {}, shape),
  caseOf('flatten', flatten, {}, [3, 2]),
  caseOf('reshape', reshape, { targetShape: [6, 2] }, shape),
  caseOf('reshape', reshape, { targetShape: [2, -1, 3] }, shape),
  caseOf('permute', permute, { dims: [2, 1] }, shape),
  caseOf('permute', permute, { dims: [3, 1, 2] }, [2, 3, 4, 2]),

  ...inputActivationNames.map((name) => caseOf('activation', activation, { activation: name }, shape)),
  ...inputActivationNames.map((name) => caseOf('dense', dense, { units: 5, activation: name }, [4, 3], [[3, 5], [5]])),
  ...[{}, { negativeSlope: 0.1 }].map((config) => caseOf('leakyReLU', leakyReLU, config, shape)),
  ...[{}, { alpha: 0.5 }].map((config) => caseOf('elu', elu, config, shape)),
  caseOf('prelu', prelu, {}, shape, [[4, 3]]),
  caseOf('prelu', prelu, { sharedAxes: [1] }, shape, [[1, 3]]),
  caseOf('prelu', prelu, { sharedAxes: [1, 2] }, shape, [[1, 1]]),
  caseOf('prelu', prelu, {}, [3, 5], [[5]]),

  softened({}),
  softened({ axis: 1 }),
  softened({}, [2, 4, 3]),
  softened({ axis: 1 }, [2, 4, 1]),
  softened({ axis: 1 }, [2, 1, 3]),
];
