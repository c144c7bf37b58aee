import type { Graph } from '../graph/graph.js';
import { namesOf } from '../graph/inputs.js';
import { sourcesOf } from '../graph/sources.js';
import { weightPaths } from '../graph/weight-paths.js';
import { Layer, type Node, type SymbolicTensor } from '../graph/layer.js';
import { refuse } from '../options/options.js';
import { known } from '../plan/known.js';
import { makers } from './load-makers.js';
import { trainingPrefix } from './load-model.js';
import type {
  CallDescription,
  GraphTopology,
  LayerDescription,
  NamedWeight,
  TensorReference,
  Topology,
} from './topology.js';

/**
 * A model's graph as plain data, as docs/formats.md has it and load-model.ts reads it.
 * @throws Error, naming the layer, for what no file can hold.
 */
export function topologyOf(name: string, graph: Graph): Topology {
  const topology = { name, ...new Description(graph.nodes, graph.leaves).model(graph) };
  const inner = innerCalls(graph);
  const isOwn = inner.some(({ layer }) => layer.parent?.definition.className === 'Custom');
  return isOwn ? { ...topology, inner: inner.map(({ layer }) => layer.name ?? '') } : topology;
}

/**
 * Calls the layers inside of composites as they were called when the file was written. A custom layer numbers what it makes in its calls
 * by all the calls that there ever were, in this model or not, and random numbers go by these names.
 */
export function nameInnerLayers(graph: Graph, { inner }: { readonly inner?: unknown }): void {
  if (inner === undefined) return;
  const calls = innerCalls(graph);
  const isFitting = Array.isArray(inner) && inner.length === calls.length;
  if (!isFitting || !inner.every((name): name is string => typeof name === 'string')) {
    return refuse('loadModel: topology: inner', `the names of ${calls.length} layers`, inner);
  }
  calls.forEach(({ layer }, i) => (layer.name = inner[i]));
}

function innerCalls({ nodes }: Graph): Node[] {
  return nodes.filter(({ owner }) => owner !== null);
}

/** What one call of a custom layer made, of layers without weights. */
export function graphOfCall(call: Node): GraphTopology {
  const nodes = new Set(Array.from(sourcesOf(call.outputs), ({ node }) => node));
  return new Description([...nodes], []).call(call, new Map());
}

/**
 * A model's weights, by path, in the order of `getWeights`.
 * @throws Error for a layer with a name that files keep for what training remembers.
 */
export function weightsOf({ leaves }: Graph): NamedWeight[] {
  const paths = weightPaths(leaves);
  const taken = [...paths.values()].find((path) => path.startsWith(trainingPrefix));
  if (taken !== undefined)
    throw new Error(`${taken}: no file can hold a layer whose name begins with "${trainingPrefix}"`);
  return leaves.flatMap(({ weights }) => {
    const values = weights.get();
    return weights.specs.map((spec, i): NamedWeight => {
      return { name: known(paths.get(spec), spec.name), shape: spec.shape, data: known(values[i], spec.name) };
    });
  });
}

/** Parts of a config that follow from options, or from the weights in the file. */
const notOptions: Readonly<Record<string, readonly string[]>> = { SeparableConv1D: ['parts'], Embedding: ['weights'] };

interface DescribedLayer {
  readonly kind: string;
  readonly options: Readonly<Record<string, unknown>>;
}

class Description {
  /** Every call, those inside of composites included. */
  readonly #nodes: readonly Node[];
  /** Every layer whose weights are saved. */
  readonly #leaves: readonly Layer[];
  /** The layers of models, in the order in which a reader makes them. */
  readonly #made: unknown[] = [];

  constructor(nodes: readonly Node[], leaves: readonly Layer[]) {
    this.#nodes = nodes;
    this.#leaves = leaves;
  }

  /** A model's graph, or that of a model inside of it. */
  model({ inputs, outputs }: Graph): GraphTopology {
    const names = namesOf(inputs);
    const described = inputs.map((tensor) => {
      this.#made.push(tensor);
      return inputDescription(tensor, known(names.get(tensor), 'an input'));
    });
    const taken = new Set(described.map(({ name }) => name));
    const nameOf = ({ name, title }: Layer): string => unique(name ?? title, taken);
    const own = (layer: Layer): DescribedLayer => {
      const index = this.#made.indexOf(layer);
      if (index >= 0) return { kind: 'shared', options: { index } };
      const layerAsData = this.#layer(layer);
      this.#made.push(layer);
      return layerAsData;
    };
    const ends = inputs.map((tensor, i) => [tensor, known(described[i]?.name, 'an input')] as const);
    const graph = describeCalls(new Map(ends), outputs, nameOf, own);
    return { ...graph, layers: [...described, ...graph.layers] };
  }

