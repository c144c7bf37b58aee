import { known } from '../plan/known.js';
import { historyHeader, type ArgumentsOf, type KernelName, type Plan, type PlanTensor } from '../plan/plan.js';
import { add, multiply, quad, type Size } from '../plan/size.js';
import type { ForwardContext } from './context.js';
import type { Layer, Node, SymbolicTensor } from './layer.js';
import { isPushed, type StepCounter } from './step-counter.js';
import { leadingAxes, viewAs, type View } from './view.js';

/**
 * What a plan is for. `stream`: the input comes in chunks, every layer carries its state. `train` and `gradients`: backward
 * steps will follow; only `train` drops values at random. `evaluate` and `train`: losses read the outputs' masks.
 */
export type Purpose = 'predict' | 'stream' | 'evaluate' | 'train' | 'gradients';

/** Histories that several calls read: by what is appended to them, and how many steps they keep. */
export type SharedHistories = Map<PlanTensor, ReadonlyMap<number, PlanTensor>>;

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
  readonly #isStateful: boolean;
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
    // In a stream, what is made of each push's values begins anew.
    this.#isStateful = purpose !== 'stream' && node.layer.definition.isStateful?.(node.layer.config) === true;
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
    if (!this.streaming && !this.#isStateful) return null;
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
