import { known } from '../plan/known.js';
import { numbered } from './numbered.js';
import { historyHeader, Plan, type ArgumentsOf, type KernelName, type PlanTensor } from '../plan/plan.js';
import { add, batch, multiply, quad, type Size } from '../plan/size.js';
import { growth, valueBefore } from '../plan/growth.js';
import { axesBetween, copyArguments } from './copy.js';
import type { Graph } from './graph.js';
import type { ForwardContext, Room } from './context.js';
import type { Layer, Node, SymbolicTensor } from './layer.js';
import { innerAxes, leadingAxes, viewAs, type View } from './view.js';

/**
 * What a plan is for. `stream`: the input comes in chunks, every layer carries its state. `train` and `gradients`: backward
 * steps will follow; only `train` drops values at random. `evaluate` and `train`: losses read the outputs' masks.
 */
export type Purpose = 'predict' | 'stream' | 'evaluate' | 'train' | 'gradients';

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
    const rows = innerAxes(symbolic.shape).reduce((a, b) => a * b, 1);
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

/**
 * Emits the way from a user's dense [B, T, F] to a time-major, padded tensor; returns the dense staging block.
 * @param role what the user's numbers are, for errors and explain().
 */
export function emitInput(plan: Plan, symbolic: SymbolicTensor, target: PlanTensor, role = 'given'): PlanTensor {
  const { node, shape, time, isDense, features } = symbolic;
  const { title } = node.layer;
  const inner = innerAxes(shape);
  const steps = time ?? 1;
  const dense = plan.dense(`${title} (${role})`, [batch, steps, ...inner, features]);
  plan.given.add(dense);
  if (isDense) {
    const rows = plan.rows(`${title} (rows)`, [steps, batch], 1);
    plan.emit(title, 'importRows', dense, rows, batch, steps, 1);
    plan.emit(title, 'exportRows', rows, target, 1, multiply(steps, batch), 1);
  } else if (inner.length === 0) {
    plan.emit(title, 'importRows', dense, target, batch, steps, features);
  } else {
    const rows = plan.rows(`${title} (rows)`, [batch, steps, ...inner], features);
    plan.emit(title, 'importRows', dense, rows, [batch, steps, ...inner].reduce(multiply), 1, features);
    const { lengths, strides } = viewAs(shape, steps, batch);
    const axes = axesBetween(lengths, denseStrides(lengths, rows.rowBytes), strides);
    plan.emit(title, 'copyRows', ...copyArguments({ axes }, rows, target));
  }
  return dense;
}

/** Emits the way from a tensor of the plan to a dense [B, T, F] block that is there after the run. */
export function emitOutput(plan: Plan, symbolic: SymbolicTensor, source: PlanTensor, time = symbolic.time): PlanTensor {
  const { node, shape, features } = symbolic;
  const { title } = node.layer;
  const inner = innerAxes(shape);
  const dense = plan.dense(`${title} (taken)`, [batch, time ?? 1, ...inner, features]);
  plan.wanted.add(dense);
  if (inner.length === 0) {
    plan.emit(title, 'exportRows', source, dense, batch, time ?? 1, features);
  } else {
    const { lengths, strides } = viewAs(shape, time, batch);
    const axes = axesBetween(lengths, strides, denseStrides(lengths, 4 * features));
    plan.emit(title, 'copyRows', ...copyArguments({ axes }, source, dense));
  }
  return dense;
}

/** Strides of an array whose axes lie in their order, rows so many bytes apart. */
function denseStrides(lengths: readonly Size[], rowBytes: number): Size[] {
  const rows = lengths.slice(0, -1);
  return [...rows.map((_, i) => rows.slice(i + 1).reduce(multiply, rowBytes)), 4];
}

/** Histories that several calls read: by what is appended to them, and how many steps they keep. */
type SharedHistories = Map<PlanTensor, ReadonlyMap<number, PlanTensor>>;

/** What one call of a layer works on: its tensors by role. Forward and backward steps are emitted through it. */
export class NodeContext implements ForwardContext {
  readonly training: boolean;
  readonly streaming: boolean;
  readonly title: string;
  readonly computedMask: PlanTensor | null;
  readonly layer: Layer;
  readonly plan: Plan;
  /** The states that it carries from run to run, in the order of the layer's initial states. */
  readonly states: PlanTensor[] = [];
  /** Steps of its input that a stream keeps for it. */
  readonly histories: PlanTensor[] = [];
  readonly #node: Node;
  readonly #steps: StepCounter;
  readonly #tensorOf: (symbolic: SymbolicTensor) => PlanTensor;
  readonly #outputs: readonly (PlanTensor | null)[];
  readonly #kept = new Map<string, PlanTensor>();
  readonly #shared: SharedHistories;

