import { nameLayers, traceGraph, type Graph } from '../graph/graph.js';
import { Layer, SymbolicTensor } from '../graph/layer.js';
import type { Initialize } from '../graph/weights.js';
import type { KernelBuild } from '../kernels/build.js';
import { input } from '../layers/input.js';
import { mismatch } from '../options/options.js';
import { Workspace } from '../plan/workspace.js';

/** Makes the first values of weights, in a workspace, from a seed. */
export type InitializeIn = (workspace: Workspace, seed: number) => Initialize;

/** What a model is made with, beside its graph. */
export interface Making {
  readonly kernels: KernelBuild;
  /** Undefined where nothing can: the weights are zeros until they are set. */
  readonly initialize: InitializeIn | undefined;
  readonly seed: number;
}

/** A graph whose layers have names and weights in one workspace. */
export interface Assembled {
  readonly name: string;
  readonly graph: Graph;
  readonly workspace: Workspace;
}

/** Traces a graph, names its layers, finds or makes the workspace, and gives weights to the layers that have none. */
export function assemble(
  name: string,
  inputs: readonly SymbolicTensor[],
  outputs: readonly SymbolicTensor[],
  making: Making,
  into?: Workspace,
): Assembled {
  const graph = traceGraph(name, inputs, outputs);
  const layers = graph.layers;
  const workspace = commonWorkspace(name, layers, into) ?? new Workspace(making.kernels, name);
  nameLayers(name, layers);
  const initialize = making.initialize?.(workspace, making.seed);
  const fresh = layers.filter((layer) => layer.workspace === undefined);
  // All values first: where one cannot be made, no layer is built.
  const values = fresh.map(
    ({ title, weightSpecs }) => initialize && weightSpecs.map((spec) => initialize(spec, title)),
  );
  fresh.forEach((layer, i) => {
    layer.build(workspace, values[i]);
  });
  return { name, graph, workspace };
}

/** Chains layers: the first one says its input shape. */
export function chain(name: string, layers: readonly Layer[]): { inputs: SymbolicTensor[]; outputs: SymbolicTensor[] } {
  const [first] = layers;
  if (first === undefined) mismatch(name, 'at least one layer', 'none');
  if (!layers.every((layer): layer is Layer => layer instanceof Layer)) {
    mismatch(name, 'layers (such as layers.lstm({ … }))', 'something else');
  }
  commonWorkspace(name, layers, undefined);
  nameLayers(name, layers);
  const { batchInputShape } = first;
  if (batchInputShape === undefined) {
    throw new TypeError(
      `${name}: the first layer, ${first.title}, must say its inputShape, such as [null, 8] for [time, features]`,
    );
  }
  const start = input({ batchShape: batchInputShape });
  let outputs: readonly SymbolicTensor[] = [start];
  for (const layer of layers) {
    if (outputs.length > 1) {
      const before = outputs[0]?.node.layer.title ?? '';
      throw new TypeError(
        `${name}: ${before} returns its states too, which a sequential model cannot pass on; use functional`,
      );
    }
    outputs = layer.call(outputs).outputs;
  }
  return { inputs: [start], outputs: [...outputs] };
}

/** Checks the lists of `functional`. */
export function checkEnds(name: string, which: 'inputs' | 'outputs', tensors: unknown): SymbolicTensor[] {
  const list: unknown[] = Array.isArray(tensors) ? tensors : [tensors];
  if (list.length === 0 || !list.every((tensor): tensor is SymbolicTensor => tensor instanceof SymbolicTensor)) {
    throw new TypeError(`${name}: expected ${which} to be symbolic tensors (from input() or layer.apply())`);
  }
  if (new Set(list).size !== list.length) throw new TypeError(`${name}: a tensor stands twice among the ${which}`);
  return list;
}

function commonWorkspace(name: string, layers: readonly Layer[], into: Workspace | undefined): Workspace | undefined {
  let found = into;
  for (const layer of layers) {
    const { workspace, title } = layer;
    // Inputs, activations and the like have nothing in a workspace: they go with any.
    if (workspace === undefined || layer.weights.specs.length === 0) continue;
    if (found !== undefined && found !== workspace) {
      throw new Error(
        `${name}: ${title} has its weights in the workspace of "${workspace.owner}", other layers theirs in that of "${found.owner}"; one model needs one workspace`,
      );
    }
    found = workspace;
  }
  return found;
}