  /** A layer, with all of its options: what a later version takes by default does not matter then. */
  #layer(layer: Layer, name?: string): DescribedLayer {
    const { className } = layer.definition;
    const common = {
      ...(name !== undefined && { name }),
      ...(layer.batchInputShape !== undefined && { batchInputShape: layer.batchInputShape }),
      ...(layer.activityRegularizer !== undefined && {
        activityRegularizer: dataOf(layer.activityRegularizer, `${layer.title}: activityRegularizer`),
      }),
      ...(!layer.trainable && { trainable: false }),
    };
    if (className === 'Functional') return this.#innerModel(layer, common);
    if (className === 'Custom') return { kind: 'custom', options: { ...this.#custom(layer), ...common } };
    const config: Readonly<Record<string, unknown>> = { ...(layer.config as object) };
    const options: Record<string, unknown> = {};
    for (const [option, value] of Object.entries(config)) {
      if (value === undefined || notOptions[className]?.includes(option) === true) continue;
      const inner = value instanceof Layer ? (value as Layer) : undefined;
      options[option] =
        inner === undefined ? dataOf(value, `${layer.title}: ${option}`) : this.#layer(inner, innerName(inner, option));
    }
    return { kind: kindOf(layer), options: { ...options, ...common } };
  }

  #innerModel(layer: Layer, { name }: { readonly name?: string }): DescribedLayer {
    const graph = this.model(layer.config as Graph);
    // It is the flags of the layers inside that count; those say themselves what they are.
    const isFrozen = !layer.trainable && layer.leaves.every(({ trainable }) => !trainable);
    return { kind: 'model', options: { name, ...(isFrozen && { trainable: false }), ...graph } };
  }

