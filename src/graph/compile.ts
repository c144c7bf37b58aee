import { numbered } from './numbered.js';
import { known } from '../plan/known.js';
import { Plan, type PlanTensor } from '../plan/plan.js';
import { multiply, type Size } from '../plan/size.js';
import type { Room } from './context.js';
import { emitInput } from './ends.js';
import type { Graph } from './graph.js';
import type { Layer, Node, SymbolicTensor } from './layer.js';
import { NodeContext, type Purpose, type SharedHistories } from './node-context.js';
import { isPushed, StepCounter } from './step-counter.js';
import { innerAxes, leadingAxes } from './view.js';
import { sizeOf } from '../tensors/tensor.js';

/** One call of a layer, compiled: its context is what its backward steps work on. */
export interface CompiledNode {
  readonly node: Node;
  readonly context: NodeContext;
}

/** The forward part of a plan: dense staging blocks for what users hand in, then every layer's steps. */
export interface CompiledGraph {
  readonly plan: Plan;
  /** Where the user's numbers go, by model input. */
  readonly staging: ReadonlyMap<SymbolicTensor, PlanTensor>;
  /** Of a stream: where what is the same at every push is kept, among the states. */
  readonly held: ReadonlyMap<SymbolicTensor, PlanTensor>;
  readonly nodes: readonly CompiledNode[];
  /** The tensor that holds a symbolic tensor's values; layers that change nothing share their input's. */
  tensorOf(symbolic: SymbolicTensor): PlanTensor;
  /** Its steps in a run. */
  stepsOf(symbolic: SymbolicTensor): Size | null;
  /** The symbolic tensor whose values these are, behind layers that change nothing. */
  resolve(symbolic: SymbolicTensor): SymbolicTensor;
}

/** Emits a call's forward steps. */
export type Forward = (context: NodeContext, config: unknown) => void;

/**
 * Compiles a graph's forward pass into a new plan.
 * @param forwardOf the forward steps of layers that have others than their definition's for this purpose
 */
export function compileGraph(
  graph: Graph,
  purpose: Purpose,
  forwardOf: (layer: Layer) => Forward | undefined = () => undefined,
): CompiledGraph {
  const random = purpose === 'train';
  const plan = new Plan();
  const resolve = (symbolic: SymbolicTensor): SymbolicTensor => resolveIdentity(graph, symbolic, random);
  const read = readTensors(graph, resolve, random, purpose === 'evaluate' || purpose === 'train');
  const isStream = purpose === 'stream';
  const room = roomAround(graph, resolve, isStream);
  const tensors = new Map<SymbolicTensor, PlanTensor>();
  const steps = new StepCounter(graph, isStream);

  const create = (symbolic: SymbolicTensor, name: string): PlanTensor => {
    const sequences = steps.batchOf(symbolic);
    const { head = 0, tail = 0 } = room.get(symbolic) ?? {};
    const leading = leadingAxes(symbolic.shape, steps.of(symbolic), sequences);
    const tensor = symbolic.isDense
      ? plan.dense(name, leading)
      : plan.rows(name, leading, symbolic.features, {
          head: multiply(head, sequences),
          tail: multiply(tail, sequences),
        });
    tensors.set(symbolic, tensor);
    return tensor;
  };
  const zeroRoom = (symbolic: SymbolicTensor, owner: string): void => {
    const tensor = tensors.get(symbolic);
    if (tensor === undefined) return;
    const { bytes, headBytes, tailBytes } = tensor;
    if (headBytes !== 0) plan.emit(owner, 'zero', { tensor, offset: multiply(-1, headBytes) }, headBytes);
    if (tailBytes !== 0) plan.emit(owner, 'zero', { tensor, offset: bytes }, tailBytes);
  };
  const tensorOf = (symbolic: SymbolicTensor): PlanTensor => {
    return known(tensors.get(resolve(symbolic)), symbolic.node.layer.title);
  };

  const staging = new Map<SymbolicTensor, PlanTensor>();
  for (const symbolic of graph.inputs) {
    staging.set(symbolic, emitInput(plan, symbolic, create(symbolic, symbolic.node.layer.title)));
    zeroRoom(symbolic, symbolic.node.layer.title);
  }

  const held = new Map<SymbolicTensor, PlanTensor>();
  for (const symbolic of purpose === 'stream' ? heldTensors(graph, resolve) : []) {
    const { title } = symbolic.node.layer;
    const tensor = create(symbolic, title);
    const rows = sizeOf(innerAxes(symbolic.shape));
    const rowBytes = symbolic.isDense ? 4 : tensor.rowBytes;
    const sequence = { kept: null, rows, features: symbolic.features, rowBytes };
    const state = plan.state(`${title} (held)`, tensor.shape, tensor.bytes, 0, sequence);
    plan.emit(title, 'copy', tensor, state, tensor.bytes);
    zeroRoom(symbolic, title);
    held.set(symbolic, state);
  }

  const titles = numbered(graph.nodes, titleOf);
  const shared: SharedHistories = new Map();
  const nodes = graph.nodes
    .filter((node) => !isIdentity(node, random))
    .map((node) => {
      const title = titles.get(node) ?? '';
      const made = (symbolic: SymbolicTensor | null, name: string): PlanTensor | null =>
        symbolic !== null && read.has(symbolic) ? create(symbolic, name) : null;
      const outputs = node.outputs.map((output, i) => made(output, i === 0 ? title : `${title}/${i}`));
      const computedMask = made(node.computedMask, `${title}/mask`);
      const context = new NodeContext(plan, node, title, purpose, steps, tensorOf, outputs, computedMask, shared);
      const { definition, config } = node.layer;
      definition.checkWeights?.(config, node.layer.weights, title);
      const forward = forwardOf(node.layer);
      if (forward === undefined) definition.forward?.(context, config);
      else forward(context, config);
      for (const output of node.outputs) zeroRoom(output, title);
      return { node, context };
    });
  return { plan, staging, held, nodes, tensorOf, resolve, stepsOf: (symbolic) => steps.of(symbolic) };
}

