import { known } from '../plan/known.js';
import { numbered } from './numbered.js';
import { Plan, type ArgumentsOf, type KernelName, type PlanTensor } from '../plan/plan.js';
import { batch, multiply, type Size } from '../plan/size.js';
import type { Graph } from './graph.js';
import type { ForwardContext } from './context.js';
import type { Layer, Node, SymbolicTensor } from './layer.js';

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
  readonly nodes: readonly CompiledNode[];
  /** The tensor that holds a symbolic tensor's values; layers that change nothing share their input's. */
  tensorOf(symbolic: SymbolicTensor): PlanTensor;
  /** The symbolic tensor whose values these are, behind layers that change nothing. */
  resolve(symbolic: SymbolicTensor): SymbolicTensor;
}

/** Axes before the features. */
export function leadingOf(tensor: SymbolicTensor): readonly Size[] {
  return tensor.time === null ? [batch] : [tensor.time, batch];
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
  const read = readTensors(graph, resolve, purpose === 'evaluate' || purpose === 'train');
  const head = purpose === 'stream' ? new Map<SymbolicTensor, number>() : headRoom(graph, resolve);
  const tensors = new Map<SymbolicTensor, PlanTensor>();

  const create = (symbolic: SymbolicTensor, name: string): PlanTensor => {
    const tensor =
      symbolic.dtype === 'bool'
        ? plan.dense(name, leadingOf(symbolic))
        : plan.rows(name, leadingOf(symbolic), symbolic.features, { head: multiply(head.get(symbolic) ?? 0, batch) });
    tensors.set(symbolic, tensor);
    return tensor;
  };
  const zeroHead = (symbolic: SymbolicTensor, owner: string): void => {
    const tensor = tensors.get(symbolic);
    if (tensor === undefined || tensor.headBytes === 0) return;
    plan.emit(owner, 'zero', { tensor, offset: multiply(-1, tensor.headBytes) }, tensor.headBytes);
  };
  const tensorOf = (symbolic: SymbolicTensor): PlanTensor => {
    return known(tensors.get(resolve(symbolic)), symbolic.node.layer.title);
  };

  const staging = new Map<SymbolicTensor, PlanTensor>();
  for (const symbolic of graph.inputs) {
    staging.set(symbolic, emitInput(plan, symbolic, create(symbolic, symbolic.node.layer.title)));
    zeroHead(symbolic, symbolic.node.layer.title);
  }

  const titles = numbered(graph.nodes, ({ layer }) => layer.title);
  const nodes = graph.nodes
    .filter((node) => !isIdentity(node, random))
    .map((node) => {
      const title = titles.get(node) ?? '';
      const made = (symbolic: SymbolicTensor | null, name: string): PlanTensor | null =>
        symbolic !== null && read.has(symbolic) ? create(symbolic, name) : null;
      const outputs = node.outputs.map((output, i) => made(output, i === 0 ? title : `${title}/${i}`));
      const computedMask = made(node.computedMask, `${title}/mask`);
      const context = new NodeContext(plan, node, title, purpose, tensorOf, outputs, computedMask);
      const { definition, config } = node.layer;
      const forward = forwardOf(node.layer);
      if (forward === undefined) definition.forward(context, config);
      else forward(context, config);
      for (const output of node.outputs) zeroHead(output, title);
      return { node, context };
    });
  return { plan, staging, nodes, tensorOf, resolve };
}

/**
 * Emits the way from a user's dense [B, T, F] to a time-major, padded tensor; returns the dense staging block.
 * @param role what the user's numbers are, for errors and explain().
 */
export function emitInput(plan: Plan, symbolic: SymbolicTensor, target: PlanTensor, role = 'given'): PlanTensor {
  const { title, steps, dense } = denseBlock(plan, symbolic, role);
  plan.given.add(dense);
  const isMask = symbolic.dtype === 'bool';
  const rows = isMask ? plan.rows(`${title} (rows)`, leadingOf(symbolic), 1) : target;
  plan.emit(title, 'importRows', dense, rows, batch, steps, symbolic.features);
  if (isMask) plan.emit(title, 'exportRows', rows, target, 1, multiply(steps, batch), 1);
  return dense;
}

