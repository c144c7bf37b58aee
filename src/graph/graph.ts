import type { Layer, Node, SymbolicTensor } from './layer.js';

/** The calls of layers between a model's inputs and outputs. */
export interface Graph {
  readonly inputs: readonly SymbolicTensor[];
  readonly outputs: readonly SymbolicTensor[];
  /** Every call that the outputs need, each after those that it needs itself; a composite after those that an output of it is made by. Inputs are no calls. */
  readonly nodes: readonly Node[];
  /** Each layer once, in Keras's order: by distance from the outputs, farthest first. Parts of composites are not listed. */
  readonly layers: readonly Layer[];
  /** The layers with weights and steps of their own, in the same order: composites stand as their parts. */
  readonly leaves: readonly Layer[];
}

/**
 * Walks from the outputs back to the inputs.
 * @throws Error when an output needs an input that is not among `inputs`, or an input is needed by none of the outputs.
 */
export function traceGraph(name: string, inputs: readonly SymbolicTensor[], outputs: readonly SymbolicTensor[]): Graph {
  const given = new Set<SymbolicTensor>(inputs);
  const calls = new Set<Node>();
  /** Calls, and of composites, where each output is made by calls of its own, outputs. */
  const done = new Set<unknown>();
  const used = new Set<SymbolicTensor>();

  /** Depth first, with a stack of its own: a graph may be thousands of layers deep. */
  function visit(output: SymbolicTensor): void {
    const open: { node: Node; needs: readonly SymbolicTensor[]; next: number }[] = [];
    const enter = (tensor: SymbolicTensor): void => {
      const { node } = tensor;
      const made = node.inside === null ? node : tensor;
      if (given.has(tensor)) {
        used.add(tensor);
      } else if (!done.has(made)) {
        if (node.inputs.length === 0) {
          throw new Error(`${name}: the outputs need the input "${node.layer.title}", which is not among its inputs`);
        }
        done.add(made);
        open.push({ node, needs: tensor.needs, next: 0 });
      }
    };
    enter(output);
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      const need = top.needs[top.next++];
      if (need !== undefined) {
        enter(need);
      } else {
        calls.add(top.node);
        open.pop();
      }
    }
  }

  for (const output of outputs) visit(output);
  for (const tensor of inputs) {
    if (!used.has(tensor)) throw new Error(`${name}: no output needs the input "${tensor.node.layer.title}"`);
  }
  const nodes = [...calls];
  const layers = kerasOrder(inputs, nodes);
  return { inputs, outputs, nodes, layers, leaves: [...new Set(layers.flatMap((layer) => layer.leaves))] };
}

/** Composites count as the one layer that they are to the user: what is inside them has no depth of its own. */
function kerasOrder(inputs: readonly SymbolicTensor[], nodes: readonly Node[]): Layer[] {
  const depths = new Map<Layer, number>();
  const deepen = (layer: Layer, depth: number): void => {
    depths.set(layer, Math.max(depth, depths.get(layer) ?? 0));
  };
  const calls = nodes.filter(({ owner }) => owner === null);
  const nodeDepths = new Map<Node, number>();
  for (const node of [...calls].reverse()) {
    const depth = nodeDepths.get(node) ?? 0;
    deepen(node.layer, depth);
    for (const need of node.given) {
      nodeDepths.set(need.node, Math.max(depth + 1, nodeDepths.get(need.node) ?? 0));
    }
  }
  for (const tensor of inputs) {
    if (tensor.node.inputs.length === 0) deepen(tensor.node.layer, nodeDepths.get(tensor.node) ?? 0);
  }
  const order = [...new Set([...inputs.map((t) => t.node.layer), ...calls.map((node) => node.layer)])];
  const known = order.filter((layer) => depths.has(layer));
  return known.sort((a, b) => (depths.get(b) ?? 0) - (depths.get(a) ?? 0));
}

/**
 * Names every layer that has none: its kind, then kind_1, kind_2 … as Keras does, counted in this graph alone. A layer of another
 * model keeps the name that it got there, unless two with one name meet.
 * @param elsewhere the names of such layers: one that must give way gets none of these
 */
export function nameLayers(model: string, layers: readonly Layer[], elsewhere: Set<string>): void {
  const taken = new Set<string>();
  const all = [...new Set(layers)];
  for (const { name, isNamed } of all) {
    if (name === undefined || !isNamed) continue;
    if (taken.has(name)) throw new Error(`${model}: two layers are called "${name}"; names must be unique in a model`);
    taken.add(name);
  }
  const others = all.filter(({ isNamed, name }) => {
    if (isNamed || name === undefined || taken.has(name)) return !isNamed;
    taken.add(name);
    return false;
  });
  for (const layer of others) {
    const { baseName } = layer;
    const isFree = (name: string): boolean => !taken.has(name) && (layer.name === undefined || !elsewhere.has(name));
    let name = baseName;
    for (let n = 1; !isFree(name); n++) name = `${baseName}_${n}`;
    layer.name = name;
    taken.add(name);
  }
  for (const name of taken) elsewhere.add(name);
}
