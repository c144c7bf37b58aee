import type { Graph } from '../graph/graph.js';
import type { SymbolicTensor } from '../graph/layer.js';
import type { Workspace } from '../plan/workspace.js';

/** Takes words of 32 bits into a hash of four (assembly/hash.ts), in the module: the same everywhere, and fast. */
export function hashWords(workspace: Workspace, parts: Iterable<Uint32Array>): Uint32Array {
  const lengths = [...parts];
  const longest = lengths.reduce((most, { length }) => Math.max(most, length), 0);
  const state = workspace.scratch(16 + 4 * longest);
  const { kernels } = workspace;
  kernels.zero(state, 16);
  for (const part of lengths) {
    new Uint32Array(kernels.memory.buffer).set(part, state / 4 + 4);
    kernels.hash(state + 16, part.length, state);
  }
  return new Uint32Array(kernels.memory.buffer).slice(state / 4, state / 4 + 4);
}

/**
 * What a state belongs to: the calls of the layers with the options that the arithmetic depends on, and all weights. Names of layers
 * and what only training reads do not count, nor does the build of the kernels.
 */
export function fingerprint(graph: Graph, workspace: Workspace): Uint32Array {
  const weights = graph.leaves.flatMap(({ weights: own }) => own.get());
  const text = topologyOf(graph);
  const letters = Uint32Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
  const values = weights.map((value) => new Uint32Array(value.buffer, value.byteOffset, value.length));
  return hashWords(workspace, [letters, ...values]);
}

/** The calls, one a line: class, options, and which tensors it is called with. */
function topologyOf({ inputs, nodes, outputs }: Graph): string {
  const numbers = new Map<SymbolicTensor, number>();
  const numberOf = (tensor: SymbolicTensor | undefined): number | undefined => tensor && numbers.get(tensor);
  const define = (tensor: SymbolicTensor): unknown => numbers.set(tensor, numbers.size);
  const lines = inputs.map((tensor) => {
    define(tensor);
    return JSON.stringify(tensor.shape);
  });
  for (const { layer, given, inside, outputs: results, computedMask } of nodes) {
    if (inside !== null) {
      // What layers are grouped in computes nothing.
      results.forEach((tensor, i) => numbers.set(tensor, numberOf(inside[i]) ?? -1));
      continue;
    }
    lines.push(JSON.stringify([layer.definition.className, optionsOf(layer.config), given.map(numberOf)]));
    results.forEach(define);
    if (computedMask !== null) define(computedMask);
  }
  return [...lines, JSON.stringify(outputs.map(numberOf))].join('\n');
}

/** Options that are numbers, words or flags, or lists of them, by name; not those for training. */
function optionsOf(config: unknown): [string, unknown][] {
  const isPlain = (value: unknown): boolean =>
    Array.isArray(value) ? value.every(isPlain) : ['number', 'string', 'boolean'].includes(typeof value);
  return Object.entries(config as object)
    .filter(([name, value]) => isPlain(value) && !/Initializer$|Regularizer$|Constraint$/.test(name))
    .sort(([a], [b]) => (a < b ? -1 : 1));
}
