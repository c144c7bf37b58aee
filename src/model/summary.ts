import type { Graph } from '../graph/graph.js';
import type { Layer } from '../graph/layer.js';
import { type Shape, printShape } from '../graph/shape.js';
import { sizeOf } from '../graph/weights.js';

/** Layers, output shapes and parameters as a table. */
export function summarize(name: string, graph: Graph): string {
  const shapes = new Map<Layer, Shape>();
  for (const symbolic of graph.inputs) shapes.set(symbolic.node.layer, symbolic.shape);
  for (const node of graph.nodes) {
    const [output] = node.outputs;
    if (output !== undefined && !shapes.has(node.layer)) shapes.set(node.layer, output.shape);
  }
  const rows = graph.layers.map((layer) => [
    `${layer.title} (${layer.definition.className})`,
    printShape(shapes.get(layer) ?? []),
    grouped(parametersIn(layer.leaves)),
  ]);
  const header = ['Layer (type)', 'Output shape', 'Parameters'];
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (column === 2 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join('  ');
  const rule = '─'.repeat(widths.reduce((sum, width) => sum + width + 2, -2));
  const total = parametersIn(graph.leaves);
  return [
    `Model: "${name}"`,
    rule,
    line(header),
    rule,
    ...rows.map(line),
    rule,
    `Parameters in all: ${grouped(total)} (${grouped(4 * total)} bytes)`,
  ].join('\n');
}

/** Number of values in the layers' weights. */
export function parametersIn(layers: readonly Layer[]): number {
  return layers.reduce((sum, { weights }) => weights.specs.reduce((n, { shape }) => n + sizeOf(shape), sum), 0);
}

/** 1234567 → 1,234,567, the same everywhere (no locale). */
function grouped(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ',');
}
