import type { Layer } from './layer.js';
import { numbered } from './numbered.js';
import type { WeightSpec } from './weights.js';

/** layer/weight for each weight of a model. The layers of models inside have names of their own: where two are the same, numbered. */
export function weightPaths(leaves: readonly Layer[]): ReadonlyMap<WeightSpec, string> {
  const weights = leaves.flatMap(({ title, weights: { specs } }) =>
    specs.map((spec) => ({ spec, path: `${title}/${spec.name}` })),
  );
  return new Map(
    Array.from(
      numbered(weights, ({ path }) => path),
      ([{ spec }, path]) => [spec, path],
    ),
  );
}
