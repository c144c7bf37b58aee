import type { Graph } from '../graph/graph.js';
import type { SymbolicTensor } from '../graph/layer.js';
import { sourcesOf } from '../graph/sources.js';
import { isTensorObject } from '../tensors/tensor.js';

/** The inputs of a graph that some of its outputs need, in their order. */
export function neededInputs({ inputs }: Graph, outputs: readonly SymbolicTensor[]): SymbolicTensor[] {
  const needed = sourcesOf(outputs, (tensor) => inputs.includes(tensor));
  return inputs.filter((tensor) => needed.has(tensor));
}

/** Of what may be given for all inputs of a graph, what is for those that are needed; given for these alone, it stays as it is. */
export function givenForNeeded(
  given: unknown,
  all: readonly SymbolicTensor[],
  needed: readonly SymbolicTensor[],
): unknown {
  if (all.length === needed.length || typeof given !== 'object' || given === null) return given;
  if (Array.isArray(given)) {
    if (!isListOfAll(given, all, needed)) return given;
    const values: unknown[] = needed.map((symbolic) => given[all.indexOf(symbolic)] as unknown);
    return values.length === 1 ? values[0] : values;
  }
  if (ArrayBuffer.isView(given) || isTensorObject(given)) return given;
  const others = new Set(all.filter((symbolic) => !needed.includes(symbolic)).map(({ node }) => node.layer.title));
  return Object.fromEntries(Object.entries(given).filter(([name]) => !others.has(name)));
}

/** Where one input is needed, an array may be its rows: then what stands in its place is of a lower rank. */
function isListOfAll(
  given: readonly unknown[],
  all: readonly SymbolicTensor[],
  needed: readonly SymbolicTensor[],
): boolean {
  const [first, ...others] = needed;
  if (given.length !== all.length || first === undefined) return false;
  const own = given[all.indexOf(first)];
  return others.length > 0 || isTensorObject(own) || depthOf(own) === first.shape.length;
}

function depthOf(nested: unknown): number {
  let depth = 0;
  for (let level = nested; Array.isArray(level) || ArrayBuffer.isView(level); level = (level as unknown[])[0]) depth++;
  return depth;
}