function isIdentity({ layer, inputs, inside }: Node, random: boolean): boolean {
  const [input] = inputs;
  if (input === undefined) return false;
  return inside !== null || layer.definition.isIdentity?.(layer.config, random, input) === true;
}

/** Goes back through calls that change nothing, and into composites, up to the model's inputs. */
function resolveIdentity(graph: Graph, symbolic: SymbolicTensor, random: boolean): SymbolicTensor {
  let found = symbolic;
  for (;;) {
    const { node, index } = found;
    const source = node.inside === null ? node.inputs[0] : node.inside[index];
    if (source === undefined || graph.inputs.includes(found) || !isIdentity(node, random)) return found;
    found = source;
  }
}

/** The tensors that some call, or the model's user, reads. */
function readTensors(
  graph: Graph,
  resolve: (symbolic: SymbolicTensor) => SymbolicTensor,
  random: boolean,
  masks: boolean,
): Set<SymbolicTensor> {
  const read = new Set(graph.outputs.map(resolve));
  if (masks) for (const output of graph.outputs) if (output.mask !== null) read.add(resolve(output.mask));
  for (const node of graph.nodes) {
    if (!isIdentity(node, random)) for (const need of node.given) read.add(resolve(need));
  }
  return read;
}

/**
 * What the calls of a stream read that others than these make: it is the same at every push. Initial states are not among them:
 * a stream has them in its own.
 */
function heldTensors(graph: Graph, resolve: (symbolic: SymbolicTensor) => SymbolicTensor): Set<SymbolicTensor> {
  const held = new Set<SymbolicTensor>();
  for (const node of graph.nodes.filter((one) => !isIdentity(one, false))) {
    const [first] = node.inputs;
    const states = first !== undefined && isPushed(first) ? node.initialState : [];
    for (const need of node.given) {
      const source = resolve(need);
      const isMade = graph.nodes.includes(source.node) || graph.inputs.includes(source);
      if (!isMade && !states.includes(need)) held.add(source);
    }
  }
  return held;
}

/** What consumers want, the maximum over them. What comes in chunks needs none: its history is a state. */
function roomAround(
  graph: Graph,
  resolve: (symbolic: SymbolicTensor) => SymbolicTensor,
  isStream: boolean,
): Map<SymbolicTensor, Room> {
  const room = new Map<SymbolicTensor, Room>();
  for (const node of graph.nodes) {
    const { definition, config } = node.layer;
    const wanted = definition.room?.(config);
    const [input] = node.inputs;
    if (wanted === undefined || input === undefined || (isStream && isPushed(input))) continue;
    const source = resolve(input);
    const { head, tail } = room.get(source) ?? wanted;
    room.set(source, { head: Math.max(wanted.head, head), tail: Math.max(wanted.tail, tail) });
  }
  return room;
}

/** How explain, errors and random numbers call a call: inside a nested model by the model's name too. */
function titleOf({ layer, owner }: Node): string {
  return owner === null || layer.title.startsWith(owner.title) ? layer.title : `${owner.title}/${layer.title}`;
}