/** Emits the way from a tensor of the plan to a dense [B, T, F] block that is there after the run. */
export function emitOutput(plan: Plan, symbolic: SymbolicTensor, source: PlanTensor): PlanTensor {
  const { title, steps, dense } = denseBlock(plan, symbolic, 'taken');
  plan.wanted.add(dense);
  plan.emit(title, 'exportRows', source, dense, batch, steps, symbolic.features);
  return dense;
}

function denseBlock(
  plan: Plan,
  { node, time, features }: SymbolicTensor,
  role: string,
): { readonly title: string; readonly steps: Size; readonly dense: PlanTensor } {
  const { title } = node.layer;
  const steps = time ?? 1;
  return { title, steps, dense: plan.dense(`${title} (${role})`, [batch, steps, features]) };
}

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
  readonly #node: Node;
  readonly #tensorOf: (symbolic: SymbolicTensor) => PlanTensor;
  readonly #outputs: readonly (PlanTensor | null)[];
  readonly #kept = new Map<string, PlanTensor>();

  constructor(
    plan: Plan,
    node: Node,
    title: string,
    purpose: Purpose,
    tensorOf: (symbolic: SymbolicTensor) => PlanTensor,
    outputs: readonly (PlanTensor | null)[],
    computedMask: PlanTensor | null,
  ) {
    this.plan = plan;
    this.#node = node;
    this.title = title;
    this.training = purpose === 'train' || purpose === 'gradients';
    this.streaming = purpose === 'stream';
    this.layer = node.layer;
    this.#tensorOf = tensorOf;
    this.#outputs = outputs;
    this.computedMask = computedMask;
  }

  get steps(): Size {
    return this.#input(0).time ?? 1;
  }

  get rows(): Size {
    return multiply(this.steps, batch);
  }

  get leading(): readonly Size[] {
    return leadingOf(this.#input(0));
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

  state(name: string, features: number): PlanTensor | null {
    const carries = this.streaming || this.layer.definition.isStateful?.(this.layer.config) === true;
    if (!carries) return null;
    const tensor = this.plan.rows(`${this.title}.${name}`, [batch], features, { region: 'state' });
    this.states.push(tensor);
    return tensor;
  }

  history(name: string, bytes: Size): PlanTensor {
    return this.plan.dense(`${this.title}.${name}`, [multiply(bytes, 0.25)], { region: 'state' });
  }

  emit<K extends KernelName>(kernel: K, ...args: ArgumentsOf<K>): void {
    this.plan.emit(this.title, kernel, ...args);
  }

  #input(index: number): SymbolicTensor {
    return known(this.#node.inputs[index], `${this.title}'s input ${index}`);
  }
}

function isIdentity(node: Node, random: boolean): boolean {
  return node.layer.definition.isIdentity?.(node.layer.config, random) === true;
}

/** Goes back through calls that change nothing, up to the model's inputs. */
function resolveIdentity(graph: Graph, symbolic: SymbolicTensor, random: boolean): SymbolicTensor {
  let found = symbolic;
  for (;;) {
    const [source] = found.node.inputs;
    if (source === undefined || graph.inputs.includes(found) || !isIdentity(found.node, random)) return found;
    found = source;
  }
}

/** The tensors that some call, or the model's user, reads. */
function readTensors(
  graph: Graph,
  resolve: (symbolic: SymbolicTensor) => SymbolicTensor,
  masks: boolean,
): Set<SymbolicTensor> {
  const read = new Set(graph.outputs.map(resolve));
  if (masks) for (const output of graph.outputs) if (output.mask !== null) read.add(resolve(output.mask));
  for (const node of graph.nodes) for (const need of node.needs) read.add(resolve(need));
  return read;
}

/** Steps of zeros that consumers want before a tensor's first row: the maximum over them. */
function headRoom(graph: Graph, resolve: (symbolic: SymbolicTensor) => SymbolicTensor): Map<SymbolicTensor, number> {
  const head = new Map<SymbolicTensor, number>();
  for (const node of graph.nodes) {
    const history = node.layer.time.history;
    const [input] = node.inputs;
    if (history === 0 || input === undefined) continue;
    const source = resolve(input);
    head.set(source, Math.max(history, head.get(source) ?? 0));
  }
  return head;
}