  constructor(
    plan: Plan,
    node: Node,
    title: string,
    purpose: Purpose,
    steps: StepCounter,
    tensorOf: (symbolic: SymbolicTensor) => PlanTensor,
    outputs: readonly (PlanTensor | null)[],
    computedMask: PlanTensor | null,
    shared: SharedHistories,
  ) {
    this.plan = plan;
    this.#shared = shared;
    this.#node = node;
    this.#steps = steps;
    this.title = title;
    this.training = purpose === 'train' || purpose === 'gradients';
    // Along an axis inside of each step, the whole sequence is there.
    this.streaming = purpose === 'stream' && isPushed(this.#input(0));
    this.layer = node.layer;
    this.#tensorOf = tensorOf;
    this.#outputs = outputs;
    this.computedMask = computedMask;
  }

  get steps(): Size {
    return this.#steps.of(this.#input(0)) ?? 1;
  }

  get outputSteps(): Size {
    return this.#steps.of(known(this.#node.outputs[0], this.title)) ?? 1;
  }

  get inputMasks(): readonly (PlanTensor | null)[] {
    return this.#node.inputs.map(({ mask }) => mask && this.#tensorOf(mask));
  }

  get outputLeading(): readonly Size[] {
    const output = known(this.#node.outputs[0], this.title);
    return leadingAxes(output.shape, this.#steps.of(output), this.#steps.batchOf(output));
  }

  get stepsBefore(): Size {
    return this.#steps.before(this.#input(0));
  }

  get batch(): Size {
    return this.#steps.batchOf(this.#input(0));
  }

  get rows(): Size {
    return this.leading.reduce(multiply);
  }

  get leading(): readonly Size[] {
    const input = this.#input(0);
    return leadingAxes(input.shape, this.#steps.of(input), this.#steps.batchOf(input));
  }

  get inputs(): number {
    return this.#node.inputs.length;
  }

  viewOf(which: number | 'output'): View {
    const symbolic = which === 'output' ? known(this.#node.outputs[0], this.title) : this.#input(which);
    return viewAs(symbolic.shape, this.#steps.of(symbolic), this.#steps.batchOf(symbolic));
  }

  get mask(): PlanTensor | null {
    return this.#node.mask && this.#tensorOf(this.#node.mask);
  }

  input(index = 0): PlanTensor {
    return this.#tensorOf(this.#input(index));
  }

  features(index = 0): number {
    return this.#input(index).features;
  }

  initialState(index: number): PlanTensor | null {
    const symbolic = this.#node.initialState[index];
    return symbolic === undefined ? null : this.#tensorOf(symbolic);
  }

  output(index = 0): PlanTensor | null {
    return this.#outputs[index] ?? null;
  }

  result(): PlanTensor {
    return known(this.output(), `${this.title}'s output`);
  }

  weights(block: string, part = 0): number {
    return this.layer.weights.part(block, part).address;
  }

  vector(name: string): number {
    return this.layer.weights.vector(name);
  }

  scratch(name: string, leading: readonly Size[], features: number): PlanTensor {
    return this.keep(name, this.plan.rows(`${this.title}.${name}`, leading, features));
  }

  scratchMask(name: string): PlanTensor {
    return this.keep(name, this.plan.dense(`${this.title}.${name}`, this.leading));
  }

  keep(name: string, tensor: PlanTensor): PlanTensor {
    this.#kept.set(name, tensor);
    return tensor;
  }

  /** A tensor that the forward steps made under this name. */
  kept(name: string): PlanTensor {
    return known(this.#kept.get(name), `${this.title}.${name}`);
  }

  /** The same, where they may not have made one. */
  found(name: string): PlanTensor | undefined {
    return this.#kept.get(name);
  }

  state(name: string, features: number): PlanTensor | null {
    const carries = this.streaming || this.layer.definition.isStateful?.(this.layer.config) === true;
    if (!carries) return null;
    const rowBytes = 4 * quad(features);
    const sequence = { kept: null, rows: 1, features, rowBytes };
    const bytes = multiply(this.batch, rowBytes);
    const tensor = this.plan.state(`${this.title}.${name}`, [this.batch, features], bytes, rowBytes, sequence);
    this.states.push(tensor);
    return tensor;
  }

  sharedHistory(kept: number, capacity: number): { readonly tensor: PlanTensor; readonly isNew: boolean } {
    const x = this.input();
    const found = this.#shared.get(x)?.get(kept);
    const tensor = found ?? this.history(kept, capacity);
    if (found === undefined) this.#shared.set(x, new Map(this.#shared.get(x)).set(kept, tensor));
    else this.histories.push(found);
    return { tensor, isNew: found === undefined };
  }

  history(kept: number, capacity: number): PlanTensor {
    const [features, { rowBytes }] = [this.features(), this.input()];
    const bytes = add(historyHeader, multiply(capacity, multiply(this.batch, rowBytes)));
    const shape = [capacity, this.batch, features];
    const tensor = this.plan.state(`${this.title}.history`, shape, bytes, 0, { kept, rows: 1, features, rowBytes });
    this.histories.push(tensor);
    return tensor;
  }

  emit<K extends KernelName>(kernel: K, ...args: ArgumentsOf<K>): void {
    this.plan.emit(this.title, kernel, ...args);
  }

  #input(index: number): SymbolicTensor {
    return known(this.#node.inputs[index], `${this.title}'s input ${index}`);
  }
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
    if (!isIdentity(node, random)) for (const need of node.needs) read.add(resolve(need));
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

/** How many steps each tensor has in a run; in a stream, how many it gets with the steps that come in a run. */
class StepCounter {
  readonly #graph: Graph;
  readonly #isStream: boolean;
  readonly #emitted = new Map<SymbolicTensor, Size | null>();

  constructor(graph: Graph, isStream: boolean) {
    this.#graph = graph;
    this.#isStream = isStream;
  }

  of(symbolic: SymbolicTensor): Size | null {
    const { shape, time } = symbolic;
    // A length that the shape fixes needs no symbol, but in a stream, where it comes in pieces.
    const emitted = this.#isStream ? this.emitted(symbolic) : time && (shape[1] ?? time);
    return emitted !== null && this.#isStream && typeof emitted !== 'number' ? growth(emitted) : emitted;
  }

  /** In a stream: how many steps of it came before. */
  before(symbolic: SymbolicTensor): Size {
    const emitted = this.emitted(symbolic);
    return emitted === null ? 0 : valueBefore(emitted);
  }

  /** How many sequences lie side by side; where the steps of others became sequences, as many as these have in a run. */
  batchOf(symbolic: SymbolicTensor): Size {
    const { node, batch: sequences } = symbolic;
    if (!this.#isStream || sequences === batch) return sequences;
    const inputs = node.inside ?? node.inputs;
    const alike = inputs.find((input) => input.batch === sequences);
    if (alike !== undefined) return this.batchOf(alike);
    const folded = known(inputs[0], node.layer.title);
    return multiply(this.of(folded) ?? 1, this.batchOf(folded));
  }

  /** How many steps of a tensor a stream has given after so many steps of its input, an expression of these. */
  emitted(symbolic: SymbolicTensor): Size | null {
    const found = this.#emitted.get(symbolic);
    if (found !== undefined) return found;
    const { node, index, time } = symbolic;
    const input = node.inside === null ? timedInput(symbolic) : node.inside[index];
    const isGiven = input === undefined || this.#graph.inputs.includes(symbolic);
    // What is pushed comes in equal steps.
    let emitted = isGiven && time !== null ? (this.#graph.inputs.find((one) => one.time !== null)?.time ?? time) : time;
    if (!isGiven && time !== null && typeof time !== 'number') {
      const before = this.emitted(input) ?? 1;
      emitted = node.inside === null ? node.layer.stepsAfter(before) : before;
    }
    this.#emitted.set(symbolic, emitted);
    return emitted;
  }
}

/** The input whose steps an output's follow: the first one that has the same sequences, and any number of steps. */
function timedInput({ node, batch: sequences }: SymbolicTensor): SymbolicTensor | undefined {
  const isAlong = (input: SymbolicTensor): boolean => input.batch === sequences && typeof input.time === 'object';
  return node.inputs.find((input) => isAlong(input) && input.time !== null) ?? node.inputs[0];
}

/**
 * Whether a run of a stream has some steps of a sequence, those that were pushed. Of a step that is a sequence itself all is there,
 * and of what is made of a value without time.
 */
export function isPushed({ batch: sequences, time }: SymbolicTensor): boolean {
  return sequences === batch && typeof time === 'object' && time !== null;
}

/** How explain, errors and random numbers call a call: inside a nested model by the model's name too. */
function titleOf({ layer, owner }: Node): string {
  return owner === null || layer.title.startsWith(owner.title) ? layer.title : `${owner.title}/${layer.title}`;
}