  #custom(layer: Layer): object {
    const { layers: parts } = layer.config as { readonly layers: Readonly<Record<string, Layer>> };
    const described = new Map(Object.entries(parts).map(([name, part]) => [part, { name, ...this.#layer(part) }]));
    const own = new Set(Object.values(parts).flatMap(({ leaves }) => leaves));
    const stranger = layer.leaves.find(
      (leaf) => leaf.weightSpecs.length > 0 && this.#leaves.includes(leaf) && !own.has(leaf),
    );
    if (stranger !== undefined) {
      throw new Error(
        `${stranger.title}: a file can hold a layer with weights only among the custom layer's \`layers\``,
      );
    }
    const calls = this.#nodes.filter((node) => node.layer === layer);
    const { length } = this.#made;
    // What a call makes is made at each call, and is nobody else's.
    const graphs = calls.map((call) => {
      const graph = this.call(call, described);
      this.#made.length = length;
      return graph;
    });
    const [graph] = graphs;
    if (graph === undefined) throw new Error(`${layer.title}: no file can hold it, as the model never calls it`);
    if (new Set(graphs.map((one) => JSON.stringify(one))).size > 1) {
      throw new Error(`${layer.title}: no file can hold it, as its \`call\` makes something else at each call`);
    }
    const unused = [...described.values()].filter(({ name }) => graph.layers.every((one) => one.name !== name));
    return {
      parts: Object.keys(parts),
      graph: { ...graph, layers: [...graph.layers, ...unused.map((part) => ({ ...part, calls: [] }))] },
    };
  }

  /** What one call of a custom layer made. */
  call(
    { layer, inputs, inside }: Node,
    parts: ReadonlyMap<Layer, DescribedLayer & { readonly name: string }>,
  ): GraphTopology {
    const taken = new Set([...parts.values()].map(({ name }) => name));
    const ends = inputs.map((tensor, i) => [tensor, unique(`input_${i}`, taken)] as const);
    const nameOf = (helper: Layer): string =>
      parts.get(helper)?.name ?? unique(helper.isNamed ? (helper.name ?? '') : helper.baseName, taken);
    const own = (helper: Layer): DescribedLayer => {
      const part = parts.get(helper);
      if (part !== undefined) return { kind: part.kind, options: part.options };
      return this.#layer(helper, helper.isNamed ? helper.name : undefined);
    };
    return describeCalls(new Map(ends), known(inside, layer.title), nameOf, own);
  }
}

/** The layers between the given tensors and the outputs, with their calls. */
function describeCalls(
  given: ReadonlyMap<SymbolicTensor, string>,
  outputs: readonly SymbolicTensor[],
  nameOf: (layer: Layer) => string,
  describe: (layer: Layer) => DescribedLayer,
): GraphTopology {
  const calls = new Map<Layer, Node[]>();
  const nodes = callsBetween(given, outputs);
  for (const node of nodes) calls.set(node.layer, [...(calls.get(node.layer) ?? []), node]);
  const names = new Map([...calls.keys()].map((layer) => [layer, nameOf(layer)]));
  const referenceTo = (tensor: SymbolicTensor): TensorReference => {
    const { node, index } = tensor;
    const end = given.get(tensor);
    if (end !== undefined) return { layer: end, call: 0, output: 0 };
    return {
      layer: known(names.get(node.layer), node.layer.title),
      call: calls.get(node.layer)?.indexOf(node) ?? -1,
      output: index,
    };
  };
  const describeCall = (node: Node): CallDescription => {
    const { inputs, initialState } = node;
    const mask = givenMask(node);
    return {
      inputs: inputs.map(referenceTo),
      initialState: initialState.map(referenceTo),
      ...(mask !== null && { mask: referenceTo(carrierOf(mask, node, given, nodes)) }),
    };
  };
  const layers = [...calls].map(([layer, own]): LayerDescription => {
    const { kind, options } = describe(layer);
    return { kind, name: known(names.get(layer), layer.title), options, calls: own.map(describeCall) };
  });
  return { layers, inputs: [...given.keys()].map(referenceTo), outputs: outputs.map(referenceTo) };
}

/** The mask that a call was given, where it is not the one that comes with its input. */
function givenMask({ mask, inputs: [first] }: Node): SymbolicTensor | null {
  return mask === first?.mask ? null : mask;
}

/** A tensor that a reader can find and that is the mask, or carries it. */
function carrierOf(
  mask: SymbolicTensor,
  { layer }: Node,
  given: ReadonlyMap<SymbolicTensor, string>,
  nodes: readonly Node[],
): SymbolicTensor {
  const all = [...given.keys(), ...nodes.flatMap(({ outputs }) => outputs)];
  const carrier = all.find((tensor) => tensor === mask || tensor.mask === mask);
  if (carrier === undefined)
    throw new Error(`${layer.title}: its mask comes from outside of the model, so that no file can hold it`);
  return carrier;
}

/** The calls between tensors, as their user sees them: a composite's is one. Each after those whose outputs it takes. */
function callsBetween(given: ReadonlyMap<SymbolicTensor, string>, outputs: readonly SymbolicTensor[]): Node[] {
  const done = new Set<Node>();
  const nodes: Node[] = [];
  for (const output of outputs) {
    const open: { readonly node: Node; readonly needs: readonly SymbolicTensor[]; next: number }[] = [];
    const enter = (tensor: SymbolicTensor): void => {
      const { node } = tensor;
      if (given.has(tensor) || done.has(node)) return;
      done.add(node);
      const mask = givenMask(node);
      // One that is computed inside of a composite comes with what the composite gives.
      const isHere = mask?.node.owner === node.owner;
      open.push({
        node,
        needs: [...node.inputs, ...node.initialState, ...(mask !== null && isHere ? [mask] : [])],
        next: 0,
      });
    };
    enter(output);
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      const need = top.needs[top.next++];
      if (need !== undefined) enter(need);
      else nodes.push(known(open.pop(), 'a call').node);
    }
  }
  return nodes;
}

function inputDescription(tensor: SymbolicTensor, name: string): LayerDescription {
  const { shape, mask, node, isDense, dtype } = tensor;
  if (node.inputs.length === 0)
    return { kind: 'input', name, options: { ...(node.layer.config as object) }, calls: [] };
  // What the model takes in the middle of a graph.
  if (mask !== null) throw new Error(`${name}: no file can hold it as an input, as it comes with a mask`);
  const type = dtype === 'float32' && isDense ? 'int32' : dtype;
  return { kind: 'input', name, options: { batchShape: shape, dtype: type }, calls: [] };
}

/** A copy that JSON can write; arrays of numbers become plain ones. */
function dataOf(value: unknown, where: string): unknown {
  if (ArrayBuffer.isView(value)) return Array.from(value as Float32Array);
  if (Array.isArray(value)) return value.map((one) => dataOf(one, where));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, dataOf(one, `${where}: ${name}`)]));
  }
  if (typeof value === 'function') throw new Error(`${where}: a function, which no file can hold`);
  return value;
}

/** The function that makes it; kinds are spelt as the class names, but for capitals. */
function kindOf({ title, definition: { className } }: Layer): string {
  const kind = Object.keys(makers).find((name) => name.toLowerCase() === className.toLowerCase());
  if (kind === undefined) throw new Error(`${title}: a file cannot hold a ${className}`);
  return kind;
}

/** The name that the user gave a layer inside of another; Bidirectional puts the direction before it. */
function innerName({ name = '', definition }: Layer, option: string): string | undefined {
  const prefix = option === 'layer' ? 'forward_' : 'backward_';
  const own = name.startsWith(prefix) ? name.slice(prefix.length) : name;
  return own === '' || own === definition.baseName ? undefined : own;
}

/** A name that is not taken yet; it is then. */
function unique(name: string, taken: Set<string>): string {
  let free = name;
  for (let n = 1; taken.has(free); n++) free = `${name}_${n}`;
  taken.add(free);
  return free;
}
