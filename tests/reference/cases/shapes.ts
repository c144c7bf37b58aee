/** Layers that merge and move values. */
import { concatenate, type ConcatenateConfig } from '../concatenate.js';
import { dot, type DotConfig } from '../dot.js';
import { flatten } from '../flatten.js';
import { merge, type MergeName } from '../merging.js';
import { permute, type PermuteConfig } from '../permute.js';
import { reshape, type ReshapeConfig } from '../reshape.js';
import { caseOf, drawing, type Case, type Draft } from './case.js';

export type ShapeCase =
  | Case<MergeName, object>
  | Case<'concatenate', ConcatenateConfig>
  | Case<'dot', DotConfig>
  | Case<'flatten', object>
  | Case<'reshape', ReshapeConfig>
  | Case<'permute', PermuteConfig>;

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
];
