import { nameLayers, traceGraph, type Graph } from '../graph/graph.js';
import { Layer, SymbolicTensor, toLayer } from '../graph/layer.js';
import { printShape } from '../graph/shape.js';
import type { Initialize } from '../graph/weights.js';
import type { KernelBuild } from '../kernels/build.js';
import { input } from '../layers/input.js';
import { mismatch, refuse } from '../options/options.js';
import { Workspace } from '../plan/workspace.js';

/** Makes the first values of weights, in a workspace, from a seed. */
export type InitializeIn = (workspace: Workspace, seed: number) => Initialize;

/** What a model is made with, beside its graph. */
export interface Making {
  /** The kernels that the user asked for, and those of a new workspace if he did not. */
  readonly wanted?: KernelBuild | undefined;
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
  // Masks, and numbers of words, go in alone.
  const bare = outputs.find(({ isDense }) => isDense);
  if (bare !== undefined) mismatch(name, 'outputs with features', printShape(bare.shape, ['batch', 'time']));
  const graph = traceGraph(name, inputs, outputs);
  const { layers, leaves } = graph;
  const workspace = commonWorkspace(name, leaves, into) ?? new Workspace(making.wanted ?? making.kernels, name);
  if (making.wanted !== undefined && workspace.build !== making.wanted) {
    throw new Error(`${name}: kernels: others are in the workspace of "${workspace.owner}"`);
  }
  nameLayers(name, layers, workspace.names);
  const initialize = making.initialize?.(workspace, making.seed);
  const fresh = leaves.filter((layer) => layer.workspace === undefined);
  const built = new Set(leaves.filter((layer) => layer.workspace !== undefined).map(({ title }) => title));
  // All values first: where one cannot be made, no layer is built.
  const values = fresh.map(
    ({ title, weightSpecs, startValues }) =>
      startValues ?? (initialize && weightSpecs.map((spec) => initialize(spec, unlike(title, built)))),
  );
  fresh.forEach((layer, i) => {
    layer.build(workspace, values[i]);
  });
  return { name, graph, workspace };
}

/** A layer of a model inside may be called so too: under one name, both would get the same first values. */
function unlike(title: string, built: ReadonlySet<string>): string {
  let own = title;
  for (let n = 1; built.has(own); n++) own = `${title}@${n}`;
  return own;
}

/** Chains layers: the first one says its input shape. */
export function chain(
  name: string,
  given: readonly unknown[],
  into: Workspace | undefined,
): { inputs: SymbolicTensor[]; outputs: SymbolicTensor[] } {
  const layers = given.map(
    (layer, i) => toLayer(layer) ?? refuse(`${name}: layers[${i}]`, 'a layer (such as layers.lstm({ … }))', layer),
  );
  const leaves = layers.flatMap((layer) => layer.leaves);
  const elsewhere = commonWorkspace(name, leaves, into)?.names ?? new Set();
  return Layer.attempt(layers, () => callInTurn(name, layers, elsewhere));
}

function callInTurn(
  name: string,
  layers: readonly Layer[],
  elsewhere: Set<string>,
): { inputs: SymbolicTensor[]; outputs: SymbolicTensor[] } {
  const [first] = layers;
  if (first === undefined) mismatch(name, 'at least one layer', 'none');
  nameLayers(name, layers, elsewhere);
  const { batchInputShape } = first;
  if (batchInputShape === undefined) {
    throw new TypeError(`${name}: the first layer, ${first.title}, must say its inputShape, such as [null, 8]`);
  }
  const start = input({ batchShape: batchInputShape });
  let outputs: readonly SymbolicTensor[] = [start];
  for (const layer of layers) {
    if (outputs.length > 1) {
      const before = outputs[0]?.node.layer.title ?? '';
      throw new TypeError(`${name}: ${before} returns its states too: use functional`);
    }
    const [came = null, wanted] = [outputs[0]?.shape, layer.batchInputShape];
    if (layer !== first && wanted && came && printShape(wanted) !== printShape(came)) {
      mismatch(layer.title, `an input of its inputShape, ${printShape(wanted)}`, printShape(came));
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
    if (workspace === undefined || layer.weights.areNone) continue;
    if (found !== undefined && found !== workspace) {
      throw new Error(
        `${name}: ${title} has its weights in the workspace of "${workspace.owner}", others in the workspace of "${found.owner}"`,
      );
    }
    found = workspace;
  }
  return found;
}
