import type { Graph } from '../graph/graph.js';
import type { Layer, Node } from '../graph/layer.js';
import { printShape } from '../graph/shape.js';
import type { WeightSpec } from '../graph/weights.js';
import { sizeOf } from '../tensors/tensor.js';

/**
 * Layers, output shapes and parameters as a table, as Keras prints it: of a graph that is no chain also what each layer
 * takes, and below how many parameters training changes.
 */
export function summarize(name: string, graph: Graph): string {
  const calls = callsByLayer(graph);
  const isChain = graph.layers.every((layer) => {
    const own = calls.get(layer) ?? [];
    return own.length <= 1 && own.every(({ inputs, initialState }) => inputs.length <= 1 && initialState.length === 0);
  });
  const rows = graph.layers.map((layer) => {
    const own = calls.get(layer) ?? [];
    const shapes = own.map(({ outputs }) => outputs.map(({ shape }) => printShape(shape)).join(', '));
    const sources = own.flatMap(({ inputs, initialState }) => [...inputs, ...initialState]).map(sourceOf);
    return [
      `${layer.title} (${layer.definition.className})`,
      shapes[0] ?? '',
      grouped(parametersIn(layer.leaves)),
      ...(isChain ? [] : [sources.join(', ') || '–']),
    ];
  });
  const header = ['Layer (type)', 'Output shape', 'Parameters', ...(isChain ? [] : ['Connected to'])];
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (column === 2 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  const rule = '─'.repeat(widths.reduce((sum, width) => sum + width + 2, -2));
  const trained = (layer: Layer, spec: WeightSpec): boolean => layer.isTrained && spec.trainable !== false;
  const total = parametersIn(graph.leaves);
  const trainable = parametersIn(graph.leaves, trained);
  const count = (label: string, parameters: number): string =>
    `${label}: ${grouped(parameters)} (${grouped(4 * parameters)} bytes)`;
  return [
    `Model: "${name}"`,
    rule,
    line(header),
    rule,
    ...rows.map(line),
    rule,
    count('Parameters in all', total),
    count('Trainable', trainable),
    count('Not trainable', total - trainable),
  ].join('\n');
}

/** The calls that the user's graph shows: those inside a composite are the composite's. */
function callsByLayer(graph: Graph): Map<Layer, Node[]> {
  const calls = new Map<Layer, Node[]>();
  const nodes = [...graph.inputs.map(({ node }) => node), ...graph.nodes].filter(({ owner }) => owner === null);
  for (const node of new Set(nodes)) calls.set(node.layer, [...(calls.get(node.layer) ?? []), node]);
  return calls;
}

/** A tensor by the layer that it comes from; of several outputs with its number. */
function sourceOf({ node, index }: Node['outputs'][number]): string {
  return index === 0 ? node.layer.title : `${node.layer.title}[${index}]`;
}

/** Number of values in the layers' weights, or in those that `counts` says. */
export function parametersIn(
  layers: readonly Layer[],
  counts: (layer: Layer, spec: WeightSpec) => boolean = () => true,
): number {
  const specs = layers.flatMap((layer) => layer.weights.specs.filter((spec) => counts(layer, spec)));
  return specs.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

/** 1234567 → 1,234,567, the same everywhere (no locale). */
function grouped(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ',');
}
